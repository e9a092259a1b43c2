"""Ink on paper: pen traces drawn as antialiased strokes whose width follows the pressure."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from training.synthesis.kinematics import Trace

#: Pixels of an image: (height, width, 3) uint8, RGB.
Pixels = npt.NDArray[np.uint8]
#: How much ink covers each pixel: (height, width) float32 in [0, 1].
Coverage = npt.NDArray[np.float32]
Colour = tuple[int, int, int]

BLUE: Colour = (28, 52, 140)
ROYAL: Colour = (44, 78, 190)
BLACK: Colour = (24, 24, 30)
WHITE: Colour = (255, 255, 255)
INKS: tuple[Colour, ...] = (BLUE, BLACK, ROYAL, (20, 30, 84), (50, 50, 56))
_SUPERSAMPLE = 4


@dataclass(frozen=True, slots=True)
class PenStrokes:
    """One act of writing: a trace for every pen-down movement, in the order of writing."""

    traces: tuple[Trace, ...]

    @property
    def bounds(self) -> tuple[float, float, float, float]:
        """Left, top, right and bottom of the pen's centre, in millimetres."""
        points = np.concatenate([trace[:, :2] for trace in self.traces])
        (left, top), (right, bottom) = points.min(axis=0), points.max(axis=0)
        return float(left), float(top), float(right), float(bottom)

    def placed(self, *, scale: float, x: float, y: float, angle: float = 0.0) -> PenStrokes:
        """The same strokes scaled, turned by `angle` radians about their origin and moved by (x, y)."""
        cos, sin = np.cos(angle) * scale, np.sin(angle) * scale
        turn = np.array([[cos, sin], [-sin, cos]])
        return PenStrokes(
            tuple(np.column_stack([trace[:, :2] @ turn + (x, y), trace[:, 2:]]) for trace in self.traces)
        )


def coverage(strokes: PenStrokes, *, shape: tuple[int, int], pen_width: float) -> Coverage:
    """Ink of strokes whose coordinates are pixels, on a canvas of (height, width); `pen_width` in pixels.

    Width and density follow the pressure column, as a ballpoint's do.
    """
    canvas = np.zeros((shape[0] * _SUPERSAMPLE, shape[1] * _SUPERSAMPLE), np.uint8)
    for trace in strokes.traces:
        _draw_trace(canvas, trace, pen_width)
    small = cv2.resize(canvas, (shape[1], shape[0]), interpolation=cv2.INTER_AREA)
    return (small.astype(np.float32)) / np.float32(255)


def _draw_trace(canvas: npt.NDArray[np.uint8], trace: Trace, pen_width: float) -> None:
    points = np.round(trace[:, :2] * (_SUPERSAMPLE * 16)).astype(int)
    widths = np.maximum(np.round(trace[:, 3] * pen_width * _SUPERSAMPLE), 1).astype(int)
    density = np.clip(150 + 105 * trace[:, 3], 0, 255).astype(int)
    if len(points) == 1:
        points, widths, density = points.repeat(2, 0), widths.repeat(2), density.repeat(2)
    for start, end, width, dark in zip(points[:-1], points[1:], widths[1:], density[1:], strict=True):
        cv2.line(canvas, start.tolist(), end.tolist(), int(dark), int(width), cv2.LINE_8, 4)


def stain(pixels: Pixels | npt.NDArray[np.float32], ink: Coverage, colour: Colour) -> None:
    """Lay ink on an image of the same size, in place; what is printed below stays visible through it.

    Levels of uint8 lose their fractions.
    """
    dyed = np.asarray(colour, np.float32) / 255
    shade = 1 - ink[..., None] * (1 - dyed)
    np.multiply(pixels, shade, out=pixels, casting="unsafe")


def draw_strokes(
    strokes: PenStrokes,
    *,
    width: int | None = None,
    height: int | None = None,
    scale: float = 8.0,
    pen_width: float = 0.5,
    ink: Colour = BLUE,
    paper: Colour = WHITE,
    margin: float = 2.0,
) -> Pixels:
    """A picture of the strokes alone: (height, width, 3) uint8, RGB.

    `scale` is pixels per millimetre (8 is about 200 dpi); `pen_width` and `margin` are in millimetres.
    With `width` and/or `height` in pixels the strokes are fitted into that size instead, aspect kept and
    centred, and the pen grows and shrinks with them.
    """
    left, top, right, bottom = strokes.bounds
    across, down = right - left + 2 * margin, bottom - top + 2 * margin
    fits = [wanted / size for wanted, size in ((width, across), (height, down)) if wanted is not None]
    scale = min(fits, default=scale)
    shape = (height or max(1, round(down * scale)), width or max(1, round(across * scale)))
    x = shape[1] / 2 - scale * (left + right) / 2
    y = shape[0] / 2 - scale * (top + bottom) / 2
    pixels = np.empty((*shape, 3), np.uint8)
    pixels[:] = paper
    stain(
        pixels, coverage(strokes.placed(scale=scale, x=x, y=y), shape=shape, pen_width=pen_width * scale), ink
    )
    return pixels

"""Recorded pen strokes: real hands to write on drawn pages and to lay onto scanned ones."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt

from training.common.pixels import cut_to_ink, scaled
from training.synthesis.ink import PenStrokes
from training.synthesis.kinematics import RATE
from worker.vision.values import Grey, Pixels

#: Strokes are drawn this many times larger and reduced, which gives them soft edges.
OVERSAMPLE = 4
#: A place is free for a signature when at most this share of its pixels is dark.
MAX_DARK = 0.06
#: Coverage up to which ink is too faint to count as part of a mark.
FAINT = 60


@dataclass(frozen=True, slots=True)
class StrokeBook:
    """Recorded signatures: points (x, y upwards), pen lifts, and where each one starts."""

    x: npt.NDArray[np.float64]
    y: npt.NDArray[np.float64]
    pen_down: npt.NDArray[np.bool_]
    offset: npt.NDArray[np.int64]

    @classmethod
    def recorded(cls, data: Path | None) -> StrokeBook | None:
        """The recorded hands in a data folder; None where it has none, or there is no folder."""
        if data is None or not (data / "verification" / "susig.npz").exists():
            return None
        return cls.load(data / "verification")

    @classmethod
    def load(cls, folder: Path) -> StrokeBook:
        """Read the genuine and forged signatures of SUSIG and SVC2004 (`susig.npz`, `svc2004.npz`)."""
        parts = []
        for name in ("susig.npz", "svc2004.npz"):
            with np.load(folder / name, allow_pickle=False) as stored:
                parts.append({key: stored[key] for key in ("x", "y", "pen_down", "offset")})
        starts = np.cumsum([0, *(len(part["x"]) for part in parts)])
        offsets = [part["offset"][:-1] + start for part, start in zip(parts, starts, strict=False)]
        return cls(
            x=np.concatenate([part["x"] for part in parts]).astype(np.float64),
            y=np.concatenate([part["y"] for part in parts]).astype(np.float64),
            pen_down=np.concatenate([part["pen_down"] for part in parts]).astype(bool),
            offset=np.concatenate([*offsets, starts[-1:]]).astype(np.int64),
        )

    def draw(self, index: int, *, width: int, pen: float) -> Grey:
        """One signature as a coverage mask (0 none, 255 full), cropped to its ink, about `width` wide."""
        first, last = self.offset[index], self.offset[index + 1]
        x, y, down = self.x[first:last], -self.y[first:last], self.pen_down[first:last]
        scale = width * OVERSAMPLE / max(float(np.ptp(x)), 1.0)
        margin = 2 * OVERSAMPLE
        points = np.stack([(x - x.min()) * scale + margin, (y - y.min()) * scale + margin], axis=1)
        shape = (int(points[:, 1].max()) + margin, int(points[:, 0].max()) + margin)
        canvas = np.zeros(shape, dtype=np.uint8)
        lifts = np.flatnonzero(~down) + 1
        lines = [part.round().astype(np.int32) for part in np.split(points, lifts) if len(part) > 1]
        cv2.polylines(canvas, lines, False, 255, max(1, round(pen * OVERSAMPLE)), cv2.LINE_AA)
        return scaled(canvas, 1 / OVERSAMPLE)

    def random(self, rng: np.random.Generator) -> Grey:
        """Some signature as coverage, at the width and with the pen of a signature on a scanned page."""
        width, pen = int(rng.uniform(150, 300)), float(rng.uniform(1.2, 3.6))
        drawn = self.draw(int(rng.integers(len(self.offset) - 1)), width=width, pen=pen)
        return cut_to_ink(drawn, above=FAINT)

    def signed(self, rng: np.random.Generator) -> PenStrokes:
        """Some signature as strokes in millimetres, 28 to 75 wide, around the start of its baseline."""
        first, last = self._some(rng)
        return self._strokes(first, last, width=float(rng.uniform(28, 75)), rng=rng)

    def begun(self, rng: np.random.Generator) -> PenStrokes:
        """The beginning of some signature, 6 to 16 millimetres wide: how people initial a page."""
        first, last = self._some(rng)
        end = first + max(12, int((last - first) * rng.uniform(0.1, 0.3)))
        return self._strokes(first, min(end, last), width=float(rng.uniform(6, 16)), rng=rng)

    def _some(self, rng: np.random.Generator) -> tuple[int, int]:
        index = int(rng.integers(len(self.offset) - 1))
        return int(self.offset[index]), int(self.offset[index + 1])

    def _strokes(self, first: int, last: int, *, width: float, rng: np.random.Generator) -> PenStrokes:
        x, y, down = self.x[first:last], -self.y[first:last], self.pen_down[first:last]
        scale = min(width / max(float(np.ptp(x)), 1e-6), 0.6 * width / max(float(np.ptp(y)), 1e-6))
        baseline = y.min() + 0.75 * np.ptp(y)
        time, pressure = np.arange(len(x)) / RATE, np.full(len(x), rng.uniform(0.6, 1.0))
        trace = np.column_stack([(x - x.min()) * scale, (y - baseline) * scale, time, pressure])
        lifts = np.flatnonzero(~down) + 1
        return PenStrokes(tuple(part for part in np.split(trace, lifts) if len(part) > 1) or (trace,))


def free_place(
    pixels: Pixels,
    shape: tuple[int, ...],
    rng: np.random.Generator,
    *,
    dark: float = MAX_DARK,
    tries: int = 25,
) -> tuple[int, int] | None:
    """The top-left corner of a place for a mask of that shape, at most that share of it dark, or None."""
    height, width = shape[0], shape[1]
    if not height or not width or height >= pixels.shape[0] or width >= pixels.shape[1]:
        return None
    for _ in range(tries):
        x = int(rng.integers(pixels.shape[1] - width))
        y = int(rng.integers(pixels.shape[0] - height))
        if (pixels[y : y + height, x : x + width, 1] < 128).mean() <= dark:
            return x, y
    return None

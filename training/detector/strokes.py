"""Signatures drawn from recorded pen strokes onto pages: new writers, new places, exact boxes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt

from worker.vision.values import Box, Grey, Pixels

#: Strokes are drawn this many times larger and reduced, which gives them soft edges.
OVERSAMPLE = 4
#: A place is free for a signature when at most this share of its pixels is dark.
MAX_DARK = 0.06


@dataclass(frozen=True, slots=True)
class StrokeBook:
    """Recorded signatures: points (x, y upwards), pen lifts, and where each one starts."""

    x: npt.NDArray[np.float64]
    y: npt.NDArray[np.float64]
    pen_down: npt.NDArray[np.bool_]
    offset: npt.NDArray[np.int64]

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
        small = cv2.resize(canvas, None, fx=1 / OVERSAMPLE, fy=1 / OVERSAMPLE, interpolation=cv2.INTER_AREA)
        return np.asarray(small, dtype=np.uint8)

    def sign(
        self, pixels: Pixels, boxes: Sequence[Box], rng: np.random.Generator
    ) -> tuple[Pixels, list[Box]]:
        """Draw one to three signatures on nearly empty places of a page; the boxes gain theirs.

        A page without room comes back unchanged.
        """
        signed, found = pixels.copy(), list(boxes)
        for _ in range(int(rng.integers(1, 4))):
            mask = self._some(pixels.shape[1], rng)
            place = _free_place(signed, mask.shape, rng)
            if place is not None:
                found.append(_ink(signed, mask, place, rng))
        return signed, found

    def _some(self, page_width: int, rng: np.random.Generator) -> Grey:
        """A random signature at a size that signatures have on a page of that width."""
        width = int(page_width * rng.uniform(0.12, 0.36))
        mask = self.draw(int(rng.integers(len(self.offset) - 1)), width=width, pen=rng.uniform(0.7, 2.2))
        tallest = int(page_width * 0.25)
        return mask if mask.shape[0] <= tallest else mask[:0]


def _free_place(
    pixels: Pixels, shape: tuple[int, ...], rng: np.random.Generator, tries: int = 25
) -> tuple[int, int] | None:
    """The top-left corner of a place light enough for a mask of that shape, or None."""
    height, width = shape[0], shape[1]
    if not height or not width or height >= pixels.shape[0] or width >= pixels.shape[1]:
        return None
    for _ in range(tries):
        x = int(rng.integers(pixels.shape[1] - width))
        y = int(rng.integers(pixels.shape[0] - height))
        if (pixels[y : y + height, x : x + width, 1] < 128).mean() <= MAX_DARK:
            return x, y
    return None


def _ink(pixels: Pixels, mask: Grey, place: tuple[int, int], rng: np.random.Generator) -> Box:
    """Blend the mask onto the page in a pen's colour; return the box of its ink."""
    x, y = place
    height, width = mask.shape
    colour = np.array([0, 0, 0] if rng.random() < 0.7 else [20, 30, rng.integers(90, 190)], dtype=np.float32)
    cover = (mask / 255.0)[..., None] * rng.uniform(0.75, 1.0)
    under = pixels[y : y + height, x : x + width]
    pixels[y : y + height, x : x + width] = (under * (1 - cover) + colour * cover).astype(np.uint8)
    rows, columns = np.flatnonzero(mask.max(axis=1) > 60), np.flatnonzero(mask.max(axis=0) > 60)
    if not rows.size or not columns.size:
        rows, columns = np.arange(height), np.arange(width)
    return Box(
        x=float(x + columns[0]),
        y=float(y + rows[0]),
        width=float(columns[-1] - columns[0] + 1),
        height=float(rows[-1] - rows[0] + 1),
    )

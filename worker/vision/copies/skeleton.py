"""The middle lines of a signature's strokes: from its ink, stored small, to be laid over another's."""

from __future__ import annotations

import zlib
from dataclasses import dataclass
from functools import cached_property
from itertools import product

import cv2
import numpy as np
import numpy.typing as npt

from worker.vision.copies.alignment import Points, rotation
from worker.vision.crops import fit
from worker.vision.values import Grey

#: The field that strokes are kept in, rows by columns: stored ones outlive the encoder and its field.
_HEIGHT, _WIDTH = 155, 220
#: Fewer pixels of middle line than this are too little to tell two acts of writing apart.
MIN_LINE = 120
#: Paper around the field, in pixels: where points may land that alignment carries out of it.
_MARGIN = 40

#: Turns (degrees) and scales against equal spread that alignment starts from.
_TURNS = (-5.0, 0.0, 5.0)
_SCALES = (0.7, 0.8, 0.9, 1.0, 1.12, 1.25, 1.4)
VARIANTS = tuple(product(_TURNS, _SCALES))
#: The ring on which outlines are correlated, and how many of its cells a signature's spread is.
ROWS, COLUMNS, SPREAD = 48, 96, 20.0


@dataclass(frozen=True, eq=False)
class Skeleton:
    """The middle lines of a signature, ready to be laid over another's."""

    #: The pixels of the middle lines.
    points: Points
    #: The median width of the strokes, in pixels.
    width: float

    @property
    def enough(self) -> bool:
        """Whether there is enough writing to tell a copy from another act."""
        return len(self.points) >= MIN_LINE

    @cached_property
    def middle(self) -> Points:
        """The middle line's centre of gravity."""
        return np.asarray(self.points.mean(axis=0))

    @cached_property
    def spread(self) -> float:
        """Root mean square distance from the centre of gravity."""
        return float(np.sqrt(self.points.var(axis=0).sum()))

    @cached_property
    def nearest(self) -> Points:
        """For every pixel of the field and its margin the nearest pixel of the middle lines: (h, w, 2)."""
        field = np.full((_HEIGHT + 2 * _MARGIN, _WIDTH + 2 * _MARGIN), 255, np.uint8)
        columns, rows = (self.points + _MARGIN).astype(np.intp).T
        field[rows, columns] = 0
        _, labels = cv2.distanceTransformWithLabels(
            field, cv2.DIST_L2, cv2.DIST_MASK_5, labelType=cv2.DIST_LABEL_PIXEL
        )
        places = np.zeros((int(labels.max()) + 1, 2))
        places[labels[rows, columns]] = self.points
        return np.asarray(places[labels])

    @cached_property
    def spectrum(self) -> npt.NDArray[np.complexfloating]:
        """The spectrum of the strokes as a blurred field about their centre, at a standard spread."""
        return np.asarray(np.fft.rfft2(self.field(0.0, 1.0)))

    @cached_property
    def spectra(self) -> npt.NDArray[np.complexfloating]:
        """The same in all the turns and scales that alignment starts from, conjugated."""
        return np.asarray(np.conj(np.fft.rfft2(self.fields)))

    @cached_property
    def fields(self) -> npt.NDArray[np.float32]:
        """The strokes in all the turns and scales that alignment starts from: (variants, rows, columns)."""
        return np.stack([self.field(turn, scale) for turn, scale in VARIANTS])

    def field(self, turn: float, scale: float) -> npt.NDArray[np.float32]:
        """The strokes in one turn (degrees) and scale about their centre: (rows, columns), of norm 1."""
        matrix = rotation(turn, scale * SPREAD / self.spread)
        field = np.zeros((ROWS, COLUMNS), np.float32)
        columns, rows = np.round((self.points - self.middle) @ matrix.T).astype(np.intp).T
        field[rows % ROWS, columns % COLUMNS] = 1.0
        blurred = cv2.GaussianBlur(field, (0, 0), 1.0, borderType=cv2.BORDER_REFLECT)
        return np.asarray(blurred / np.linalg.norm(blurred), np.float32)

    def distances(self, points: Points) -> tuple[Points, npt.NDArray[np.float64]]:
        """The nearest place on these middle lines for each point, and how far it is."""
        columns, rows = np.round(points + _MARGIN).astype(np.intp).T
        height, width = self.nearest.shape[:2]
        places = self.nearest[np.clip(rows, 0, height - 1), np.clip(columns, 0, width - 1)]
        return places, np.hypot(*(points - places).T)


def fingerprint(ink: Grey) -> bytes:
    """A signature's ink (255 on 0) as it is stored: fitted, one bit a pixel, deflated; about 600 bytes."""
    fitted = fit(ink, width=_WIDTH, height=_HEIGHT)
    return zlib.compress(np.packbits(fitted >= 0.5).tobytes(), 9)


def skeleton(data: bytes) -> Skeleton:
    """The middle lines of a stored fingerprint: ridges of the distance to paper."""
    bits = np.unpackbits(np.frombuffer(zlib.decompress(data), np.uint8), count=_HEIGHT * _WIDTH)
    ink = bits.reshape(_HEIGHT, _WIDTH)
    depth = cv2.distanceTransform(ink, cv2.DIST_L2, cv2.DIST_MASK_5)
    ridge = (ink > 0) & (depth >= cv2.dilate(depth, np.ones((3, 3), np.uint8)) - 1e-3)
    rows, columns = np.nonzero(ridge)
    width = 2 * float(np.median(depth[ridge])) if len(rows) else 0.0
    return Skeleton(np.stack([columns, rows], axis=1).astype(np.float64), width)

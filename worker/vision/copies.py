"""Copied signatures: the same ink twice, however it was scanned, printed, scaled or turned in between.

Two acts of writing, even of one hand, part somewhere by more than a stroke is wide; two pictures of one act
agree everywhere. So the middle lines of the strokes are laid over each other as well as they will go, and
what counts is the share of them that then lies within a tolerance of the other's. First guesses come from
cross-correlation over turns and scales, the fit from trimmed iterative closest points (Besl and McKay, 1992;
Chetverikov et al., 2002). Needs no training, knows no encoder.
"""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import product

import cv2
import numpy as np
import numpy.typing as npt

from worker.vision.crops import fit
from worker.vision.values import Grey

#: Points in pixels of the normalised signature: (n, 2) float64, x and y.
Points = npt.NDArray[np.float64]

#: The field that strokes are kept in, rows by columns: stored ones outlive the encoder and its field.
_HEIGHT, _WIDTH = 155, 220

#: A middle line agrees within this many pixels of the normalised signature (220 wide), or within this share
#: of a stroke's width where strokes are broad.
TOLERANCE, TOLERANCE_OF_STROKE = 1.5, 0.3
#: Fewer pixels of middle line than this are too little to tell two acts of writing apart.
MIN_LINE = 120

#: Turns (degrees) and scales against equal spread that alignment starts from.
_TURNS = (-5.0, 0.0, 5.0)
_SCALES = (0.7, 0.8, 0.9, 1.0, 1.12, 1.25, 1.4)
_VARIANTS = tuple(product(_TURNS, _SCALES))
#: How many of the best starts are followed, and the share that must agree by then to go on.
_FOLLOWED, _PROMISING = 2, 0.5
#: No copier or scanner scales more, or the two sides more differently (fax has 204 to 196 lines).
_MIN_SCALE, _MAX_SCALE, _MAX_STRETCH = 0.5, 2.0, 1.12
#: Share of points that a fit is made for; the others may be lines and print through one of the two.
_FITTED = 0.8
#: Steps of iterative closest points: first on every third point, then on all.
_STEPS, _THINNED = 8, 3
#: Paper around the field, in pixels: where points may land that alignment carries out of it.
_MARGIN = 40
#: The ring on which outlines are correlated, and how many of its cells a signature's spread is.
_ROWS, _COLUMNS, _SPREAD = 48, 96, 20.0
#: Starts that correlate less are followed by none.
_CORRELATED = 0.75
#: An outline has a third of the ring's rows and columns.
_OUTLINE = (16, 32)
#: The turns and scales that outlines are sought in, and shifts by so many of their cells.
_SOUGHT = tuple(i for i, (turn, scale) in enumerate(_VARIANTS) if 0.75 < scale < 1.3)
_SHIFTS = tuple(product((-1, 0, 1), repeat=2))

#: From this similarity two pictures show the same ink. Chosen on BHSig writers 101-120;
#: docs/accuracy.md has what came of it elsewhere.
SAME_INK = 0.9


@dataclass(frozen=True, slots=True)
class Likeness:
    """How well two pictures of signatures lie over each other, in [0, 1].

    `first` is the share of the first one's middle lines that the second one has too, `second` the reverse.
    """

    first: float
    second: float

    @property
    def similarity(self) -> float:
        """One figure; the better side counts double: a line through one of the two makes no other ink."""
        return (2 * max(self.first, self.second) + min(self.first, self.second)) / 3


NOTHING_ALIKE = Likeness(0.0, 0.0)


@dataclass(frozen=True, eq=False)
class Strokes:
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
        return np.asarray(np.fft.rfft2(self._field(0.0, 1.0)))

    @cached_property
    def spectra(self) -> npt.NDArray[np.complexfloating]:
        """The same in all the turns and scales that alignment starts from, conjugated."""
        return np.asarray(np.conj(np.fft.rfft2(self.fields)))

    @cached_property
    def fields(self) -> npt.NDArray[np.float32]:
        """The strokes in all the turns and scales that alignment starts from: (variants, rows, columns)."""
        return np.stack([self._field(turn, scale) for turn, scale in _VARIANTS])

    def _field(self, turn: float, scale: float) -> npt.NDArray[np.float32]:
        matrix = _turned(turn, scale * _SPREAD / self.spread)
        field = np.zeros((_ROWS, _COLUMNS), np.float32)
        columns, rows = np.round((self.points - self.middle) @ matrix.T).astype(np.intp).T
        field[rows % _ROWS, columns % _COLUMNS] = 1.0
        blurred = cv2.GaussianBlur(field, (0, 0), 1.0, borderType=cv2.BORDER_REFLECT)
        return np.asarray(blurred / np.linalg.norm(blurred), np.float32)

    def distances(self, points: Points) -> tuple[Points, npt.NDArray[np.float64]]:
        """The nearest place on these middle lines for each point, and how far it is."""
        columns, rows = np.round(points + _MARGIN).astype(np.intp).T
        height, width = self.nearest.shape[:2]
        places = self.nearest[np.clip(rows, 0, height - 1), np.clip(columns, 0, width - 1)]
        return places, np.hypot(*(points - places).T)


@dataclass(frozen=True, slots=True, eq=False)
class _Fit:
    """An affine map: points @ matrix.T + shift."""

    matrix: Points
    shift: Points

    def __call__(self, points: Points) -> Points:
        return np.asarray(points @ self.matrix.T + self.shift)

    def back(self, points: Points) -> Points:
        """Points taken back."""
        return np.asarray((points - self.shift) @ np.linalg.inv(self.matrix).T)

    @property
    def plausible(self) -> bool:
        """Whether a scanner or printer could have done that; mirror images are none."""
        if np.linalg.det(self.matrix) <= 0:
            return False
        # Singular values of a 2 by 2 matrix.
        (a, b), (c, d) = self.matrix
        even, odd = np.hypot(a + d, b - c), np.hypot(a - d, b + c)
        large, small = (even + odd) / 2, abs(even - odd) / 2
        return bool(small >= _MIN_SCALE and large <= _MAX_SCALE and large <= _MAX_STRETCH * small)


def fingerprint(ink: Grey) -> bytes:
    """A signature's ink (255 on 0) as it is stored: fitted, one bit a pixel, deflated; about 600 bytes."""
    fitted = fit(ink, width=_WIDTH, height=_HEIGHT)
    return zlib.compress(np.packbits(fitted >= 0.5).tobytes(), 9)


def strokes(data: bytes) -> Strokes:
    """The middle lines of a stored fingerprint: ridges of the distance to paper."""
    bits = np.unpackbits(np.frombuffer(zlib.decompress(data), np.uint8), count=_HEIGHT * _WIDTH)
    ink = bits.reshape(_HEIGHT, _WIDTH)
    depth = cv2.distanceTransform(ink, cv2.DIST_L2, cv2.DIST_MASK_5)
    ridge = (ink > 0) & (depth >= cv2.dilate(depth, np.ones((3, 3), np.uint8)) - 1e-3)
    rows, columns = np.nonzero(ridge)
    width = 2 * float(np.median(depth[ridge])) if len(rows) else 0.0
    return Strokes(np.stack([columns, rows], axis=1).astype(np.float64), width)


def likeness(first: Strokes, second: Strokes) -> Likeness:
    """Lay one over the other and say how much agrees; nothing where either is too little to tell."""
    if not (first.enough and second.enough):
        return NOTHING_ALIKE
    found = [_followed(start, first, second) for start in _starts(first, second)]
    return max(found, key=lambda one: one.similarity, default=NOTHING_ALIKE)


def outline(one: Strokes) -> bytes:
    """The rough shape, by which copies are sought among many: 512 bytes; none where there are no strokes."""
    if not one.enough:
        return b""
    rough = _reduced(np.fft.ifftshift(one.fields[_VARIANTS.index((0.0, 1.0))]))
    return bytes(np.round(255 * rough / rough.max()).astype(np.uint8).tobytes())


def nearest(one: Strokes, outlines: Sequence[bytes], *, top: int) -> list[int]:
    """Positions of the `top` outlines most like the strokes in some turn, scale and shift, best first."""
    known = [i for i, stored in enumerate(outlines) if stored]
    if not (known and one.enough):
        return []
    stored = np.stack([np.frombuffer(outlines[i], np.uint8) for i in known]).astype(np.float32)
    stored /= np.linalg.norm(stored, axis=1, keepdims=True)
    rough = [_reduced(np.fft.ifftshift(one.fields[i])) for i in _SOUGHT]
    asked = np.stack([np.roll(field, shift, axis=(0, 1)).ravel() for field in rough for shift in _SHIFTS])
    asked /= np.linalg.norm(asked, axis=1, keepdims=True)
    order = np.argsort(-(stored @ asked.T).max(axis=1), kind="stable")
    return [known[i] for i in order[:top]]


def _reduced(field: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    return np.asarray(cv2.resize(field, _OUTLINE[::-1], interpolation=cv2.INTER_AREA), np.float32)


def _starts(first: Strokes, second: Strokes) -> list[_Fit]:
    """First guesses, the best correlated first: turns and scales, each with the shift that suits it."""
    correlation = np.fft.irfft2(first.spectra * second.spectrum, s=(_ROWS, _COLUMNS)).reshape(
        len(_VARIANTS), -1
    )
    shifts, heights = correlation.argmax(axis=1), correlation.max(axis=1)
    best = [i for i in np.argsort(-heights, kind="stable")[:_FOLLOWED] if heights[i] >= _CORRELATED]
    return [_start(first, second, _VARIANTS[i], int(shifts[i])) for i in best]


def _start(first: Strokes, second: Strokes, variant: tuple[float, float], shift: int) -> _Fit:
    turn, scale = variant
    matrix = _turned(turn, scale * second.spread / first.spread)
    row, column = divmod(shift, _COLUMNS)
    # What is beyond the half of a ring is a shift the other way.
    down, right = (row + _ROWS // 2) % _ROWS - _ROWS // 2, (column + _COLUMNS // 2) % _COLUMNS - _COLUMNS // 2
    moved = np.array([right, down]) * second.spread / _SPREAD
    return _Fit(matrix, second.middle - matrix @ first.middle + moved)


def _turned(degrees: float, size: float) -> Points:
    cos, sin = size * np.cos(np.deg2rad(degrees)), size * np.sin(np.deg2rad(degrees))
    return np.array([[cos, -sin], [sin, cos]])


def _followed(start: _Fit, first: Strokes, second: Strokes) -> Likeness:
    """What agrees once the start has been followed to the nearest fit."""
    tolerance = max(TOLERANCE, TOLERANCE_OF_STROKE * max(first.width, second.width))
    fit, points = start, first.points[::_THINNED]
    for affine in (False, True):
        for _ in range(_STEPS):
            fit = _closer(fit, points, second, affine=affine)
            if not fit.plausible:
                return NOTHING_ALIKE
        points = first.points
        there = float(np.mean(second.distances(fit(points))[1] <= tolerance))
        back = float(np.mean(first.distances(fit.back(second.points))[1] <= tolerance))
        if max(there, back) < _PROMISING:
            break
    return Likeness(there, back)


def _closer(fit: _Fit, points: Points, second: Strokes, *, affine: bool) -> _Fit:
    """One step of iterative closest points, for the better share of the points."""
    places, distances = second.distances(fit(points))
    kept = distances <= np.partition(distances, int(_FITTED * len(distances)))[int(_FITTED * len(distances))]
    source, target = points[kept], places[kept]
    middle, aim = source.mean(axis=0), target.mean(axis=0)
    matrix = (_affine if affine else _similarity)(source - middle, target - aim)
    return _Fit(matrix, aim - matrix @ middle)


def _similarity(source: Points, target: Points) -> Points:
    """The turn and scale that brings centred points nearest to their targets (Umeyama, 1991)."""
    length = float((source**2).sum()) + 1e-9
    cos = float((source * target).sum()) / length
    sin = float((source[:, 0] * target[:, 1] - source[:, 1] * target[:, 0]).sum()) / length
    return np.array([[cos, -sin], [sin, cos]])


def _affine(source: Points, target: Points) -> Points:
    """The linear map that does, by least squares."""
    return np.asarray(np.linalg.solve(source.T @ source + 1e-6 * np.eye(2), source.T @ target).T)

"""Whether two pictures show one act of writing.

Two acts of writing, even of one hand, part somewhere by more than a stroke is wide; two pictures of one act
agree everywhere. So the middle lines of the strokes are laid over each other as well as they will go, and
what counts is the share of them that then lies within a tolerance of the other's. First guesses come from
cross-correlation over turns and scales, the fit from trimmed iterative closest points (Besl and McKay, 1992;
Chetverikov et al., 2002). Needs no training, knows no encoder.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from worker.vision.copies.alignment import AffineMap, Points, fitted_map, rotation
from worker.vision.copies.skeleton import COLUMNS, ROWS, SPREAD, VARIANTS, Skeleton

#: A middle line agrees within this many pixels of the normalised signature (220 wide), or within this share
#: of a stroke's width where strokes are broad.
TOLERANCE, TOLERANCE_OF_STROKE = 1.5, 0.3
#: How many of the best starts are followed, and the share that must agree by then to go on.
_FOLLOWED, _PROMISING = 2, 0.5
#: Share of points that a fit is made for; the others may be lines and print through one of the two.
_FITTED = 0.8
#: Steps of iterative closest points: first on every third point, then on all.
_STEPS, _THINNED = 8, 3
#: Starts that correlate less are followed by none.
_CORRELATED = 0.75

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


def likeness(first: Skeleton, second: Skeleton) -> Likeness:
    """Lay one over the other and say how much agrees; nothing where either is too little to tell."""
    if not (first.enough and second.enough):
        return NOTHING_ALIKE
    fits = [_followed(start, first, second) for start in _starts(first, second)]
    return max(fits, key=lambda alike: alike.similarity, default=NOTHING_ALIKE)


def _starts(first: Skeleton, second: Skeleton) -> list[AffineMap]:
    """First guesses, the best correlated first: turns and scales, each with the shift that suits it."""
    correlation = np.fft.irfft2(first.spectra * second.spectrum, s=(ROWS, COLUMNS)).reshape(len(VARIANTS), -1)
    shifts, heights = correlation.argmax(axis=1), correlation.max(axis=1)
    best = [i for i in np.argsort(-heights, kind="stable")[:_FOLLOWED] if heights[i] >= _CORRELATED]
    return [_start(first, second, VARIANTS[i], int(shifts[i])) for i in best]


def _start(first: Skeleton, second: Skeleton, variant: tuple[float, float], shift: int) -> AffineMap:
    turn, scale = variant
    matrix = rotation(turn, scale * second.spread / first.spread)
    row, column = divmod(shift, COLUMNS)
    # What is beyond the half of a ring is a shift the other way.
    down, right = (row + ROWS // 2) % ROWS - ROWS // 2, (column + COLUMNS // 2) % COLUMNS - COLUMNS // 2
    moved = np.array([right, down]) * second.spread / SPREAD
    return AffineMap(matrix, second.middle - matrix @ first.middle + moved)


def _followed(start: AffineMap, first: Skeleton, second: Skeleton) -> Likeness:
    """What agrees once the start has been followed to the nearest fit."""
    tolerance = max(TOLERANCE, TOLERANCE_OF_STROKE * max(first.width, second.width))
    current, points = start, first.points[::_THINNED]
    for affine in (False, True):
        for _ in range(_STEPS):
            current = _closer(current, points, second, affine=affine)
            if not current.plausible:
                return NOTHING_ALIKE
        points = first.points
        there = float(np.mean(second.distances(current(points))[1] <= tolerance))
        back = float(np.mean(first.distances(current.back(second.points))[1] <= tolerance))
        if max(there, back) < _PROMISING:
            break
    return Likeness(there, back)


def _closer(current: AffineMap, points: Points, second: Skeleton, *, affine: bool) -> AffineMap:
    """One step of iterative closest points, for the better share of the points."""
    places, distances = second.distances(current(points))
    kept = distances <= np.partition(distances, int(_FITTED * len(distances)))[int(_FITTED * len(distances))]
    return fitted_map(points[kept], places[kept], affine=affine)

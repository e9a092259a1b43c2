"""Which way up a page lies, told from its print, and detection on the page laid upright.

Letters of one word stand on one baseline, while their tops differ: capitals and b, d, f, h, k, l, t rise
above the others, far more often than g, j, p, q, y hang below. So among neighbouring letters the edges that
agree on one side only agree at the foot. Counting such pairs along rows and along columns tells the four
ways a page can lie apart; ascenders against descenders are the cue of Bloomberg, Kopec and Dasari, "Measuring
document image skew and orientation", SPIE 2422 (1995). A page that leaves doubt (capitals, digits, other
scripts, little print) stays as it is.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import cv2
import numpy as np
import numpy.typing as npt

from worker.vision.crops import grey
from worker.vision.detection.components import Components, connected
from worker.vision.detection.detector import Detector
from worker.vision.detection.surroundings import KnownLetters, is_roll, letters_among, printed
from worker.vision.images import shrunk
from worker.vision.values import Box, DetectedRegion, Pixels

#: Longer side in pixels of the first try, and of the second for a page that may be turned.
_GLANCE, _LOOK = 1300, 2400
#: Letters have sides of so many pixels, and enough ink.
_LETTER_SIDES, _LETTER_INK = (5, 60), 10
#: A line's letters are about as large as the median one.
_ALIKE = (0.5, 2.5)
#: Neighbours are this many letter heights apart at most, and this much of the smaller lies beside the larger.
_REACH, _BESIDE, _TALLER = 0.5, 0.6, 2.2
#: Edges agree within a pixel, or this share of the letter's height.
_AGREE = 0.08
#: What a decision asks for: pairs in all, how many times more along one axis than the other, the share of
#: pairs that agree on one side only, how many times more of them on the one side than on the other, and by
#: how many standard deviations, for quarter turns and for half turns. Chosen on training pages of Tobacco800.
_PAIRS, _AXIS, _LOPSIDED, _AHEAD = 40, 2.0, 0.1, 1.75
_QUARTER_Z, _HALF_Z = 3.0, 4.0
#: The print as the roles look for it, at a coarser size, serves where rows are so far from being upside down.
_PLAINLY_UPRIGHT_Z = 3.0
#: A page whose rows are this far from being upside down is not looked at twice.
_CLEARLY_UPRIGHT_Z = 0.0


@dataclass(frozen=True, slots=True)
class _Letters:
    """Connected components of a page: which pixel is whose, their boxes, which of them are letters."""

    labels: npt.NDArray[np.int32] | npt.NDArray[np.uint16]
    boxes: npt.NDArray[np.int32]
    chosen: npt.NDArray[np.bool_]

    @property
    def sideways(self) -> _Letters:
        """The same with the axes swapped: columns become rows."""
        return _Letters(self.labels.T, self.boxes[:, [1, 0, 3, 2]], self.chosen)


@dataclass(frozen=True, slots=True)
class _Evidence:
    """Neighbouring letters by which edges agree; `far` is the foot of rows, the right edge of columns."""

    far: int = 0
    near: int = 0
    both: int = 0

    @property
    def pairs(self) -> int:
        """Neighbours that agree on any side."""
        return self.far + self.near + self.both

    @property
    def z(self) -> float:
        """By how many standard deviations the far side is ahead; 0 where it cannot be said."""
        lopsided = self.far + self.near
        ahead = max(self.far, self.near) >= _AHEAD * min(self.far, self.near)
        if self.pairs < _PAIRS or lopsided < _LOPSIDED * self.pairs or not ahead:
            return 0.0
        return float((self.far - self.near) / lopsided**0.5)


def turns_to_upright(page: Pixels) -> int:
    """How many quarter turns anticlockwise (as `numpy.rot90`) lay the page upright: 0 to 3, 0 in doubt."""
    return _turns(page, _print(page))


def _print(page: Pixels) -> Components | None:
    """The page's print as the roles look for it; None where it would not be cheap."""
    return printed(grey(page)) if page.size and not is_roll(page) else None


def _turns(page: Pixels, parts: Components | None) -> int:
    """The turns of a page whose print is known."""
    if parts is not None and _is_plainly_upright(parts):
        return 0
    rows, columns = _seen(page, _GLANCE)
    if columns.pairs < _AXIS * rows.pairs and rows.z >= _CLEARLY_UPRIGHT_Z:
        return 0
    rows, columns = _seen(page, _LOOK)
    if rows.pairs > _AXIS * columns.pairs and rows.z <= -_HALF_Z:
        return 2
    if columns.pairs > _AXIS * rows.pairs and abs(columns.z) >= _QUARTER_Z:
        # Letters that stand on their right edge are read upwards.
        return 3 if columns.z > 0 else 1
    return 0


def _is_plainly_upright(parts: Components) -> bool:
    """Whether the print that is known anyway leaves no doubt at all."""
    rows, columns = _counted(parts)
    return columns.pairs < rows.pairs and rows.z >= _PLAINLY_UPRIGHT_Z


def turned(page: Pixels, turns: int) -> Pixels:
    """The page after that many quarter turns anticlockwise; the page itself when there are none."""
    return np.ascontiguousarray(np.rot90(page, turns)) if turns % 4 else page


def turned_box(box: Box, turns: int, *, width: float, height: float) -> Box:
    """Where a box lies after the page of that size was turned so; `-turns` and the new size undo it."""
    for _ in range(turns % 4):
        box = Box(x=box.y, y=width - box.x - box.width, width=box.height, height=box.width)
        width, height = height, width
    return box


class UprightDetector:
    """A detector that looks at pages the right way up and answers in each page's own pixels."""

    def __init__(self, detector: Detector, known: KnownLetters | None = None) -> None:
        self._detector = detector
        self._known = known

    def detect(self, pages: Sequence[Pixels]) -> list[list[DetectedRegion]]:
        """The regions of each page in its own pixels, best first; each knows how its page was turned."""
        turns = [self._turns(page) for page in pages]
        upright = [turned(page, by) for page, by in zip(pages, turns, strict=True)]
        detected = self._detector.detect(upright)
        return [
            [_as_it_lies(region, page, by) for region in regions]
            for regions, page, by in zip(detected, upright, turns, strict=True)
        ]

    def _turns(self, page: Pixels) -> int:
        """The turns of a page; the letters of one that stays as it lies are kept for those who ask later."""
        parts = _print(page)
        turns = _turns(page, parts)
        if self._known is not None and parts is not None and not turns:
            height, width = page.shape[:2]
            self._known.put(page, letters_among(parts, width=width, height=height))
        return turns


def _as_it_lies(region: DetectedRegion, upright: Pixels, turns: int) -> DetectedRegion:
    if not turns:
        return region
    height, width = upright.shape[:2]
    return replace(region, box=turned_box(region.box, -turns, width=width, height=height), turns=turns)


def _seen(page: Pixels, longest: int) -> tuple[_Evidence, _Evidence]:
    """The evidence of rows and of columns, on the page reduced to that size."""
    return _counted(_dark_parts(page, longest)) if page.size else (_Evidence(), _Evidence())


def _counted(parts: Components) -> tuple[_Evidence, _Evidence]:
    """The evidence of rows and of columns among those components."""
    letters = _letters(parts)
    if letters is None:
        return _Evidence(), _Evidence()
    return _evidence(letters), _evidence(letters.sideways)


def _dark_parts(page: Pixels, longest: int) -> Components:
    reduced = shrunk(grey(page), longest=longest)
    _, dark = cv2.threshold(reduced, 0, 255, cv2.THRESH_BINARY_INV + cv2.THRESH_OTSU)
    return connected(np.asarray(dark, np.uint8))


def _letters(parts: Components) -> _Letters | None:
    sides, areas = parts.stats[:, 2:4].max(axis=1), parts.stats[:, cv2.CC_STAT_AREA]
    chosen = (sides >= _LETTER_SIDES[0]) & (sides <= _LETTER_SIDES[1]) & (areas >= _LETTER_INK)
    # The first component is the paper.
    chosen[0] = False
    if not chosen.any():
        return None
    usual = float(np.median(sides[chosen]))
    chosen &= (sides >= _ALIKE[0] * usual) & (sides <= _ALIKE[1] * usual)
    return _Letters(parts.labels, parts.stats[:, :4], chosen)


def _evidence(letters: _Letters) -> _Evidence:
    """Compare each letter's top and foot with those of the next letter on its right."""
    left, right = _neighbours(letters)
    tops, heights = letters.boxes[:, 1], letters.boxes[:, 3]
    agree = np.maximum(1.0, _AGREE * np.maximum(heights[left], heights[right]))
    top = np.abs(tops[left] - tops[right]) <= agree
    foot = np.abs(tops[left] + heights[left] - tops[right] - heights[right]) <= agree
    return _Evidence(
        far=int((foot & ~top).sum()), near=int((top & ~foot).sum()), both=int((top & foot).sum())
    )


def _neighbours(letters: _Letters) -> tuple[npt.NDArray[np.intp], npt.NDArray[np.intp]]:
    """Pairs of components: a letter, and the first one that a ray from its middle to the right meets."""
    labels, (x, y, width, height) = letters.labels, letters.boxes.T
    left = np.flatnonzero(letters.chosen)
    ray = np.arange(int(_REACH * height[left].max(initial=0)) + 1)
    across = (x[left] + width[left])[:, None] + ray
    met = labels[(y[left] + height[left] // 2)[:, None], np.minimum(across, labels.shape[1] - 1)]
    met = np.where(across < labels.shape[1], met, 0)
    gap = (met > 0).argmax(axis=1)
    right = met[np.arange(len(left)), gap].astype(np.intp)
    taller, smaller = np.maximum(height[left], height[right]), np.minimum(height[left], height[right])
    beside = np.minimum(y[left] + height[left], y[right] + height[right]) - np.maximum(y[left], y[right])
    kept = letters.chosen[right] & (right != left) & (gap <= _REACH * taller)
    kept &= (taller <= _TALLER * smaller) & (beside >= _BESIDE * smaller)
    return left[kept], right[kept]

"""Pages that lie askew, told from their lines of print, and detection on the page laid straight.

Along the direction of its lines, the ink of a page falls into rows: the sum of the squared counts of a
projection is greatest there (Postl, "Detection of linear oblique structures and skew scan in digitized
documents", ICPR 1986). The lower edges of the ink are projected, at a coarse size.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Generic, TypeVar

import cv2
import numpy as np
import numpy.typing as npt

from worker.vision.boxes import clip
from worker.vision.crops import grey
from worker.vision.detection.detector import Detector
from worker.vision.values import Box, DetectedRegion, Grey, Pixels

#: Longer side in pixels at which a page is judged, and how many points of its ink.
_GLANCE, _POINTS = 800, 6000
#: Degrees that are tried: to either side, from step to step, then finer around the best.
_MOST, _STEP, _FINE = 14.0, 1.0, 0.25
#: A page is turned from so many degrees on, if its rows are so many times as clear as they lay.
_LEAST, _CLEARER = 2.5, 1.25
_PAPER = (255, 255, 255)

#: x and y of points: (2, n).
_Points = npt.NDArray[np.float64]


class StraightDetector:
    """A detector that looks at pages whose lines of print lie level; it answers in each page's own pixels."""

    def __init__(self, detector: Detector) -> None:
        self._detector = detector

    def detect(self, pages: Sequence[Pixels]) -> list[list[DetectedRegion]]:
        """The regions of each page, best first; boxes of a page that was turned hold what they hold there."""
        turns = [Straightened.by(page, skew_degrees(page)) for page in pages]
        detected = self._detector.detect([turn.page for turn in turns])
        return [
            [region for one in regions if (region := _on_original(one, turn)) is not None]
            for regions, turn in zip(detected, turns, strict=True)
        ]


def _on_original(region: DetectedRegion, turn: Straightened[Pixels]) -> DetectedRegion | None:
    """The region in pixels of the page as it lay; None where it lies beyond the page."""
    lying = clip(turn.to_original(region.box), width=turn.width, height=turn.height)
    return None if lying is None else replace(region, box=lying)


_Page = TypeVar("_Page", Pixels, Grey)


@dataclass(frozen=True, slots=True, eq=False)
class Straightened(Generic[_Page]):
    """A page laid straight, and the way to it from one of that size; None where it was left as it lay."""

    page: _Page
    width: int
    height: int
    matrix: npt.NDArray[np.float64] | None

    @classmethod
    def by(cls, page: _Page, degrees: float) -> Straightened[_Page]:
        """The page turned by so many degrees anticlockwise, its canvas grown to hold all of it."""
        height, width = page.shape[:2]
        if not degrees:
            return cls(page, width, height, None)
        matrix = cv2.getRotationMatrix2D((width / 2, height / 2), degrees, 1)
        cos, sin = abs(matrix[0, 0]), abs(matrix[0, 1])
        grown = (round(width * cos + height * sin), round(height * cos + width * sin))
        matrix[:, 2] += (grown[0] - width) / 2, (grown[1] - height) / 2
        straight = cv2.warpAffine(page, matrix, grown, flags=cv2.INTER_LINEAR, borderValue=_PAPER)
        return cls(np.asarray(straight, np.uint8), width, height, np.asarray(matrix, np.float64))

    def to_straight(self, box: Box) -> Box:
        """The box on the straight page around what this box holds on the page as it lay; in pixels."""
        return box if self.matrix is None else _moved(box, self.matrix)

    def to_original(self, box: Box) -> Box:
        """The box on the page as it lay around what this box holds on the straight page; in pixels."""
        return box if self.matrix is None else _moved(box, cv2.invertAffineTransform(self.matrix))


def _moved(box: Box, matrix: npt.ArrayLike) -> Box:
    corners = np.array([(x, y, 1.0) for x in (0, 1) for y in (0, 1)])
    corners[:, :2] = corners[:, :2] * (box.width, box.height) + (box.x, box.y)
    there = corners @ np.asarray(matrix, np.float64).T
    left, top = map(float, there.min(axis=0))
    right, bottom = map(float, there.max(axis=0))
    return Box(left, top, right - left, bottom - top)


def skew_degrees(page: Pixels | Grey, *, least: float = _LEAST, clearer: float = _CLEARER) -> float:
    """By how many degrees anticlockwise a page has to be turned so that its lines lie level.

    0 for what lies level but for less than `least` degrees, and for what leaves doubt: where its rows are not
    `clearer` times as clear.
    """
    points = _lower_edges(page) if page.size else np.zeros((2, 0))
    if points.shape[1] < _POINTS // 20:
        return 0.0
    coarse = np.arange(-_MOST, _MOST + _STEP / 2, _STEP)
    best = coarse[int(np.argmax([_clearness(points, by) for by in coarse]))]
    if abs(best) + _STEP < least:
        return 0.0
    fine = np.arange(best - _STEP, best + _STEP + _FINE / 2, _FINE)
    clearness = [_clearness(points, by) for by in fine]
    degrees = float(fine[int(np.argmax(clearness))])
    is_clear = max(clearness) >= clearer * _clearness(points, 0.0)
    return degrees if abs(degrees) >= least and is_clear and abs(degrees) <= _MOST else 0.0


def _lower_edges(page: Pixels | Grey) -> _Points:
    """Where ink ends downwards, at most twice _POINTS of it."""
    # Every other pixel or so is enough to average: all of them take three times as long.
    sample = cv2.resize(page, _within(page, 2 * _GLANCE), interpolation=cv2.INTER_NEAREST)
    small = cv2.resize(
        grey(np.asarray(sample, np.uint8)), _within(page, _GLANCE), interpolation=cv2.INTER_AREA
    )
    _, ink = cv2.threshold(small, 0, 1, cv2.THRESH_BINARY_INV + cv2.THRESH_OTSU)
    ends = np.flatnonzero(ink[:-1] > ink[1:])
    rows, columns = np.divmod(ends[:: max(1, len(ends) // _POINTS)], ink.shape[1])
    return np.array([columns, rows], np.float64)


def _within(page: Pixels | Grey, longest: int) -> tuple[int, int]:
    """Width and height of the page, made smaller so that its longer side has that many pixels at most."""
    scale = min(1.0, longest / max(page.shape[:2]))
    return max(1, round(page.shape[1] * scale)), max(1, round(page.shape[0] * scale))


def _clearness(points: _Points, degrees: float) -> float:
    """The sum of squares of the rows' counts, were the page turned by so many degrees."""
    angle = np.radians(degrees)
    rows = points[1] * np.cos(angle) - points[0] * np.sin(angle)
    counts = np.bincount((rows - rows.min()).astype(np.int64))
    return float(counts @ counts)

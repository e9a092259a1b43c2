"""Scratches and lines drawn through a place to sign: what rests on one straight stroke is no signature.

The stroke is found by the Hough transform (Duda, Hart, CACM 1972), printed rules left out.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import cv2
import numpy as np
import numpy.typing as npt

from worker.vision.boxes import shared
from worker.vision.crops import grey
from worker.vision.detection.detector import Detector
from worker.vision.values import Box, DetectedRegion, Grey, Pixels

#: A stroke that spans this share of its mark's diagonal may be all there is to it.
_SPANS = 0.75
#: The share of it that is ink at least, and of the diagonal that votes for a line before it is looked at.
_UNBROKEN, _VOTES = 0.85, 0.2
#: How wide it is taken off, as a share of its length.
_WIDTH = 0.016
#: Level and upright runs of ink of this share of a side, or so many pixels, are print.
_RULE, _SHORTEST_RULE = 0.15, 9
#: Grey levels below the paper from which a pixel is ink.
_CONTRAST = 40
#: A mark is still there when what signs without the stroke shares so much of the smaller box.
_SAME = 0.3
_PAPER = (255, 255, 255)

#: x and y of both ends, in pixels of the page.
_Stroke = npt.NDArray[np.int64]


class StrokeDetector:
    """A detector that looks again without a straight stroke where one spans a mark that signs."""

    def __init__(self, detector: Detector) -> None:
        self._detector = detector

    def detect(self, pages: Sequence[Pixels]) -> list[list[DetectedRegion]]:
        """The regions of each page, best first; one that is not seen without its stroke does not sign."""
        detected = self._detector.detect(pages)
        strokes = [_strokes(page, regions) for page, regions in zip(pages, detected, strict=True)]
        cleared = [_without(page, found) for page, found in zip(pages, strokes, strict=True) if found]
        again = iter(self._detector.detect(cleared)) if cleared else iter(())
        return [
            _confirmed(regions, spanned, next(again)) if spanned else regions
            for regions, spanned in zip(detected, strokes, strict=True)
        ]


def _strokes(page: Pixels, regions: Sequence[DetectedRegion]) -> dict[int, _Stroke]:
    """The straight strokes that span regions which sign, by the number of the region."""
    signing = [number for number, region in enumerate(regions) if region.signs]
    spanning = {number: spanning_stroke(page, regions[number].box) for number in signing}
    return {number: stroke for number, stroke in spanning.items() if stroke is not None}


def spanning_stroke(page: Pixels, box: Box) -> _Stroke | None:
    """A straight, slanted stroke nearly as long as the diagonal of a box; None without one."""
    left, top = max(0, int(box.x)), max(0, int(box.y))
    ink = _slanting(grey(page[top : int(box.y + box.height) + 1, left : int(box.x + box.width) + 1]))
    diagonal = float(np.hypot(*ink.shape))
    lines = cv2.HoughLines(ink, 1, np.pi / 360, max(2, int(_VOTES * diagonal)))
    if lines is None:
        return None
    rho, angle = map(float, lines[0, 0])
    along = np.arange(-diagonal, diagonal)
    x = np.round(np.cos(angle) * rho - np.sin(angle) * along).astype(np.int64)
    y = np.round(np.sin(angle) * rho + np.cos(angle) * along).astype(np.int64)
    inside = (x >= 0) & (y >= 0) & (x < ink.shape[1]) & (y < ink.shape[0])
    x, y = x[inside], y[inside]
    hits = cv2.dilate(ink, np.ones((3, 3), np.uint8))[y, x]
    met = np.flatnonzero(hits)
    if not met.size or np.ptp(met) < _SPANS * diagonal or hits[met[0] : met[-1]].mean() < _UNBROKEN:
        return None
    return np.array([x[met[0]] + left, y[met[0]] + top, x[met[-1]] + left, y[met[-1]] + top])


def _slanting(view: Grey) -> Grey:
    """The ink of a view as 0 and 1, without level and upright rules."""
    ink = np.asarray(view < np.percentile(view, 90) - _CONTRAST, np.uint8)
    across, down = (max(_SHORTEST_RULE, int(_RULE * side)) for side in ink.shape[::-1])
    level = cv2.morphologyEx(ink, cv2.MORPH_OPEN, np.ones((1, across), np.uint8))
    upright = cv2.morphologyEx(ink, cv2.MORPH_OPEN, np.ones((down, 1), np.uint8))
    rules = cv2.dilate(cv2.max(level, upright), np.ones((3, 3), np.uint8))
    return np.asarray(cv2.subtract(ink, rules), np.uint8)


def _without(page: Pixels, strokes: dict[int, _Stroke]) -> Pixels:
    """The page with those strokes taken off, from a little before to a little behind their ends."""
    cleared = page.copy()
    for x, y, right, bottom in strokes.values():
        width = max(3, round(_WIDTH * float(np.hypot(right - x, bottom - y))))
        cv2.line(cleared, (int(x), int(y)), (int(right), int(bottom)), _PAPER, width)
    return cleared


def _confirmed(
    regions: Sequence[DetectedRegion], spanned: dict[int, _Stroke], again: Sequence[DetectedRegion]
) -> list[DetectedRegion]:
    """The regions; those that a stroke spans sign only where something still does without it."""
    still = [region.box for region in again if region.signs]
    return [
        _unsigned(region, again)
        if number in spanned and not any(shared(region.box, box) > _SAME for box in still)
        else region
        for number, region in enumerate(regions)
    ]


def _unsigned(region: DetectedRegion, again: Sequence[DetectedRegion]) -> DetectedRegion:
    """The region as one that does not sign, as probably as what is left of it does."""
    left = [other.role_probability or 0.0 for other in again if shared(region.box, other.box) > _SAME]
    return replace(region, signs=False, role_probability=max(left, default=0.0))

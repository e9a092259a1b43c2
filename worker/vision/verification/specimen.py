"""Whether an image shows one upright signature, and which references a verdict may rest on; pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from enum import StrEnum

import cv2
import numpy as np
import numpy.typing as npt

from worker.vision.choices import MIN_REFERENCE_GRADE, Outcome
from worker.vision.crops import dark_pixels, grey
from worker.vision.values import Box, DetectedRegion, Grey, Opinion, Pixels

#: Connected marks from which on an image is a page: a signature has fewer than 40, a page of text hundreds.
PAGE_MARKS = 120
#: Marks, and longer side in pixels, from which on an image may be a card of several specimens.
_CARD_MARKS, _CARD_SIDE = 20, 900
#: Paper between specimens, and specimens, take these shares of the height of all ink at least.
_GAP, _TALL = 0.02, 0.15
#: Pixels of ink below which a mark is a speck.
_SPECK = 8
#: Specimens of one card are alike in area by this share at least.
_ALIKE = 0.4
#: Share of an image of a signature that is paper at least.
_LEAST_PAPER = 0.4
#: Ink that is so many times as high as wide lies on its side, or was written by a rare hand.
SIDEWAYS = 1.4


class View(StrEnum):
    """What an image that was given as one signature seems to show."""

    SIGNATURE = "signature"
    CARD = "card"
    PAGE = "page"


def view_of(image: Pixels) -> View:
    """By its marks and size alone: a card is only likely, and a detector has to say."""
    dark = dark_pixels(image)
    _, _, stats, _ = cv2.connectedComponentsWithStats(dark)
    marks = int((stats[1:, cv2.CC_STAT_AREA] >= _SPECK).sum())
    if marks >= PAGE_MARKS:
        return View.PAGE
    is_card = marks >= _CARD_MARKS or max(image.shape[:2]) >= _CARD_SIDE or len(rows_of_ink(image)) > 1
    return View.CARD if is_card else View.SIGNATURE


def rows_of_ink(image: Pixels) -> list[Box]:
    """Tall rows of ink that stand one below the other with paper all across between them, top first."""
    dark = dark_pixels(image)
    inked = np.flatnonzero(dark.any(axis=1))
    if not inked.size:
        return []
    height = int(np.ptp(inked)) + 1
    rows = np.split(inked, np.flatnonzero(np.diff(inked) > _GAP * height) + 1)
    return [_around(dark, row) for row in rows if int(np.ptp(row)) + 1 >= _TALL * height]


def _around(dark: Grey, row: npt.NDArray[np.intp]) -> Box:
    """The smallest box around the ink of a row."""
    top, bottom = int(row[0]), int(row[-1]) + 1
    columns = np.flatnonzero(dark[top:bottom].any(axis=0))
    return Box(int(columns[0]), top, int(np.ptp(columns)) + 1, bottom - top)


def along_rows(regions: Sequence[DetectedRegion], rows: Sequence[Box]) -> list[DetectedRegion]:
    """One region for each row of ink that has any, as large as the row: a detector may see half a specimen.

    As they are where there are no rows, or one holds several that stand side by side.
    """
    groups = [[region for region in regions if _is_within(region.box, row)] for row in rows]
    if len(rows) < 2 or any(map(_side_by_side, groups)):
        return list(regions)
    return [replace(group[0], box=row) for group, row in zip(groups, rows, strict=True) if group]


def _is_within(box: Box, row: Box) -> bool:
    return row.y <= box.y + box.height / 2 <= row.y + row.height


def _side_by_side(group: Sequence[DetectedRegion]) -> bool:
    """Whether one of them begins where another has ended."""
    begins, ends = (
        max((region.box.x for region in group), default=0),
        min((region.box.x + region.box.width for region in group), default=0),
    )
    return begins > ends


def is_negative(image: Pixels) -> bool:
    """Whether most of an image of a signature is dark: ink never covers so much of it."""
    if not image.size:
        return False
    _, light = cv2.threshold(grey(image), 0, 1, cv2.THRESH_BINARY + cv2.THRESH_OTSU)
    return float(light.mean()) < _LEAST_PAPER


def are_specimens(regions: Sequence[DetectedRegion]) -> bool:
    """Whether these signatures of a card are several of one kind, and not the parts of one."""
    areas = [region.box.width * region.box.height for region in regions]
    return len(areas) > 1 and min(areas) >= _ALIKE * max(areas)


def lies_sideways(*, width: int, height: int) -> bool:
    """Whether ink of that size is so high that it is taken for a signature on its side."""
    return height > SIDEWAYS * width


def serving(scores: Sequence[float | None]) -> list[int]:
    """Which references reach the grade; one that was never graded does."""
    return [index for index, score in enumerate(scores) if score is None or score >= MIN_REFERENCE_GRADE]


def held_back(opinion: Opinion) -> Opinion:
    """The opinion where no reference reaches the grade: nothing above inconclusive, without confidence."""
    if opinion.outcome not in (Outcome.GENUINE, Outcome.FORGED):
        return opinion
    return replace(opinion, outcome=Outcome.INCONCLUSIVE, confidence=None)

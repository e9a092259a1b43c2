"""Whether an image shows one upright signature, and which references a verdict may rest on; pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from enum import StrEnum

import cv2

from worker.vision.choices import MIN_REFERENCE_GRADE, Outcome
from worker.vision.crops import dark_pixels, grey
from worker.vision.values import DetectedRegion, Opinion, Pixels

#: Connected marks from which on an image is a page: a signature has fewer than 40, a page of text hundreds.
PAGE_MARKS = 120
#: Marks, and longer side in pixels, from which on an image may be a card of several specimens.
_CARD_MARKS, _CARD_SIDE = 20, 900
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
    _, _, stats, _ = cv2.connectedComponentsWithStats(dark_pixels(image))
    marks = int((stats[1:, cv2.CC_STAT_AREA] >= _SPECK).sum())
    if marks >= PAGE_MARKS:
        return View.PAGE
    return View.CARD if marks >= _CARD_MARKS or max(image.shape[:2]) >= _CARD_SIDE else View.SIGNATURE


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

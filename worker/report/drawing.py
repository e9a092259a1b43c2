"""Boxes and their labels drawn onto a page, for people to look at."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from math import ceil

import cv2
import numpy as np
from PIL import Image, ImageDraw, ImageFont

from worker.slots.values import SlotStatus
from worker.vision.choices import Outcome
from worker.vision.images import resized, shrunk
from worker.vision.values import Box, Pixels

#: (red, green, blue), 0 to 255.
Colour = tuple[int, int, int]

#: One colour per verdict; distinct in print and for colour-blind readers too, and always beside its word.
OUTCOME_COLOURS: dict[Outcome, Colour] = {
    Outcome.GENUINE: (22, 121, 75),
    Outcome.FORGED: (186, 26, 26),
    Outcome.INCONCLUSIVE: (173, 98, 0),
    Outcome.NO_REFERENCE: (36, 86, 164),
}
#: One colour for what stands in a slot; UNCOMPARED where nobody could look.
SLOT_COLOURS: dict[SlotStatus, Colour] = {
    SlotStatus.SIGNED: (22, 121, 75),
    SlotStatus.UNSIGNED: (186, 26, 26),
    SlotStatus.TYPED: (186, 26, 26),
    SlotStatus.WRONG_SLOT: (186, 26, 26),
    SlotStatus.LOW_EVIDENCE: (173, 98, 0),
    SlotStatus.COVERED: (173, 98, 0),
}
#: A region that was compared with nothing.
UNCOMPARED: Colour = (36, 86, 164)
_WHITE: Colour = (255, 255, 255)
#: A page is reduced by a whole factor where that leaves so much of the size that was asked for.
_NEAR = 0.85


@dataclass(frozen=True, slots=True)
class RegionMark:
    """A box to draw, what to write on it, and in which colour."""

    box: Box
    text: str
    colour: Colour = UNCOMPARED
    #: Drawn with dashes and without a tint: a place, where the others are marks.
    is_place: bool = False


def colour_of(outcome: Outcome | None) -> Colour:
    """The colour of a verdict, or of a region without one."""
    return UNCOMPARED if outcome is None else OUTCOME_COLOURS[outcome]


def annotate(page: Pixels, marks: Iterable[RegionMark]) -> Pixels:
    """A copy of the page with every mark on it, later ones on top; lines and letters grow with the page."""
    drawn = np.ascontiguousarray(page).copy()
    scale = max(drawn.shape[:2]) / 1000
    for mark in marks:
        _outline(drawn, mark, width=max(2, round(2 * scale)))
        _caption(drawn, mark, size=max(12, round(14 * scale)))
    return drawn


def reduce(page: Pixels, marks: Iterable[RegionMark], *, longest: int) -> tuple[Pixels, list[RegionMark]]:
    """The page at no more than that many pixels on its longest side, and the marks that fit it.

    Where a whole factor comes near to that size it is taken: averaging whole pixels costs a thirtieth.
    """
    height, width = page.shape[:2]
    factor = min(1.0, longest / max(height, width))
    if factor == 1.0:
        return page, list(marks)
    by = ceil(1 / factor)
    if 1 / by >= _NEAR * factor and min(height, width) >= by:
        factor = 1 / by
        small = resized(page[: height // by * by, : width // by * by], width=width // by, height=height // by)
    else:
        small = shrunk(page, longest=longest)
    return small, [replace(mark, box=_scaled(mark.box, factor)) for mark in marks]


def _scaled(box: Box, factor: float) -> Box:
    return Box(box.x * factor, box.y * factor, box.width * factor, box.height * factor)


def _outline(page: Pixels, mark: RegionMark, *, width: int) -> None:
    """A tinted box, so that it is seen on a busy page without hiding the ink in it."""
    height, across = page.shape[:2]
    left, top = max(0, round(mark.box.x)), max(0, round(mark.box.y))
    right = min(across, round(mark.box.x + mark.box.width))
    bottom = min(height, round(mark.box.y + mark.box.height))
    inside = page[top:bottom, left:right]
    if not inside.size:
        return
    if mark.is_place:
        _dashed(inside, mark.colour, width)
        return
    tint = np.full_like(inside, mark.colour)
    inside[:] = cv2.addWeighted(inside, 0.92, tint, 0.08, 0)
    cv2.rectangle(page, (left, top), (right - 1, bottom - 1), mark.colour, width)


def _dashed(inside: Pixels, colour: Colour, width: int) -> None:
    """The edges of what lies inside a box, in dashes of four times their width."""
    height, across = inside.shape[:2]
    for start in range(0, across, 8 * width):
        inside[:width, start : start + 4 * width] = inside[-width:, start : start + 4 * width] = colour
    for start in range(0, height, 8 * width):
        inside[start : start + 4 * width, :width] = inside[start : start + 4 * width, -width:] = colour


def _caption(page: Pixels, mark: RegionMark, *, size: int) -> None:
    """The text on its colour, above the box where there is room, else inside it."""
    if not mark.text:
        return
    tag = _tag(mark.text, mark.colour, size)
    height, width = page.shape[:2]
    above = round(mark.box.y) - tag.shape[0]
    top = min(above if above >= 0 else max(0, round(mark.box.y)), height - 1)
    left = max(0, min(round(mark.box.x), width - tag.shape[1]))
    room = page[top : top + tag.shape[0], left : left + tag.shape[1]]
    room[:] = tag[: room.shape[0], : room.shape[1]]


def _tag(text: str, colour: Colour, size: int) -> Pixels:
    font = ImageFont.load_default(size)
    left, _, right, _ = font.getbbox(text)
    pad = max(3, size // 3)
    tag = Image.new("RGB", (int(right - left) + 2 * pad, size + 2 * pad), colour)
    ImageDraw.Draw(tag).text((pad - left, tag.height / 2), text, fill=_WHITE, font=font, anchor="lm")
    return np.asarray(tag, dtype=np.uint8)

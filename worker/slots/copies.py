"""The slots of a copy of a template: laid onto the blank form, whose places and print are known."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import cv2
import numpy as np

from worker.slots.places import is_typed
from worker.slots.ruling import Ink
from worker.slots.status import judge_slots, unseen
from worker.slots.template_files import TemplateSlot
from worker.slots.templates import BLACK, FormMatch
from worker.slots.turned import as_it_lay, straight
from worker.slots.values import (
    Anchor,
    AnchorSource,
    Area,
    FormField,
    Mark,
    PageLayout,
    PageSlot,
    SlotState,
    Word,
)
from worker.vision.detection.skew import Straightened
from worker.vision.values import Box, Grey

#: Inches around a template's print in which ink is its own.
_AROUND = 0.025
#: Share of a field or word that lies in a slot which shows what was typed there, and of a slot on the scan.
_SHARED = 0.5
_BEYOND = "this place lies beyond the edge of the scan"


def on_copy(
    page: Grey, layout: PageLayout, marks: Sequence[Mark], *, dpi: float, match: FormMatch
) -> list[SlotState]:
    """The template's slots, and what stands there beside its print; in pixels of the page."""
    turn = _laid(page, match, dpi=dpi)
    fields = [straight(field, turn) for field in layout.fields]
    words = [straight(word, turn) for word in layout.words]
    slots = list(_slots(match, fields, words, dpi=dpi))
    form = _print(match, turn.page, dpi=dpi)
    states = judge_slots(turn.page, slots, [straight(mark, turn) for mark in marks], form=form)
    seen = [state if _is_on_scan(state.slot, turn) else unseen([state.slot], _BEYOND)[0] for state in states]
    return [as_it_lay(state, turn) for state in seen]


def _is_on_scan(slot: PageSlot, turn: Straightened[Grey]) -> bool:
    """Whether most of a slot lies on the page that was scanned: beyond its edges nobody could look."""
    lying = turn.to_original(Box(slot.x, slot.y, slot.width, slot.height))
    area = Area(x=lying.x, y=lying.y, width=lying.width, height=lying.height)
    return area.share_in(Area(x=0, y=0, width=turn.width, height=turn.height)) > _SHARED


def _laid(page: Grey, match: FormMatch, *, dpi: float) -> Straightened[Grey]:
    """The page as it lies on the template, at its own resolution."""
    matrix = match.registration.matrix.copy()
    matrix[:, 2] *= dpi
    form = match.template.page
    size = (round(form.width * dpi / 72), round(form.height * dpi / 72))
    laid = cv2.warpAffine(page, matrix, size, flags=cv2.INTER_LINEAR, borderValue=(255,))
    return Straightened(np.asarray(laid, np.uint8), page.shape[1], page.shape[0], matrix)


def _print(match: FormMatch, page: Grey, *, dpi: float) -> Ink:
    """What the blank form prints, a little wider, at the size of the page."""
    side = 2 * max(1, round(_AROUND * dpi)) + 1
    black = cv2.resize(match.template.print, (page.shape[1], page.shape[0]), interpolation=cv2.INTER_LINEAR)
    dark = np.where(black < BLACK, np.uint8(255), np.uint8(0))
    return np.asarray(cv2.dilate(dark, np.ones((side, side), np.uint8)), np.uint8)


def _slots(
    match: FormMatch, fields: Sequence[FormField], words: Sequence[Word], *, dpi: float
) -> Iterator[PageSlot]:
    name = match.template.name
    for slot in match.template.page.slots:
        area = _pixels(slot, dpi)
        anchor = Anchor(**area.model_dump(), text=slot.text or name, source=AnchorSource.TEMPLATE)
        typed = next((field.value for field in fields if field.share_in(area) > _SHARED), "")
        written = " ".join(word.text for word in words if word.share_in(area) > _SHARED)
        typed = typed or (written if is_typed(written) else "")
        yield PageSlot(
            **area.model_dump(), kind=slot.kind, party=slot.party, anchor=anchor, typed=typed, template=name
        )


def _pixels(slot: TemplateSlot, dpi: float) -> Area:
    unit = dpi / 72
    return Area(x=slot.x * unit, y=slot.y * unit, width=slot.width * unit, height=slot.height * unit)

"""The slots of one page with what stands in them: by a template, its own words, or words that are read."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from worker.slots.copies import on_copy
from worker.slots.finder import find_slots
from worker.slots.print_runs import has_curves, is_on_its_side
from worker.slots.scans import on_scan
from worker.slots.status import judge_slots
from worker.slots.templates import Templates
from worker.slots.turned import UprightPage, turns_of_words
from worker.slots.values import Mark, PageLayout, SlotKind, SlotState
from worker.vision.detection.orientation import turns_to_upright
from worker.vision.reading import LineReader
from worker.vision.values import Grey

#: Pixels of a side below which nothing can be asked for on a page.
_SMALLEST = 16


@dataclass(frozen=True, slots=True)
class Means:
    """What slots are found with beside words and lines: a reader of scans, and templates."""

    reader: LineReader | None = None
    templates: Templates = field(default_factory=Templates)


def page_slots(
    page: Grey, layout: PageLayout, marks: Sequence[Mark], *, dpi: float, means: Means
) -> list[SlotState]:
    """The slots of a page, from top to bottom, and what stands there; in pixels of the page.

    A copy of a template has the template's. A page that says nothing of itself is a scan: where there is a
    reader, it reads what may name a place.
    """
    if min(page.shape) < _SMALLEST:
        return []
    match = means.templates.match(page, dpi=dpi)
    if match is not None:
        return on_copy(page, layout, marks, dpi=dpi, match=match)
    turns = turns_of_words(layout.words) if layout.words else _turns_of_scan(page, dpi=dpi, means=means)
    if turns and not layout.fields:
        return _upright(page, layout, marks, dpi=dpi, means=means, turns=turns)
    return _lying(page, layout, marks, dpi=dpi, means=means)


def _upright(
    page: Grey, layout: PageLayout, marks: Sequence[Mark], *, dpi: float, means: Means, turns: int
) -> list[SlotState]:
    """The slots of a page that lies on its side or upside down."""
    upright = UprightPage.by(page, turns)
    turned_layout = PageLayout(words=tuple(upright.to_upright(word) for word in layout.words))
    turned_marks = [upright.to_upright(mark) for mark in marks]
    states = _lying(upright.page, turned_layout, turned_marks, dpi=dpi, means=means)
    return sorted(map(upright.as_it_lay, states), key=lambda state: (state.slot.y, state.slot.x))


def _turns_of_scan(page: Grey, *, dpi: float, means: Means) -> int:
    """The quarter turns of a scan whose print stands on its side; 0 where nobody could read it anyway."""
    if means.reader is None or not is_on_its_side(page, dpi=dpi):
        return 0
    return turns_to_upright(page)


def _lying(
    page: Grey, layout: PageLayout, marks: Sequence[Mark], *, dpi: float, means: Means
) -> list[SlotState]:
    """The slots of a page that lies as it is read."""
    if layout.words or layout.fields or means.reader is None:
        slots = find_slots(page, layout, dpi=dpi)
        is_asked = layout.fields or any(slot.kind is not SlotKind.DATE for slot in slots)
        if is_asked or means.reader is None or not has_curves(page, layout.words, dpi=dpi):
            return judge_slots(page, slots, marks)
    return on_scan(page, layout.words, marks, dpi=dpi, reader=means.reader)

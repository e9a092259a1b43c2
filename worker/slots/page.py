"""The slots of one page with what stands in them, whether its words are known or have to be read."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

from worker.slots.finder import find_slots
from worker.slots.ruling import find_ruling
from worker.slots.scans import read_words
from worker.slots.status import judge_slots
from worker.slots.values import AnchorSource, Area, Mark, PageLayout, SlotState
from worker.vision.detection.skew import Straightened, skew_degrees
from worker.vision.reading import LineReader
from worker.vision.values import Box, Grey

#: Degrees from which a scan is laid straight, and how many times as clear its rows must be then.
_LEAST, _CLEARER = 0.25, 1.05

_Placed = TypeVar("_Placed", bound=Area)


def page_slots(
    page: Grey, layout: PageLayout, marks: Sequence[Mark], *, dpi: float, reader: LineReader | None
) -> list[SlotState]:
    """The slots of a page, from top to bottom, and what stands there; in pixels of the page.

    A page that says nothing of itself is a scan: where there is a `reader`, it reads what may name a place.
    """
    if layout.words or layout.fields or reader is None:
        return judge_slots(page, find_slots(page, layout, dpi=dpi), marks)
    return _on_scan(page, marks, dpi=dpi, reader=reader)


def _on_scan(page: Grey, marks: Sequence[Mark], *, dpi: float, reader: LineReader) -> list[SlotState]:
    """The same on a page that is read; it is laid straight first."""
    turn = Straightened.by(page, skew_degrees(page, least=_LEAST, clearer=_CLEARER))
    ruling = find_ruling(turn.page, dpi=dpi)
    words = read_words(turn.page, ruling, dpi=dpi, reader=reader)
    slots = find_slots(
        turn.page, PageLayout(words=tuple(words)), dpi=dpi, source=AnchorSource.OCR, ruling=ruling
    )
    states = judge_slots(turn.page, slots, [_at(mark, turn.done(_box(mark))) for mark in marks])
    return [_undone(state, turn) for state in states]


def _undone(state: SlotState, turn: Straightened[Grey]) -> SlotState:
    """The same in pixels of the page as it lay."""
    slot = _at(state.slot, turn.undone(_box(state.slot)))
    anchor = _at(slot.anchor, turn.undone(_box(slot.anchor)))
    return state.model_copy(update={"slot": slot.model_copy(update={"anchor": anchor})})


def _box(area: Area) -> Box:
    return Box(area.x, area.y, area.width, area.height)


def _at(area: _Placed, box: Box) -> _Placed:
    return area.model_copy(update={"x": box.x, "y": box.y, "width": box.width, "height": box.height})

"""Slots and marks on a page that was laid straight, and back on the page as it lay."""

from __future__ import annotations

from typing import TypeVar

from worker.slots.values import Area, SlotState
from worker.vision.detection.skew import Straightened
from worker.vision.values import Box, Grey

_Placed = TypeVar("_Placed", bound=Area)


def straight(area: _Placed, turn: Straightened[Grey]) -> _Placed:
    """What lies somewhere on the page as it lay, on the straight one."""
    return _at(area, turn.to_straight(_box(area)))


def as_it_lay(state: SlotState, turn: Straightened[Grey]) -> SlotState:
    """A slot of the straight page, with its anchor, on the page as it lay."""
    slot = _at(state.slot, turn.to_original(_box(state.slot)))
    anchor = _at(slot.anchor, turn.to_original(_box(slot.anchor)))
    return state.model_copy(update={"slot": slot.model_copy(update={"anchor": anchor})})


def _box(area: Area) -> Box:
    return Box(area.x, area.y, area.width, area.height)


def _at(area: _Placed, box: Box) -> _Placed:
    return area.model_copy(update={"x": box.x, "y": box.y, "width": box.width, "height": box.height})

"""Slots and marks on a page that was laid straight or upright, and back on the page as it lay."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import groupby, pairwise
from typing import TypeVar

import numpy as np

from worker.slots.values import Area, SlotState, Word
from worker.vision.detection.orientation import turned_box
from worker.vision.detection.skew import Straightened
from worker.vision.values import Box, Grey

_Placed = TypeVar("_Placed", bound=Area)

#: Words that follow each other on a line before their direction is believed, and their share of all such.
_STEPS, _MOST = 12, 0.6


@dataclass(frozen=True, slots=True, eq=False)
class UprightPage:
    """A page after so many quarter turns anticlockwise, and the way to it from one of that size."""

    page: Grey
    width: int
    height: int
    turns: int

    @classmethod
    def by(cls, page: Grey, turns: int) -> UprightPage:
        """The page turned so."""
        height, width = page.shape
        return cls(np.ascontiguousarray(np.rot90(page, turns)), width, height, turns)

    def to_upright(self, area: _Placed) -> _Placed:
        """Where something lies on the upright page."""
        return _at(area, turned_box(_box(area), self.turns, width=self.width, height=self.height))

    def as_it_lay(self, state: SlotState) -> SlotState:
        """A slot of the upright page on the page as it lay."""
        height, width = self.page.shape
        return _moved(state, lambda box: turned_box(box, -self.turns, width=width, height=height))


def turns_of_words(words: Sequence[Word]) -> int:
    """How many quarter turns anticlockwise lay a page upright, by where words lead; 0 in doubt."""
    steps = Counter(
        _turns(word, following)
        for _, line in groupby(words, key=lambda word: word.line)
        for word, following in pairwise(line)
    )
    turns, count = max(steps.items(), key=lambda step: step[1], default=(0, 0))
    return turns if count >= max(_STEPS, _MOST * steps.total()) else 0


def _turns(word: Word, following: Word) -> int:
    """The turns after which one word leads to the right of another."""
    across, down = following.x - word.x, following.y - word.y
    if abs(across) >= abs(down):
        return 0 if across >= 0 else 2
    return 1 if down > 0 else 3


def straight(area: _Placed, turn: Straightened[Grey]) -> _Placed:
    """What lies somewhere on the page as it lay, on the straight one."""
    return _at(area, turn.to_straight(_box(area)))


def as_it_lay(state: SlotState, turn: Straightened[Grey]) -> SlotState:
    """A slot of the straight page, with its anchor, on the page as it lay."""
    return _moved(state, turn.to_original)


def _moved(state: SlotState, move: Callable[[Box], Box]) -> SlotState:
    slot = _at(state.slot, move(_box(state.slot)))
    anchor = _at(slot.anchor, move(_box(slot.anchor)))
    return state.model_copy(update={"slot": slot.model_copy(update={"anchor": anchor})})


def _box(area: Area) -> Box:
    return Box(area.x, area.y, area.width, area.height)


def _at(area: _Placed, box: Box) -> _Placed:
    return area.model_copy(update={"x": box.x, "y": box.y, "width": box.width, "height": box.height})

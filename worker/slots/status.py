"""What stands in each slot of a page, from the marks that were detected and the ink that lies there."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from worker.slots.ruling import PAPER, Ink, ink_of
from worker.slots.values import Area, Mark, PageSlot, SlotKind, SlotState, SlotStatus
from worker.vision.choices import Label
from worker.vision.values import Grey

#: A mark is taller than its slot: it counts as far as it lies within so many heights above and beneath.
_ABOVE, _BELOW = 1.0, 0.6
#: Share of a mark that must lie there; with less of it, the mark only reaches in.
_LIES, _REACHES = 0.35, 0.1
#: Share of a slot that is ink from which it is not empty.
INKED = 0.012
#: Share of a mark's box that is ink beside the print of a form; with less of it, the mark is print.
_MARK_INK = 0.008
#: Share of a slot that a bar must cover, and how dark its pixels are.
_BAR, _BLACK = 0.5, 96
#: Pixels at each edge of a slot that its own lines may take, as a share of its height.
_EDGE = 0.12
#: Detected labels by the kind of slot that asks for such a mark.
_WANTED = {
    SlotKind.SIGNATURE: frozenset({Label.SIGNATURE, Label.INITIALS}),
    SlotKind.INITIALS: frozenset({Label.INITIALS, Label.SIGNATURE}),
    SlotKind.DATE: frozenset({Label.HANDWRITTEN_DATE, Label.HANDWRITING}),
    SlotKind.STAMP: frozenset({Label.STAMP_OR_LOGO}),
}
#: Marks of a hand, whatever they say.
BY_HAND = frozenset({Label.SIGNATURE, Label.INITIALS, Label.HANDWRITTEN_DATE, Label.HANDWRITING})
#: Why a date's slot is filled where nobody names what stands there.
_WRITTEN = "something is written where a date is asked for"
#: What each kind is called in a sentence.
_NAMES = {
    SlotKind.SIGNATURE: "signature",
    SlotKind.INITIALS: "initials",
    SlotKind.DATE: "date",
    SlotKind.STAMP: "stamp",
}


#: The same with the words around them, as marks and as what is asked for.
_STAND = {
    Label.SIGNATURE: "a signature stands",
    Label.INITIALS: "initials stand",
    Label.HANDWRITTEN_DATE: "a handwritten date stands",
    Label.HANDWRITING: "handwriting stands",
    Label.STAMP_OR_LOGO: "a stamp stands",
}
_ASKED = {
    SlotKind.SIGNATURE: "a signature is asked for",
    SlotKind.INITIALS: "initials are asked for",
    SlotKind.DATE: "a date is asked for",
    SlotKind.STAMP: "a stamp is asked for",
}
_STANDS_HERE = {
    SlotKind.SIGNATURE: "a signature stands",
    SlotKind.INITIALS: "initials stand",
    SlotKind.DATE: "a date stands",
    SlotKind.STAMP: "a stamp stands",
}
#: A date is so many times wider than high at least: the detector calls some of them initials.
_DATE_WIDE = 1.5


@dataclass(frozen=True, slots=True)
class _Evidence:
    """What there is to say of one slot."""

    slot: PageSlot
    #: Marks that belong here, best score first, and those of neighbours that reach in.
    marks: tuple[Mark, ...]
    reaching: tuple[Mark, ...]
    ink: float
    #: Share of the slot that is black: a field with a tint is no bar.
    black: float


class _Shares:
    """How much of a slot is ink, and how much is black, its edges left out; in [0, 1]."""

    def __init__(self, page: Grey, form: Ink | None) -> None:
        self._page, self._form = page, form

    def ink(self, slot: Area) -> float:
        """Share that is darker than the paper around it, and no print of the form."""
        rows, columns = _inside(slot)
        above, left = max(rows.start - PAPER, 0), max(columns.start - PAPER, 0)
        around = self._page[above : rows.stop + PAPER, left : columns.stop + PAPER]
        if not around.size:
            return 0.0
        here = slice(rows.start - above, rows.stop - above), slice(columns.start - left, columns.stop - left)
        inked = ink_of(around)[here] > 0
        return _share(inked if self._form is None else inked & (self._form[rows, columns] == 0))

    def black(self, slot: Area) -> float:
        """Share that is black."""
        return _share(self._page[_inside(slot)] < _BLACK)


def _inside(slot: Area) -> tuple[slice, slice]:
    edge = max(2.0, _EDGE * slot.height)
    rows = slice(max(round(slot.y + edge), 0), max(round(slot.bottom - edge), 0))
    return rows, slice(max(round(slot.x + edge), 0), max(round(slot.right - edge), 0))


def _share(pixels: npt.NDArray[np.bool_]) -> float:
    return float(np.count_nonzero(pixels) / pixels.size) if pixels.size else 0.0


def judge_slots(
    page: Grey, slots: Sequence[PageSlot], marks: Sequence[Mark], *, form: Ink | None = None
) -> list[SlotState]:
    """What stands in each slot, in their order. A mark belongs to one slot: the one that it lies in most.

    `form` is the print of the page's template, where it has one: it is no ink in a slot.
    """
    shares = _Shares(page, form)
    # What a detector takes for a mark may be the form's own print.
    marks = [mark for mark in marks if form is None or shares.ink(mark) >= _MARK_INK]
    homes = {mark.index: _home(mark, slots) for mark in marks}
    return [_judge(_evidence(number, slot, marks, homes, shares)) for number, slot in enumerate(slots)]


def unseen(slots: Iterable[PageSlot], reason: str) -> list[SlotState]:
    """Slots that nobody could look at, with the reason in a sentence."""
    return [SlotState(slot=slot, status=SlotStatus.UNKNOWN, reason=reason) for slot in slots]


def _home(mark: Mark, slots: Sequence[PageSlot]) -> int | None:
    """The slot that a mark lies in most; None where it lies in none."""
    shares = [mark.share_in(_reach(slot)) * (1.0 + mark.share_in(slot)) for slot in slots]
    best = max(range(len(slots)), key=shares.__getitem__, default=None)
    return best if best is not None and mark.share_in(_reach(slots[best])) >= _LIES else None


def _reach(slot: Area) -> Area:
    height = slot.height * (1 + _ABOVE + _BELOW)
    return Area(x=slot.x, y=slot.y - _ABOVE * slot.height, width=slot.width, height=height)


def _evidence(
    number: int, slot: PageSlot, marks: Sequence[Mark], homes: dict[int, int | None], shares: _Shares
) -> _Evidence:
    at_home = sorted((mark for mark in marks if homes[mark.index] == number), key=lambda mark: -mark.score)
    reaching = [
        mark
        for mark in marks
        if homes[mark.index] not in (number, None)
        and mark.share_in(slot) >= _REACHES
        and mark.label in BY_HAND
    ]
    return _Evidence(slot, tuple(at_home), tuple(reaching), shares.ink(slot), shares.black(slot))


def _judge(evidence: _Evidence) -> SlotState:
    for rule in (_covered, _signed, _typed, _written_on_copy, _of_another_kind, _of_a_neighbour, _inked):
        state = rule(evidence)
        if state is not None:
            return state
    return _state(evidence, SlotStatus.UNSIGNED, "the line is empty")


def _state(evidence: _Evidence, status: SlotStatus, reason: str, mark: Mark | None = None) -> SlotState:
    return SlotState(
        slot=evidence.slot,
        status=status,
        reason=reason,
        region=None if mark is None else mark.index,
        score=None if mark is None else mark.score,
        ink=round(evidence.ink, 4),
    )


def _covered(evidence: _Evidence) -> SlotState | None:
    bars = [mark for mark in evidence.marks if mark.label == Label.REDACTION]
    if sum(evidence.slot.share_in(bar) for bar in bars) < _BAR or evidence.black < _BAR:
        return None
    return _state(evidence, SlotStatus.COVERED, f"a bar lies over the {_place(evidence.slot)}", bars[0])


def _signed(evidence: _Evidence) -> SlotState | None:
    """The mark that the slot asks for; one that does not sign is weak evidence, unless a template asks."""
    wanted = [mark for mark in evidence.marks if mark.label in _WANTED[evidence.slot.kind]]
    if not wanted:
        return None
    mark = next((mark for mark in wanted if mark.signs is not False), wanted[0])
    is_doubtful = mark.signs is False and evidence.slot.template is None
    if is_doubtful and evidence.slot.kind in (SlotKind.SIGNATURE, SlotKind.INITIALS):
        reason = f"the mark here hardly signs where {_ASKED[evidence.slot.kind]}"
        return _state(evidence, SlotStatus.LOW_EVIDENCE, reason, mark)
    stands = _STANDS_HERE[evidence.slot.kind]
    return _state(evidence, SlotStatus.SIGNED, f"{stands} here, score {mark.score:.2f}", mark)


def _typed(evidence: _Evidence) -> SlotState | None:
    typed = evidence.slot.typed
    return _state(evidence, SlotStatus.TYPED, f"typed: “{typed[:80]}”") if typed else None


def _written_on_copy(evidence: _Evidence) -> SlotState | None:
    """On a copy of a template, plain handwriting signs where a signature is asked for: some write legibly."""
    signs = evidence.slot.kind in (SlotKind.SIGNATURE, SlotKind.INITIALS)
    if evidence.slot.template is None or not signs:
        return None
    mark = next((mark for mark in evidence.marks if mark.label == "handwriting"), None)
    if mark is None:
        return None
    reason = f"handwriting stands where {_ASKED[evidence.slot.kind]}"
    return _state(evidence, SlotStatus.SIGNED, reason, mark)


def _of_another_kind(evidence: _Evidence) -> SlotState | None:
    marks = [mark for mark in evidence.marks if mark.label in BY_HAND]
    if not marks:
        return None
    mark, kind = marks[0], evidence.slot.kind
    if kind is SlotKind.DATE and mark.label == Label.INITIALS and mark.width >= _DATE_WIDE * mark.height:
        return _state(evidence, SlotStatus.SIGNED, _WRITTEN, mark)
    if kind is SlotKind.DATE or mark.label == Label.HANDWRITTEN_DATE:
        reason = f"{_STAND[Label(mark.label)]} where {_ASKED[kind]}"
        return _state(evidence, SlotStatus.WRONG_SLOT, reason, mark)
    reason = f"handwriting that hardly signs stands where {_ASKED[kind]}"
    return _state(evidence, SlotStatus.LOW_EVIDENCE, reason, mark)


def _of_a_neighbour(evidence: _Evidence) -> SlotState | None:
    if not evidence.reaching or evidence.ink < INKED:
        return None
    reason = f"the ink here belongs to a neighbouring line; the {_place(evidence.slot)} has none of its own"
    return _state(evidence, SlotStatus.WRONG_SLOT, reason, evidence.reaching[0])


def _inked(evidence: _Evidence) -> SlotState | None:
    """Ink that no detector names: in a date's slot a date is present, elsewhere it is weak evidence."""
    if evidence.ink < INKED:
        return None
    if evidence.slot.kind is SlotKind.DATE:
        return _state(evidence, SlotStatus.SIGNED, _WRITTEN)
    place, name = _place(evidence.slot), _NAMES[evidence.slot.kind]
    reason = f"{evidence.ink:.1%} of the {place} is ink, but no {name} was found"
    return _state(evidence, SlotStatus.LOW_EVIDENCE, reason)


def _place(slot: PageSlot) -> str:
    return f"{slot.party}’s {_NAMES[slot.kind]} line" if slot.party else f"{_NAMES[slot.kind]} line"

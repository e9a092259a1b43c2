"""What stands in a slot: from marks, ink and type."""

from __future__ import annotations

import numpy as np
import pytest

from worker.slots.status import judge_slots, unseen
from worker.slots.values import Anchor, AnchorSource, Mark, PageSlot, SlotKind, SlotStatus
from worker.vision.values import Grey


def slot(
    kind: SlotKind = SlotKind.SIGNATURE, *, y: float = 100, party: str | None = None, typed: str = ""
) -> PageSlot:
    anchor = Anchor(x=10, y=y, width=80, height=20, text="Signature", source=AnchorSource.TEXT_LAYER)
    return PageSlot(x=100, y=y, width=300, height=40, kind=kind, anchor=anchor, party=party, typed=typed)


def mark(label: str = "signature", *, y: float = 90, height: float = 60, signs: bool | None = True) -> Mark:
    return Mark(x=150, y=y, width=150, height=height, index=3, label=label, score=0.9, signs=signs)


def blank() -> Grey:
    return np.full((400, 600), 255, np.uint8)


def status(wanted: PageSlot, *marks: Mark, page: Grey | None = None) -> tuple[SlotStatus, str]:
    (state,) = judge_slots(blank() if page is None else page, [wanted], marks)
    return state.status, state.reason


def test_the_mark_that_is_asked_for_signs_the_slot() -> None:
    (state,) = judge_slots(blank(), [slot()], [mark()])

    assert (state.status, state.region, state.score, state.ink) == (SlotStatus.SIGNED, 3, 0.9, 0.0)
    assert state.reason == "a signature stands here, score 0.90"


def test_nothing_at_all_leaves_it_unsigned() -> None:
    assert status(slot(party="tenant")) == (SlotStatus.UNSIGNED, "the line is empty")


def test_a_mark_elsewhere_says_nothing() -> None:
    assert status(slot(), mark(y=300))[0] is SlotStatus.UNSIGNED


def test_a_mark_that_does_not_sign_is_weak_evidence() -> None:
    assert status(slot(), mark(signs=False))[0] is SlotStatus.LOW_EVIDENCE


def test_a_signature_where_a_date_is_asked_for_is_in_the_wrong_slot() -> None:
    found_status, reason = status(slot(SlotKind.DATE), mark())

    assert found_status is SlotStatus.WRONG_SLOT
    assert reason == "a signature stands where a date is asked for"


def test_a_date_where_a_signature_is_asked_for_is_in_the_wrong_slot() -> None:
    assert status(slot(), mark("handwritten_date"))[0] is SlotStatus.WRONG_SLOT


def test_handwriting_on_a_signature_line_is_weak_evidence() -> None:
    assert status(slot(), mark("handwriting"))[0] is SlotStatus.LOW_EVIDENCE


def test_a_handwritten_date_fills_the_slot_of_a_date() -> None:
    assert status(slot(SlotKind.DATE), mark("handwritten_date"))[0] is SlotStatus.SIGNED


def test_ink_of_a_neighbour_that_reaches_in_does_not_sign() -> None:
    below = mark(y=125, height=80)

    inked = blank()
    inked[110:128, 150:200] = 0

    first, second = judge_slots(inked, [slot(), slot(y=145)], [below])
    empty, _ = judge_slots(blank(), [slot(), slot(y=145)], [below])

    assert (first.status, first.region) == (SlotStatus.WRONG_SLOT, 3)
    assert second.status is SlotStatus.SIGNED
    assert (empty.status, empty.reason) == (SlotStatus.UNSIGNED, "the line is empty")


def test_wide_initials_are_a_date_where_a_date_is_asked_for() -> None:
    assert status(slot(SlotKind.DATE), mark("initials"))[0] is SlotStatus.SIGNED
    assert status(slot(SlotKind.DATE), mark("initials", y=50, height=110)) == (
        SlotStatus.WRONG_SLOT,
        "initials stand where a date is asked for",
    )


def test_a_mark_that_is_print_of_the_form_is_none() -> None:
    printed = blank()
    printed[100:140:8, 160:290] = 0
    form = np.where(printed < 128, np.uint8(255), np.uint8(0))
    written = printed.copy()
    written[104:136:8, 160:290] = 0

    (bare,) = judge_slots(printed, [slot()], [mark()], form=form)
    (signed,) = judge_slots(written, [slot()], [mark()], form=form)

    assert bare.status is SlotStatus.UNSIGNED
    assert signed.status is SlotStatus.SIGNED


def test_initials_are_spoken_of_as_many() -> None:
    assert status(slot(SlotKind.INITIALS), mark("initials"))[1] == "initials stand here, score 0.90"


def test_a_bar_covers_the_slot() -> None:
    bar = Mark(x=100, y=100, width=290, height=38, index=0, label="redaction", score=0.8)

    page = blank()
    page[100:140, 100:390] = 0

    assert status(slot(), bar, page=page)[0] is SlotStatus.COVERED


def test_the_tint_of_a_field_is_no_bar() -> None:
    tint = Mark(x=100, y=100, width=300, height=40, index=0, label="redaction", score=0.8)
    page = blank()
    page[90:150, 90:410] = 200

    assert status(slot(), tint, page=page)[0] is SlotStatus.UNSIGNED


def test_letters_of_a_machine_are_told() -> None:
    assert status(slot(typed="/s/ Jane Doe")) == (SlotStatus.TYPED, "typed: “/s/ Jane Doe”")


@pytest.mark.parametrize(
    ("kind", "expected"),
    [(SlotKind.SIGNATURE, SlotStatus.LOW_EVIDENCE), (SlotKind.DATE, SlotStatus.SIGNED)],
)
def test_ink_without_a_mark_is_a_date_but_hardly_a_signature(kind: SlotKind, expected: SlotStatus) -> None:
    page = blank()
    page[112:126, 150:160] = 0

    assert status(slot(kind), page=page)[0] is expected


def test_a_slot_off_the_page_has_no_ink() -> None:
    assert status(slot(y=900))[0] is SlotStatus.UNSIGNED


def test_slots_of_a_page_that_could_not_be_read_are_unknown() -> None:
    (state,) = unseen([slot()], "the page could not be read")

    assert (state.status, state.ink) == (SlotStatus.UNKNOWN, None)

"""The report draws the places that ask for a mark, in the state that they are in."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from tests.results import document, page
from worker.report.drawing import SLOT_COLOURS, UNCOMPARED, Colour
from worker.report.html import write_report
from worker.report.pages import slot_mark
from worker.result import AnchorResult, CompletenessResult, SlotResult
from worker.rules.evaluation import Completeness
from worker.slots.values import AnchorSource, SlotKind, SlotStatus
from worker.vision.images import encode_png

PICTURE = encode_png(np.full((300, 400), 255, np.uint8))


def slot(page: int, status: SlotStatus, *, party: str | None = None) -> SlotResult:
    box = {"x": 40, "y": 100, "width": 200, "height": 40}
    anchor = AnchorResult(**box, text="Signature", source=AnchorSource.TEXT_LAYER)
    facts = {"id": f"{page + 1}-1", "page": page, "kind": SlotKind.SIGNATURE, "party": party, "reason": "so"}
    return SlotResult(**box, **facts, anchor=anchor, status=status)


@pytest.mark.parametrize(
    ("status", "party", "text", "colour"),
    [
        (SlotStatus.SIGNED, "tenant", "", SLOT_COLOURS[SlotStatus.SIGNED]),
        (SlotStatus.UNSIGNED, "tenant", "tenant signature: unsigned", SLOT_COLOURS[SlotStatus.UNSIGNED]),
        (SlotStatus.LOW_EVIDENCE, None, "signature: low evidence", SLOT_COLOURS[SlotStatus.LOW_EVIDENCE]),
        (SlotStatus.UNKNOWN, None, "signature: unknown", UNCOMPARED),
    ],
)
def test_a_slot_is_drawn_in_the_colour_of_its_state(
    status: SlotStatus, party: str | None, text: str, colour: Colour
) -> None:
    mark = slot_mark(slot(0, status, party=party))

    assert (mark.text, mark.colour, mark.is_place) == (text, colour, True)
    assert (mark.box.x, mark.box.height) == (40, 40)


def test_a_page_that_asks_for_a_mark_and_has_none_is_shown_large_and_the_document_is_to_look_at(
    tmp_path: Path,
) -> None:
    lacking = CompletenessResult(answer=Completeness.INCOMPLETE, unmet=("page 2: missing",))
    lacking_one = document(pages=[page(), page(1), page(2)]).model_copy(
        update={"slots": (slot(1, SlotStatus.UNSIGNED),), "completeness": lacking}
    )

    read = write_report([lacking_one], tmp_path / "report.html", load_image=lambda key: PICTURE).read_text()

    assert "1 page without a mark where one is asked for" in read
    assert 'alt="Page 2 with what was found on it"' in read
    assert "Page 3 with what was found on it" not in read
    assert "To look at first" in read and "a mark that it asks for is missing" in read

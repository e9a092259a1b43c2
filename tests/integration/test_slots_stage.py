"""The slots of a document, and whether it is in good order: as rows, in the result, in the history."""

from __future__ import annotations

import json

import cv2
import numpy as np
import pymupdf
import pytest
from sqlalchemy import select

from db.answers import Asked
from db.engine import make_engine
from db.migrate import upgrade
from db.models import Chunk
from db.reopening import verify_again
from db.states import AnswerCause, ChunkStage, Status
from tests.world import World
from worker.pipeline import PIPELINE
from worker.result import DocumentResult
from worker.result.rows import document_history
from worker.rules.reading import read_rules
from worker.slots.page import Means
from worker.slots.values import FormField, PageLayout, SlotKind, Word
from worker.vision.images import encode_png
from worker.vision.reading import load_line_reader
from worker.vision.values import RenderedPage

LEASE = b"""
countersign: 1
type: lease
version: 3
applies: {keys: [leases/]}
needs:
  - {party: tenant}
  - {party: landlord}
"""


@pytest.fixture
def world(database_url: str) -> World:
    engine = make_engine(database_url)
    upgrade(engine)
    return World(engine, slots=True, rules=[read_rules(LEASE, "lease.yaml")])


def lease(*, landlord: bool) -> RenderedPage:
    """A page with two lines to sign on; the tenant has."""
    page = np.full((600, 900, 3), 255, np.uint8)
    words = []
    for number, (party, signs) in enumerate({"tenant": True, "landlord": landlord}.items()):
        y = 200 + 200 * number
        # Lighter than the detector of these tests looks for.
        cv2.line(page, (300, y), (800, y), (150, 150, 150), 2)
        if signs:
            page[y - 40 : y - 8, 400:600] = 20
        for place, word in enumerate(("Signature", "of", f"{party}:")):
            area = {"x": 40 + 85 * place, "y": y - 16, "width": 80, "height": 16}
            words.append(Word(**area, text=word, line=number))
    field = FormField(x=100, y=500, width=200, height=40, name="witness_signature", kind=SlotKind.SIGNATURE)
    layout = PageLayout(words=tuple(words), fields=(field,))
    return rendered(page, layout.model_dump_json())


def rendered(page: np.ndarray[tuple[int, ...], np.dtype[np.uint8]], layout: str | None) -> RenderedPage:
    height, width = page.shape[:2]
    points = (width * 0.72, height * 0.72)
    return RenderedPage(0, encode_png(page), "png", width, height, 100.0, "rendered", points, layout=layout)


def result_of(world: World, document_id: int) -> DocumentResult:
    key = world.document(document_id).result_key
    return DocumentResult.model_validate_json(world.store.objects[key or ""])


def test_slots_and_the_answer_of_the_rules_stand_in_the_result(world: World) -> None:
    document_id = world.arrive("leases/a.pdf", [lease(landlord=True)])

    assert world.through(document_id).status is Status.DONE

    result = result_of(world, document_id)
    assert [(slot.id, slot.party, slot.status) for slot in result.slots] == [
        ("1-1", "tenant", "signed"),
        ("1-2", "landlord", "signed"),
        ("1-3", "witness", "unsigned"),
    ]
    assert result.slots[0].points is not None and result.slots[0].points.width == pytest.approx(362, abs=4)
    assert result.completeness is not None
    assert (result.completeness.answer, result.completeness.type, result.completeness.version) == (
        "complete",
        "lease",
        3,
    )


def test_what_is_missing_is_told_in_the_result_and_in_the_history(world: World) -> None:
    document_id = world.arrive("leases/b.pdf", [lease(landlord=False)])

    world.through(document_id)

    sentence = "page 1: the landlord’s signature is missing; the line is empty"
    completeness = result_of(world, document_id).completeness
    assert completeness is not None and completeness.unmet == (sentence,)
    with world.sessions() as session:
        history = document_history(session, document_id)
    assert [(event.event, event.detail) for event in history.events if event.event == "completeness"] == [
        ("completeness", f"incomplete: {sentence}")
    ]
    assert history.completeness == completeness


def test_a_document_that_lacks_a_mark_can_be_verified_again(world: World) -> None:
    document_id = world.arrive("leases/b.pdf", [lease(landlord=False)])
    assert world.through(document_id).status is Status.DONE
    with world.sessions() as session:
        (chunk_id,) = verify_again(session, document_id, Asked(cause=AnswerCause.NEW_REFERENCE))

    world._call([PIPELINE[ChunkStage.VERIFY], PIPELINE[ChunkStage.SLOTS]], chunk_id)
    document = world.closing(document_id)

    assert (document.status, document.reason, document.signed) == (Status.DONE, None, True)
    completeness = result_of(world, document_id).completeness
    assert completeness is not None and completeness.answer == "incomplete"


def test_without_rules_for_its_type_every_slot_of_a_document_is_wanted(world: World) -> None:
    document_id = world.arrive("other/a.pdf", [lease(landlord=True)])

    world.through(document_id)

    completeness = result_of(world, document_id).completeness
    assert completeness is not None
    assert (completeness.answer, completeness.type) == ("incomplete", None)
    assert completeness.unmet == ("page 1: the witness’s signature is missing; the line is empty",)


def test_pages_without_words_leave_the_answer_to_a_person(world: World) -> None:
    blank = np.full((300, 300, 3), 255, np.uint8)
    document_id = world.arrive("other/b.pdf", [rendered(blank, None)])

    world.through(document_id)

    completeness = result_of(world, document_id).completeness
    assert completeness is not None and completeness.doubts == ("no place that asks for a mark was found",)


def test_a_page_whose_layout_is_gone_has_no_slots(world: World) -> None:
    document_id = world.arrive("leases/c.pdf", [lease(landlord=True)])
    world._call(PIPELINE.opening, document_id)
    (chunk_id,) = world.open_chunks(document_id)
    world._call([PIPELINE[ChunkStage.DETECT], PIPELINE[ChunkStage.VERIFY]], chunk_id)
    for key in [key for key in world.store.objects if "/layouts/" in key]:
        del world.store.objects[key]

    world._call([PIPELINE[ChunkStage.SLOTS]], chunk_id)

    assert world.closing(document_id).status is Status.DONE
    assert result_of(world, document_id).slots == ()


def test_a_layout_that_is_no_longer_what_it_was_fails_no_document(world: World) -> None:
    document_id = world.arrive("leases/c.pdf", [rendered(np.full((300, 300, 3), 255, np.uint8), "{")])

    assert world.through(document_id).status is Status.DONE
    assert result_of(world, document_id).slots == ()


@pytest.mark.parametrize("left", [b"no picture", None], ids=["damaged", "gone"])
def test_a_page_image_that_is_damaged_meanwhile_leaves_its_slots_unknown(
    world: World, left: bytes | None
) -> None:
    document_id = world.arrive("other/d.pdf", [lease(landlord=True)])
    world._call(PIPELINE.opening, document_id)
    (chunk_id,) = world.open_chunks(document_id)
    world._call([PIPELINE[ChunkStage.DETECT], PIPELINE[ChunkStage.VERIFY]], chunk_id)
    for key in [key for key in world.store.objects if "/pages/" in key]:
        del world.store.objects[key]
        if left is not None:
            world.store.objects[key] = left

    world._call([PIPELINE[ChunkStage.SLOTS], *PIPELINE.closing], chunk_id)

    (slot,) = result_of(world, document_id).slots
    assert (slot.status, slot.reason) == ("unknown", "the stored page image is damaged")


def test_where_slots_are_not_asked_for_documents_go_past_them(world: World) -> None:
    world.slots = False
    document_id = world.arrive("leases/e.pdf", [lease(landlord=True)])
    world._call(PIPELINE.opening, document_id)
    (chunk_id,) = world.open_chunks(document_id)
    world._call([PIPELINE[ChunkStage.DETECT], PIPELINE[ChunkStage.VERIFY]], chunk_id)

    with world.sessions() as session:
        assert (
            session.execute(select(Chunk.stage).where(Chunk.id == chunk_id)).scalar_one() is ChunkStage.CLOSED
        )
    world._call(PIPELINE.closing, document_id)

    written = json.loads(world.store.objects[world.document(document_id).result_key or ""])
    assert not {"slots", "completeness"} & set(written)


def test_the_words_of_a_scan_are_read(world: World) -> None:
    world.means = Means(load_line_reader())
    drawn = pymupdf.open().new_page(width=400, height=300)
    # Lighter than the detector of these tests looks for.
    drawn.insert_text((40, 200), "Signature of tenant:", color=(0.6, 0.6, 0.6))
    drawn.draw_line((150, 202), (360, 202), color=(0.6, 0.6, 0.6))
    pixels = drawn.get_pixmap(dpi=100)
    page = np.frombuffer(pixels.samples, np.uint8).reshape(pixels.height, pixels.width, 3).copy()
    page[240:270, 300:400] = 20
    document_id = world.arrive("leases/scan.png", [rendered(page, None)])

    assert world.through(document_id).status is Status.DONE

    (slot,) = result_of(world, document_id).slots
    assert (slot.party, slot.status, slot.anchor.source) == ("tenant", "signed", "ocr")
    assert slot.anchor.text == "Signature of tenant:"

"""What one document comes to, stage by stage, on a real database."""

from __future__ import annotations

import json
from collections.abc import Sequence

import pytest
from sqlalchemy import select

from db import documents
from db.models import Chunk, Page, Region, Verdict
from db.states import ChunkStage, PageStatus, Status
from tests.fakes import DarkBlocks, page
from tests.world import World, count
from worker.errors import UnreadablePage
from worker.result.rows import document_result
from worker.steps.detect import detect_chunk
from worker.steps.finish import finish_document
from worker.steps.ports import DetectDeps
from worker.steps.render import render_document
from worker.vision import values
from worker.vision.values import Pixels


def test_a_signed_document_is_done_and_signed(world: World) -> None:
    document_id = world.arrive("letter.pdf", [page(0), page(1, marks=2), page(2)])

    document = world.through(document_id)

    assert (document.status, document.signed, document.pages_total) == (Status.DONE, True, 3)
    assert count(world, Region) == 2
    assert count(world, Verdict) == 2


def test_a_document_without_signature_is_unsigned(world: World) -> None:
    document = world.through(world.arrive("blank.pdf", [page(0)]))

    assert (document.status, document.signed) == (Status.DONE, False)


def test_one_bad_page_fails_alone_and_leaves_signed_unknown(world: World) -> None:
    document_id = world.arrive("torn.pdf", [page(0), UnreadablePage(1, "damaged"), page(2)])

    document = world.through(document_id)

    assert (document.status, document.signed) == (Status.PARTIAL, None)
    assert document.reason == "unreadable_page"
    assert document.detail == "1 of 3 pages could not be read; page 2: damaged"


def test_a_bad_page_does_not_hide_a_signature_on_another(world: World) -> None:
    document = world.through(world.arrive("torn.pdf", [page(0, marks=1), UnreadablePage(1, "damaged")]))

    assert (document.status, document.signed) == (Status.PARTIAL, True)


def test_a_document_whose_every_page_is_bad_fails(world: World) -> None:
    document = world.through(world.arrive("lost.pdf", [UnreadablePage(0, "damaged")]))

    assert (document.status, document.signed, document.reason) == (Status.FAILED, None, "unreadable_page")


def test_a_page_image_damaged_in_storage_fails_alone(world: World) -> None:
    document_id = world.arrive("two.pdf", [page(0, marks=1), page(1)])
    render_document(document_id, world.render_deps)
    with world.sessions() as session:
        key = session.execute(select(Page.image_key).where(Page.index == 1)).scalar_one()
    world.store.objects[key] = b"not an image"

    document = world.through(document_id)

    assert (document.status, document.signed, document.reason) == (Status.PARTIAL, True, "unreadable_page")


class Choking(DarkBlocks):
    """A detector that fails on pages that are not wholly white, or on all."""

    def __init__(self, *, on_all: bool) -> None:
        self._on_all = on_all

    def detect(self, pages: Sequence[Pixels]) -> list[list[values.DetectedRegion]]:
        if self._on_all or any(page.min() < 255 for page in pages):
            raise RuntimeError("no such kernel")
        return super().detect(pages)


def with_detector(world: World, detector: DarkBlocks) -> DetectDeps:
    return DetectDeps(**{**vars(world.detect_deps), "detector": detector})


def test_a_page_that_the_detector_chokes_on_fails_alone(world: World) -> None:
    document_id = world.arrive("odd.pdf", [page(0), page(1, marks=1)])
    render_document(document_id, world.render_deps)
    (chunk_id,) = world.open_chunks(document_id)

    detect_chunk(chunk_id, with_detector(world, Choking(on_all=False)))

    document = world.through(document_id)
    assert (document.status, document.reason) == (Status.PARTIAL, "undetectable_page")
    assert document.detail is not None
    assert "page 2: RuntimeError: no such kernel" in document.detail


def test_a_detector_that_fails_on_every_page_fails_no_page(world: World) -> None:
    document_id = world.arrive("fine.pdf", [page(0), page(1)])
    render_document(document_id, world.render_deps)
    (chunk_id,) = world.open_chunks(document_id)

    with pytest.raises(RuntimeError, match="no such kernel"):
        detect_chunk(chunk_id, with_detector(world, Choking(on_all=True)))

    assert world.through(document_id).status is Status.DONE


def test_a_detector_that_fails_on_the_only_page_fails_no_page(world: World) -> None:
    """With nothing to compare it with, nobody can say that the fault is in the page."""
    document_id = world.arrive("letter.pdf", [page(0, marks=1)])
    render_document(document_id, world.render_deps)
    (chunk_id,) = world.open_chunks(document_id)
    choking = DetectDeps(**vars(world.deps), detector=Choking(on_all=True))

    with pytest.raises(RuntimeError, match="no such kernel"):
        detect_chunk(chunk_id, choking)

    assert world.through(document_id).status is Status.DONE


def test_the_result_in_storage_says_what_the_rows_say(world: World) -> None:
    document_id = world.arrive("letter.pdf", [page(0, marks=1), UnreadablePage(1, "damaged")])
    document = world.through(document_id)

    stored = json.loads(world.store.objects[document.result_key or ""])

    with world.sessions() as session:
        rows = document_result(session, document_id).json_object()
    for name in ("status", "signed", "reason", "detail", "pages", "verdicts", "versions"):
        assert stored[name] == rows[name]
    assert rows["versions"]["detector"] == "d"


def test_a_chunk_of_a_quarantined_document_is_left_alone(world: World) -> None:
    document_id = world.arrive("letter.pdf", [page(0, marks=1)])
    render_document(document_id, world.render_deps)
    (chunk_id,) = world.open_chunks(document_id)
    with world.sessions() as session:
        documents.quarantine(session, document_id, reason="too_many_deliveries", detail="")

    assert not detect_chunk(chunk_id, world.detect_deps)
    assert count(world, Region) == 0


def test_pages_stay_open_until_their_chunk_is_verified(world: World) -> None:
    document_id = world.arrive("letter.pdf", [page(0, marks=1)])
    render_document(document_id, world.render_deps)
    (chunk_id,) = world.open_chunks(document_id)

    assert not finish_document(document_id, world.deps)
    detect_chunk(chunk_id, world.detect_deps)
    assert not finish_document(document_id, world.deps)

    with world.sessions() as session:
        assert session.execute(select(Page.status)).scalar_one() is PageStatus.DETECTED
        assert session.execute(select(Chunk.stage)).scalar_one() is ChunkStage.VERIFY

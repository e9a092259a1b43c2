"""Attempts at a stage: done twice, overtaken, died midway, counted and given up."""

from __future__ import annotations

import pytest
from sqlalchemy import select

from db import events, leases
from db.models import Chunk, Page, Region, Verdict
from db.states import DocumentStage, Status
from tests.fakes import page
from tests.world import World, count, make_overdue
from worker.errors import (
    EncryptedDocument,
    ObjectArchived,
    ObjectDenied,
    ObjectError,
    ObjectMissing,
    ObjectReplaced,
    ObjectUnreadable,
    StorageUnavailable,
    TransientError,
)
from worker.pipeline import PIPELINE
from worker.steps.detect import detect_chunk
from worker.steps.finish import finish_document
from worker.steps.render import render_document
from worker.steps.verify import verify_chunk


def test_a_permanent_error_quarantines_at_once_with_its_code(world: World) -> None:
    document_id = world.arrive("locked.pdf", EncryptedDocument("it asks for a password"))

    document = world.through(document_id)

    assert (document.status, document.reason) == (Status.FAILED, "encrypted_document")
    assert document.detail == "it asks for a password"
    assert document.versions_id is not None


def test_every_stage_done_twice_writes_once(world: World) -> None:
    document_id = world.arrive("letter.pdf", [page(0, marks=1), page(1, marks=1), page(2)])
    world.through(document_id)
    before = [count(world, model) for model in (Page, Region, Verdict)]

    assert not render_document(document_id, world.render_deps)
    with world.sessions() as session:
        chunk_ids = session.execute(select(Chunk.id)).scalars().all()
    assert not any(detect_chunk(one, world.detect_deps) for one in chunk_ids)
    assert not any(verify_chunk(one, world.verify_deps) for one in chunk_ids)
    assert not finish_document(document_id, world.deps)
    assert [count(world, model) for model in (Page, Region, Verdict)] == before


def test_a_second_worker_cannot_claim_what_a_living_one_holds(world: World) -> None:
    document_id = world.arrive("letter.pdf", [page(0)])

    with world.sessions() as session:
        first = leases.claim(session, DocumentStage.RENDER, document_id, seconds=60)
    with world.sessions() as session:
        second = leases.claim(session, DocumentStage.RENDER, document_id, seconds=60)

    assert first is not None
    assert second is None


def test_a_zombie_writes_nothing_after_its_lease_was_taken(world: World) -> None:
    document_id = world.arrive("letter.pdf", [page(0, marks=1)])
    render_document(document_id, world.render_deps)
    (chunk_id,) = world.open_chunks(document_id)

    class Overtaken(type(world.detect_deps.detector)):  # type: ignore[misc]
        """While this detector runs, its lease ends and another worker does the chunk."""

        def detect(self, pages):  # type: ignore[no-untyped-def]
            make_overdue(world)
            assert detect_chunk(chunk_id, world.detect_deps)
            return [[] for _ in pages]

    zombie = world.detect_deps.__class__(**{**vars(world.detect_deps), "detector": Overtaken()})
    detect_chunk(chunk_id, zombie)

    assert count(world, Region) == 1
    with world.sessions() as session:
        noted = [event.event for event in events.history(session, document_id) if event.stage == "detect"]
    assert noted == ["closed", "superseded"]


def test_a_zombie_render_of_a_closed_document_changes_nothing(world: World) -> None:
    document_id = world.arrive("letter.pdf", [page(0, marks=1)])
    fetch = world.store.fetch

    def overtaken(*words: str, max_bytes: int) -> bytes:
        """While the bytes are fetched, the lease ends and another worker finishes the document."""
        world.store.fetch = fetch  # type: ignore[method-assign]
        make_overdue(world)
        assert world.through(document_id).status is Status.DONE
        return fetch(*words, max_bytes=max_bytes)

    world.store.fetch = overtaken  # type: ignore[method-assign,assignment]
    render_document(document_id, world.render_deps)

    document = world.document(document_id)
    assert (document.status, document.stage) == (Status.DONE, DocumentStage.CLOSED)
    with world.sessions() as session:
        told = [event.event for event in events.history(session, document_id) if event.stage == "render"]
    assert told == ["closed", "superseded"]


def test_a_render_that_died_midway_goes_on_after_its_last_chunk(world: World) -> None:
    document_id = world.arrive("long.pdf", [page(index) for index in range(5)])
    world.store.fail = []
    puts = 0
    put = world.store.put

    def dies_on_the_fourth_page(key: str, data: bytes) -> None:
        nonlocal puts
        puts += 1
        if puts == 4:
            raise MemoryError("killed")
        put(key, data)

    world.store.put = dies_on_the_fourth_page  # type: ignore[method-assign]
    with pytest.raises(MemoryError):
        render_document(document_id, world.render_deps)
    assert count(world, Page) == 2

    document = world.through(document_id)

    assert document.status is Status.DONE
    with world.sessions() as session:
        assert session.execute(select(Page.index).order_by(Page.index)).scalars().all() == [0, 1, 2, 3, 4]


def test_counted_failures_end_in_quarantine(world: World) -> None:
    document_id = world.arrive("full.pdf", [page(0)])

    for _ in range(3):
        world.store.fail = [Hiccup("full")]
        with pytest.raises(Hiccup):
            render_document(document_id, world.render_deps)
    render_document(document_id, world.render_deps)

    document = world.document(document_id)
    assert (document.status, document.reason) == (Status.FAILED, "too_many_deliveries")
    sentence = "render was begun 3 times and never closed"
    assert document.detail == f"{sentence}; last: transient: full"
    assert noted(world, document_id) == [("failed", 1), ("failed", 2), ("failed", 3), ("quarantined", 4)]


class Hiccup(TransientError):
    """Something that may pass, and no outage."""


def noted(world: World, document_id: int) -> list[tuple[str, int | None]]:
    with world.sessions() as session:
        history = events.history(session, document_id)
        return [(one.event, one.attempt) for one in history if one.stage == "render"]


@pytest.mark.parametrize(
    "error",
    [
        ObjectMissing("a.pdf"),
        ObjectReplaced("a.pdf"),
        ObjectDenied("a.pdf"),
        ObjectArchived("a.pdf"),
        ObjectUnreadable("a.pdf", "InvalidRequest"),
    ],
    ids=lambda error: error.code,
)
def test_an_object_that_the_store_refuses_ends_by_its_own_reason(world: World, error: ObjectError) -> None:
    document_id = world.arrive("a.pdf", [page(0)])

    for _ in range(2):
        world.store.fail = [error]
        with pytest.raises(type(error)):
            render_document(document_id, world.render_deps)
    world.store.fail = [error]
    render_document(document_id, world.render_deps)

    document = world.document(document_id)
    assert (document.status, document.reason, document.detail) == (Status.FAILED, error.code, str(error))
    assert noted(world, document_id) == [("failed", 1), ("failed", 2), ("quarantined", 3)]


def test_an_outage_of_storage_burns_no_attempts(world: World) -> None:
    document_id = world.arrive("letter.pdf", [page(0)])

    for _ in range(10):
        world.store.fail = [StorageUnavailable("letter.pdf", "503")]
        with pytest.raises(StorageUnavailable):
            render_document(document_id, world.render_deps)

    assert world.through(document_id).status is Status.DONE


def test_the_history_names_stage_attempt_and_seconds(world: World) -> None:
    document_id = world.arrive("letter.pdf", [page(0)])
    world.through(document_id)

    with world.sessions() as session:
        history = events.history(session, document_id)
    closed = [event.stage for event in history if event.event == "closed"]
    assert closed == [stage.name for stage in PIPELINE if not stage.optional]
    assert all(event.attempt == 1 and event.seconds is not None for event in history)
    assert {event.worker for event in history} == {"embedded"}

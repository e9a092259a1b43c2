"""Rows whose holders stop or die are free before their leases run out, and the late write nothing."""

from __future__ import annotations

import threading
from contextlib import contextmanager
from datetime import timedelta

import pytest

from db import events, leases
from db.engine import now
from db.models import Document
from db.states import ChunkStage, DocumentStage, Status
from tests.fakes import page
from tests.faults.line import Line
from tests.waiting import until
from tests.world import World
from worker.log import EMBEDDED, Actor, actor
from worker.steps import release
from worker.steps.detect import detect_chunk
from worker.steps.render import render_document

ALICE = Actor("render@alice", "task-1")
BOB = Actor("render@bob", "task-2")


@contextmanager
def acting(who: Actor):
    token = actor.set(who)
    try:
        yield
    finally:
        actor.reset(token)


def leased(world: World, document_id: int, who: Actor) -> leases.Lease:
    with world.sessions() as session:
        lease = leases.claim(session, DocumentStage.RENDER, document_id, seconds=900, holder=str(who))
    assert lease is not None
    return lease


def history(world: World, document_id: int) -> list[tuple[str, int | None]]:
    with world.sessions() as session:
        history = events.history(session, document_id)
        return [(one.event, one.attempt) for one in history if one.stage == "render"]


def test_a_row_that_is_handed_back_is_free_at_once_and_its_attempt_does_not_count(world: World) -> None:
    document_id = world.arrive("letter.pdf", [page(0)])
    leased(world, document_id, ALICE)

    assert not render_document(document_id, world.render_deps)
    assert release.hand_back(world.sessions, "render", document_id, ALICE, world.attempts)

    assert world.document(document_id).deliveries == 0
    assert render_document(document_id, world.render_deps)
    assert history(world, document_id) == [("handed_back", 1), ("closed", 1)]


def test_who_was_told_to_stop_and_goes_on_writes_nothing(world: World) -> None:
    """Though nobody else has taken the row yet."""
    document_id = world.arrive("letter.pdf", [page(0)])
    put = world.store.put

    def stopped_amid_work(key: str, data: bytes) -> None:
        put(key, data)
        release.hand_back(world.sessions, "render", document_id, ALICE, world.attempts)

    world.store.put = stopped_amid_work  # type: ignore[method-assign]
    with acting(ALICE):
        assert render_document(document_id, world.render_deps)

    assert history(world, document_id) == [("handed_back", 1), ("superseded", 1)]
    assert world.document(document_id).stage is DocumentStage.RENDER
    assert world.open_chunks(document_id) == []


@pytest.mark.parametrize("holder", [BOB, Actor("render@alice", "task-9")], ids=["worker", "task"])
def test_a_row_in_other_hands_stays_in_them(world: World, holder: Actor) -> None:
    document_id = world.arrive("letter.pdf", [page(0)])
    lease = leased(world, document_id, ALICE)

    assert not release.hand_back(world.sessions, "render", document_id, holder, world.attempts)
    assert release.free(world.sessions, ["render"], holder, world.attempts) == 0

    with world.sessions() as session:
        assert leases.advance(session, lease, DocumentStage.FINISH)


def test_the_rows_of_a_dead_worker_are_free_after_a_pause_and_its_attempts_count(world: World) -> None:
    ids = [world.arrive(f"{number}.pdf", [page(0)]) for number in range(3)]
    for document_id, who in zip(ids, (ALICE, Actor("render@alice", "task-3"), BOB), strict=True):
        leased(world, document_id, who)

    freed = release.free(world.sessions, ["render", "upkeep"], Actor("render@alice"), world.attempts)

    with world.sessions() as session:
        moment = now(session)
        left = [session.get_one(Document, one).lease_until - moment for one in ids]
    pause = timedelta(seconds=world.attempts.retry_seconds)
    assert freed == 2
    assert [one <= pause for one in left] == [True, True, False]
    until(lambda: render_document(ids[0], world.render_deps))
    assert history(world, ids[0]) == [("abandoned", 1), ("closed", 2)]


def test_a_worker_whose_name_begins_like_a_dead_ones_is_another(world: World) -> None:
    document_id = world.arrive("letter.pdf", [page(0)])
    leased(world, document_id, Actor("render@alice2", "task-1"))

    assert release.free(world.sessions, ["render"], Actor("render@alice"), world.attempts) == 0


def test_a_stage_that_nobody_holds_cannot_be_handed_back(world: World) -> None:
    document_id = world.through(world.arrive("letter.pdf", [page(0)])).id

    assert not release.hand_back(world.sessions, "render", document_id, EMBEDDED, world.attempts)
    assert not release.hand_back(world.sessions, "upkeep", 0, EMBEDDED, world.attempts)
    assert world.document(document_id).status is Status.DONE


def test_what_cannot_be_handed_back_is_free_when_its_lease_ends(
    far_world: World, line_to_postgres: Line
) -> None:
    document_id = far_world.arrive("letter.pdf", [page(0)])
    leased(far_world, document_id, ALICE)
    line_to_postgres.refuse()

    assert not release.hand_back(far_world.sessions, "render", document_id, ALICE, far_world.attempts)
    assert release.free(far_world.sessions, ["render"], ALICE, far_world.attempts) == 0

    line_to_postgres.admit()
    assert far_world.document(document_id).lease_until is not None


def test_an_attempt_whose_forerunner_died_runs_alone(world: World) -> None:
    """Side by side, a page that kills its process would take its neighbours along until all are given up."""
    document_id = world.arrive("letter.pdf", [page(0), page(1)])
    world.reading = world.reading.model_copy(update={"chunk_pages": 1})
    render_document(document_id, world.render_deps)
    suspect, neighbour = world.open_chunks(document_id)
    with world.sessions() as session:
        leases.claim(session, ChunkStage.DETECT, suspect, seconds=0.001, holder=str(ALICE))
    deps = world.detect_deps
    done: list[int] = []

    def detect(chunk_id: int) -> None:
        if detect_chunk(chunk_id, deps):
            done.append(chunk_id)

    threads = [threading.Thread(target=detect, args=(one,)) for one in (suspect, neighbour)]
    with deps.lock.hold(exclusive=False):
        threads[0].start()
        until(lambda: deps.lock.waiting)
        threads[1].start()
        threads[1].join(0.2)
        assert done == []
    for thread in threads:
        thread.join(10)

    assert sorted(done) == [suspect, neighbour]


def test_a_lease_that_was_lost_in_the_wait_to_be_alone_is_not_used(world: World) -> None:
    document_id = world.arrive("letter.pdf", [page(0)])
    with world.sessions() as session:
        leases.claim(session, DocumentStage.RENDER, document_id, seconds=0.001, holder="gone")
    deps = world.render_deps
    late = threading.Thread(target=lambda: render_document(document_id, deps))
    with deps.lock.hold(exclusive=False):
        late.start()
        until(lambda: deps.lock.waiting)
        release.hand_back(world.sessions, "render", document_id, EMBEDDED, world.attempts)
    late.join(10)

    assert history(world, document_id) == [("abandoned", 1), ("handed_back", 2), ("superseded", 2)]
    assert world.open_chunks(document_id) == []

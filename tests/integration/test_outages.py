"""What the stages do when what surrounds them fails: database, queues, storage, their own process."""

from __future__ import annotations

import logging
from collections.abc import Callable, Generator
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import select, update
from sqlalchemy.exc import OperationalError

from db import documents, events, leases, sweep
from db.engine import now
from db.models import Chunk, Document
from db.states import ChunkStage, DocumentStage, Status
from tests.fakes import Outbox, Pages, page
from tests.faults.line import Line
from tests.world import World
from worker.errors import BrokerUnavailable, PageError, StorageUnavailable
from worker.log import logger
from worker.pipeline import QueueMessage
from worker.steps.attempt import DATABASE_POLL
from worker.steps.breaker import Breaker
from worker.steps.detect import detect_chunk
from worker.steps.render import render_document
from worker.steps.sweep import sweep_all
from worker.vision.values import RenderedPage


class NoQueues(Outbox):
    """A publisher that reaches nobody."""

    def send(self, message: QueueMessage) -> None:
        raise BrokerUnavailable("refused")


def history(world: World, document_id: int, stage: str) -> list[tuple[str, int | None]]:
    with world.sessions() as session:
        history = events.history(session, document_id)
        return [(one.event, one.attempt) for one in history if one.stage == stage]


def let_leases_run_out(world: World) -> None:
    with world.sessions() as session:
        past = now(session) - timedelta(hours=1)
        for model in (Document, Chunk):
            leased = update(model).where(model.lease_until.is_not(None))
            session.execute(leased.values(lease_until=past, due_at=past))


def test_an_outage_of_the_database_burns_no_attempts(world: World) -> None:
    document_id = world.arrive("letter.pdf", [page(0)])
    get = world.store.get

    def connection_lost(_: str) -> bytes:
        raise OperationalError("SELECT 1", {}, Exception("server closed the connection"))

    for _ in range(2 * world.attempts.max_deliveries):
        world.store.get = connection_lost  # type: ignore[method-assign]
        with pytest.raises(OperationalError):
            render_document(document_id, world.render_deps)
    world.store.get = get  # type: ignore[method-assign]

    assert world.through(document_id).status is Status.DONE


class OnceWaitedFor(logging.Handler):
    """Calls once somebody says that he waits for the database."""

    def __init__(self, call: Callable[[], None]) -> None:
        super().__init__()
        self._call = call

    def emit(self, record: logging.LogRecord) -> None:
        if record.getMessage().startswith("waiting for the database"):
            self._call()


def lose_the_database(world: World, line: Line) -> None:
    """Let storage and, with it, the database go away while the next stage fetches what it works on."""

    def both_gone(_: str) -> bytes:
        line.refuse()
        raise StorageUnavailable("letter.pdf", "503")

    world.store.get = both_gone  # type: ignore[method-assign]


def test_a_database_that_is_away_when_a_row_is_claimed_makes_the_next_attempt_wait(
    far_world: World, line_to_postgres: Line
) -> None:
    document_id = far_world.arrive("letter.pdf", [page(0)])
    breaker = NotedBreaker()
    deps = replace(far_world.render_deps, breaker=breaker)
    line_to_postgres.refuse()

    with pytest.raises(OperationalError):
        render_document(document_id, deps)

    line_to_postgres.admit()
    assert breaker.notes == ["wait", "failed"]
    assert history(far_world, document_id, "render") == []


def test_a_document_is_handed_back_once_the_database_has_returned(
    far_world: World, line_to_postgres: Line
) -> None:
    document_id = far_world.arrive("letter.pdf", [page(0)])
    lose_the_database(far_world, line_to_postgres)
    returns = OnceWaitedFor(line_to_postgres.admit)
    logger.addHandler(returns)

    with pytest.raises(StorageUnavailable):
        render_document(document_id, far_world.render_deps)
    logger.removeHandler(returns)

    assert history(far_world, document_id, "render") == [("failed", 1)]
    assert far_world.document(document_id).lease_until is None


def test_nobody_waits_for_the_database_longer_than_for_the_lease(
    far_world: World, line_to_postgres: Line
) -> None:
    far_world.attempts = far_world.attempts.model_copy(update={"render_lease": 2.5 * DATABASE_POLL})
    document_id = far_world.arrive("letter.pdf", [page(0)])
    lose_the_database(far_world, line_to_postgres)

    with pytest.raises(StorageUnavailable):
        render_document(document_id, far_world.render_deps)

    line_to_postgres.admit()
    assert history(far_world, document_id, "render") == []
    assert far_world.document(document_id).lease_until is not None


def test_queues_that_are_away_fail_no_attempt(world: World) -> None:
    document_id = world.arrive("letter.pdf", [page(0)])
    world.outbox = NoQueues()

    assert render_document(document_id, world.render_deps)

    assert world.document(document_id).stage is DocumentStage.FINISH
    assert history(world, document_id, "render") == [("closed", 1)]


def test_a_sweep_that_cannot_send_leaves_its_rows_due(world: World) -> None:
    document_id = world.arrive("letter.pdf", [page(0)])
    with world.sessions() as session:
        session.execute(update(Document).values(due_at=now(session) - timedelta(hours=1)))
    outbox, world.outbox = world.outbox, NoQueues()
    with pytest.raises(BrokerUnavailable):
        sweep_all(world.deps, lambda _: 0)

    world.outbox = outbox
    sweep_all(world.deps, lambda _: 0)

    assert outbox.take("render") == [document_id]


def test_an_attempt_whose_worker_died_is_in_the_history(world: World) -> None:
    document_id = world.arrive("letter.pdf", [page(0)])
    with world.sessions() as session:
        leases.claim(session, DocumentStage.RENDER, document_id, seconds=60)
    let_leases_run_out(world)

    render_document(document_id, world.render_deps)

    assert history(world, document_id, "render") == [("abandoned", 1), ("closed", 2)]


def test_a_stage_and_its_event_are_committed_together(world: World) -> None:
    """Killed after its commit, a worker leaves no gap in the history."""
    document_id = world.arrive("letter.pdf", [page(0)])
    render_document(document_id, world.render_deps)
    (chunk_id,) = world.open_chunks(document_id)

    with world.sessions() as session:
        lease = leases.claim(session, ChunkStage.DETECT, chunk_id, seconds=60)
    let_leases_run_out(world)
    detect_chunk(chunk_id, world.detect_deps)

    assert lease is not None
    assert history(world, document_id, "detect") == [("abandoned", 1), ("closed", 2)]
    with world.sessions() as session:
        assert session.execute(select(Chunk.stage)).scalar_one() is ChunkStage.VERIFY


def test_giving_back_a_stage_that_was_closed_changes_nothing(world: World) -> None:
    document_id = world.arrive("letter.pdf", [page(0)])
    with world.sessions() as session:
        lease = leases.claim(session, DocumentStage.RENDER, document_id, seconds=60)
        assert lease is not None
        assert leases.advance(session, lease, DocumentStage.FINISH)

        assert not leases.give_back(session, lease, again_in=60, counted=False)

    assert world.document(document_id).deliveries == 0


def test_nobody_waits_for_the_chunks_of_a_quarantined_document(world: World) -> None:
    document_id = world.arrive("letter.pdf", [page(0)])
    render_document(document_id, world.render_deps)
    with world.sessions() as session:
        assert sweep.waiting(session, ChunkStage.DETECT) == 1
        documents.quarantine(session, document_id, reason="too_many_deliveries", detail="")

        assert sweep.waiting(session, ChunkStage.DETECT) == 0


def test_a_long_document_that_gets_on_is_not_given_up(world: World) -> None:
    """Each attempt renders one more chunk and dies: more attempts than are allowed without progress."""
    world.reading = world.reading.model_copy(update={"chunk_pages": 1})
    number = 2 * world.attempts.max_deliveries
    document_id = world.arrive("long.pdf", [page(index) for index in range(number)])
    put = world.store.put
    puts = 0

    def dies_on_the_second(key: str, data: bytes) -> None:
        nonlocal puts
        puts += 1
        if puts % 2 == 0:
            raise MemoryError("killed")
        put(key, data)

    world.store.put = dies_on_the_second  # type: ignore[method-assign]
    for _ in range(number - 1):
        with pytest.raises(MemoryError):
            render_document(document_id, world.render_deps)
    world.store.put = put  # type: ignore[method-assign]

    document = world.through(document_id)

    assert (document.status, document.pages_total) == (Status.DONE, number)


def test_failures_of_an_original_do_not_count_against_its_twins(world: World) -> None:
    names = [f"{number}.pdf" for number in range(2 * world.attempts.max_deliveries)]
    ids = [world.arrive(name, [page(0)], data=b"same") for name in names]
    for document_id in ids:
        render_document(document_id, world.render_deps)
    for document_id in ids[:-1]:
        with world.sessions() as session:
            documents.quarantine(session, document_id, reason="unreadable_document", detail="")
        for other in ids:
            render_document(other, world.render_deps)

    left = [world.document(one) for one in ids]

    assert [one.status for one in left] == [Status.FAILED] * (len(ids) - 1) + [Status.WORKING]
    assert {one.reason for one in left[:-1]} == {"unreadable_document"}
    # The last of them is read for itself now, and nothing speaks against it.
    assert left[-1].deliveries <= 1
    assert world.through(ids[-1]).status is Status.DONE


class NotedBreaker(Breaker):
    """A breaker that notes what it is asked and told."""

    def __init__(self) -> None:
        super().__init__()
        self.notes: list[str] = []

    def wait(self, *, most: float) -> None:
        self.notes.append("wait")
        super().wait(most=most)

    def failed(self) -> None:
        self.notes.append("failed")
        super().failed()

    def works(self) -> None:
        self.notes.append("works")
        super().works()


def test_an_outage_makes_the_next_attempt_wait_before_it_claims(world: World) -> None:
    document_id = world.arrive("letter.pdf", [page(0)])
    breaker = NotedBreaker()
    deps = replace(world.render_deps, breaker=breaker)
    world.store.fail = [StorageUnavailable("letter.pdf", "503")]
    with pytest.raises(StorageUnavailable):
        render_document(document_id, deps)

    assert breaker.notes == ["wait", "failed"]
    assert render_document(document_id, deps)
    assert breaker.notes == ["wait", "failed", "wait", "works"]


class Held(Pages):
    """A rendering that notes when its renderer is free again."""

    free = False

    def __iter__(self) -> Generator[RenderedPage | PageError, None, None]:
        try:
            yield from super().__iter__()
        finally:
            self.free = True


def test_a_rendering_that_is_broken_off_frees_its_renderer_at_once(world: World) -> None:
    """Though Celery keeps the traceback, and with it every frame that knew of the rendering."""
    document_id = world.arrive("letter.pdf", [page(index) for index in range(4)])
    rendering = Held([page(index) for index in range(4)])
    world.renderer.open = lambda *_, **__: rendering  # type: ignore[method-assign]
    put = world.store.put

    def full(key: str, data: bytes) -> None:
        world.store.fail = [StorageUnavailable(key, "disk full")]
        put(key, data)

    world.store.put = full  # type: ignore[method-assign]

    with pytest.raises(StorageUnavailable) as kept:
        render_document(document_id, world.render_deps)

    assert kept.tb is not None
    assert rendering.free

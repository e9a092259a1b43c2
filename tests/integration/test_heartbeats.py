"""A worker that is gone with its machine: others free its rows long before the leases run out."""

from __future__ import annotations

import os
import threading
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select, update

from db import heartbeats, leases
from db.engine import now
from db.models import Heartbeat
from db.states import DocumentStage
from tests.fakes import page
from tests.faults.line import Line
from tests.world import World
from worker.log import Actor
from worker.settings import Attempts
from worker.steps.heartbeats import free_silent
from worker.tasks.base import NO_FORK
from worker.tasks.heartbeat import keep_beating

GONE, ALIVE = "render@gone", "render@alive"
UPKEEP = Actor("upkeep@here", "task-1")


def beat(world: World, *workers: str) -> None:
    with world.sessions() as session:
        for worker in workers:
            heartbeats.beat(session, worker, silence=silence(world))


def silence(world: World) -> timedelta:
    return timedelta(seconds=world.attempts.silence_seconds)


def time_passes(world: World, seconds: float) -> None:
    """All that was heard so far was heard that much earlier."""
    earlier = timedelta(seconds=seconds)
    with world.sessions() as session:
        for row in session.execute(select(Heartbeat)).scalars():
            row.at, row.since = row.at - earlier, row.since - earlier


def steady(world: World, *workers: str, seconds: float) -> None:
    """Those workers beat for that long, one beat every ten seconds."""
    for _ in range(round(seconds / 10)):
        time_passes(world, 10)
        beat(world, *workers)


def leased(world: World, name: str, worker: str) -> int:
    document_id = world.arrive(name, [page(0)])
    with world.sessions() as session:
        assert leases.claim(
            session, DocumentStage.RENDER, document_id, seconds=900, holder=str(Actor(worker, "task-9"))
        )
    return document_id


def seconds_left(world: World, document_id: int) -> float:
    until = world.document(document_id).lease_until
    assert until is not None
    with world.sessions() as session:
        return (until - now(session)).total_seconds()


def known(world: World) -> list[str]:
    with world.sessions() as session:
        return list(session.execute(select(Heartbeat.worker).order_by(Heartbeat.worker)).scalars())


def test_rows_of_a_silent_worker_are_freed_and_those_of_others_stay(world: World) -> None:
    beat(world, GONE, ALIVE, UPKEEP.worker)
    lost, kept = leased(world, "lost.pdf", GONE), leased(world, "kept.pdf", ALIVE)
    steady(world, ALIVE, UPKEEP.worker, seconds=50)

    assert free_silent(world.sessions, UPKEEP, world.attempts) == 1

    assert seconds_left(world, lost) <= world.attempts.retry_seconds
    assert seconds_left(world, kept) > 800
    assert known(world) == [ALIVE, UPKEEP.worker]


def test_a_worker_that_missed_some_beats_keeps_its_rows(world: World) -> None:
    beat(world, GONE, UPKEEP.worker)
    kept = leased(world, "kept.pdf", GONE)
    steady(world, UPKEEP.worker, seconds=30)

    assert free_silent(world.sessions, UPKEEP, world.attempts) == 0
    assert seconds_left(world, kept) > 800


def test_when_everybody_was_silent_nobody_is_held_to_be_dead(world: World) -> None:
    """As after an outage of the database, whatever it was that came back first."""
    beat(world, GONE, UPKEEP.worker)
    kept = leased(world, "kept.pdf", GONE)
    time_passes(world, 300)

    assert free_silent(world.sessions, UPKEEP, world.attempts) == 0
    beat(world, UPKEEP.worker)
    assert free_silent(world.sessions, UPKEEP, world.attempts) == 0
    beat(world, GONE)
    steady(world, GONE, UPKEEP.worker, seconds=60)

    assert free_silent(world.sessions, UPKEEP, world.attempts) == 0
    assert seconds_left(world, kept) > 800


def test_a_witness_that_never_beat_says_nothing(world: World) -> None:
    beat(world, GONE)
    leased(world, "kept.pdf", GONE)
    time_passes(world, 300)

    assert free_silent(world.sessions, UPKEEP, world.attempts) == 0


def test_who_beats_again_meanwhile_is_not_forgotten(world: World) -> None:
    beat(world, GONE)
    time_passes(world, 300)
    beat(world, GONE)
    with world.sessions() as session:
        heartbeats.forget(session, GONE, silence=silence(world))
        since, moment = session.execute(select(Heartbeat.since)).scalar_one(), now(session)

    assert known(world) == [GONE]
    assert moment - since < timedelta(seconds=100)


@pytest.mark.parametrize("away", [False, True])
def test_a_beat_is_written_unless_the_database_is_away(
    far_world: World, line_to_postgres: Line, monkeypatch: pytest.MonkeyPatch, away: bool
) -> None:
    """And the next one is tried all the same."""
    url = far_world.engine.url.render_as_string(hide_password=False)
    monkeypatch.setenv("COUNTERSIGN_DATABASE_URL", url)
    pauses: list[float] = []
    if away:
        line_to_postgres.refuse()

    def stopped(seconds: float) -> bool:
        pauses.append(seconds)
        line_to_postgres.admit()
        return len(pauses) == 2

    keep_beating(ALIVE, Attempts(), stopped)

    assert pauses == [10.0, 10.0]
    assert known(far_world) == [ALIVE]
    if not away:
        with far_world.sessions() as session:
            session.execute(update(Heartbeat).values(worker=GONE))
        keep_beating(ALIVE, Attempts(), lambda _: True)
        assert known(far_world) == [ALIVE, GONE]


def test_a_worker_whose_rows_could_not_be_freed_is_not_forgotten(
    far_world: World, line_to_postgres: Line, monkeypatch: pytest.MonkeyPatch
) -> None:
    beat(far_world, GONE, UPKEEP.worker)
    lost = leased(far_world, "lost.pdf", GONE)
    steady(far_world, UPKEEP.worker, seconds=50)
    silent = heartbeats.silent

    def and_the_database_goes_away(*args: Any, **words: Any) -> Sequence[str]:
        workers = silent(*args, **words)
        line_to_postgres.refuse()
        return workers

    with monkeypatch.context() as patched:
        patched.setattr(heartbeats, "silent", and_the_database_goes_away)
        assert free_silent(far_world.sessions, UPKEEP, far_world.attempts) == 0
    line_to_postgres.admit()

    assert known(far_world) == [GONE, UPKEEP.worker]
    assert seconds_left(far_world, lost) > 800
    assert free_silent(far_world.sessions, UPKEEP, far_world.attempts) == 1


def test_a_sweep_while_the_database_is_away_leaves_all_to_the_leases(
    far_world: World, line_to_postgres: Line
) -> None:
    line_to_postgres.refuse()

    assert free_silent(far_world.sessions, UPKEEP, far_world.attempts) == 0


@pytest.mark.filterwarnings("ignore:.*fork:DeprecationWarning")
def test_no_pool_process_is_forked_while_a_beat_is_under_way() -> None:
    """It would inherit whatever lock the beat holds, and hang at its first task."""
    statuses: list[int] = []

    def fork() -> None:
        child = os.fork()
        if child == 0:
            os._exit(0)
        statuses.append(os.waitpid(child, 0)[1])

    forking = threading.Thread(target=fork)
    with NO_FORK:
        forking.start()
        forking.join(1.0)
        assert forking.is_alive()
    forking.join(60.0)

    assert statuses == [0]

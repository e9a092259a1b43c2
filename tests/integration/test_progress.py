"""What waits, who works, and what stands still: in `countersign status` and for the doctor."""

from __future__ import annotations

import re
from datetime import timedelta

from sqlalchemy import update

from db import events
from db.engine import now
from db.models import Chunk, Document, Event
from db.states import ChunkStage, DocumentStage, EventSource
from producer.services.status import STANDSTILL, overview, stages_at_a_standstill
from tests.acceptance.commands import countersign
from tests.fakes import page
from tests.world import World
from worker.log import Actor, actor
from worker.steps.render import render_document


def rendered_only(world: World) -> int:
    """A document whose pages wait to be looked at."""
    document_id = world.arrive("a.pdf", [page(0, marks=1), page(1), page(2)])
    token = actor.set(Actor("render@host", "1"))
    try:
        render_document(document_id, world.render_deps)
    finally:
        actor.reset(token)
    return document_id


def let_time_pass(world: World, span: timedelta) -> None:
    """As if all that happened had happened that long ago."""
    with world.sessions() as session:
        session.execute(update(Event).values(at=now(session) - span))


def test_the_overview_says_what_waits_and_who_was_at_work(engine) -> None:
    world = World(engine)
    world.through(world.arrive("done.pdf", [page(0)]))
    rendered_only(world)
    with world.sessions() as session:
        events.record(session, 1, EventSource.REVIEW, "decided", worker="ann")

    numbers = overview(world.sessions)

    stages = {stage.stage: stage for stage in numbers.stages}
    assert list(stages) == ["render", "detect", "verify", "slots", "finish"]
    assert (stages["detect"].waiting, stages["detect"].at_work) == (2, 0)
    assert stages["detect"].standing_since is not None
    assert (stages["finish"].waiting, stages["finish"].standing_since) == (0, None)
    assert [(worker.worker, worker.stage) for worker in numbers.workers] == [
        ("embedded", "finish"),
        ("render@host", "render"),
    ]
    assert numbers.finished_last_hour == 1
    assert numbers.waiting_since is not None


def test_what_nobody_takes_for_minutes_is_a_standstill(engine) -> None:
    world = World(engine)
    rendered_only(world)

    fresh = stages_at_a_standstill(world.sessions)
    let_time_pass(world, STANDSTILL + timedelta(seconds=1))
    stalled = stages_at_a_standstill(world.sessions)

    assert fresh == []
    assert [(stage.stage, stage.waiting) for stage in stalled] == [(ChunkStage.DETECT, 2)]


def test_a_stage_with_work_in_hand_stands_not_still(engine) -> None:
    world = World(engine)
    for name in ("a.pdf", "b.pdf"):
        document_id = world.arrive(name, [page(0)])
        with world.sessions() as session:
            events.record(session, document_id, EventSource.INTAKE, "registered")
    let_time_pass(world, STANDSTILL + timedelta(seconds=1))
    (stalled,) = stages_at_a_standstill(world.sessions)
    with world.sessions() as session:
        lease_end = now(session) + timedelta(minutes=1)
        session.execute(update(Document).where(Document.key == "a.pdf").values(lease_until=lease_end))

    counts = {stage.stage: stage for stage in overview(world.sessions).stages}
    render = counts[DocumentStage.RENDER]

    assert (stalled.stage, stalled.waiting) == (DocumentStage.RENDER, 2)
    assert (render.waiting, render.at_work) == (1, 1)
    assert stages_at_a_standstill(world.sessions) == []


def test_status_shows_stages_and_the_doctor_fails_when_nobody_takes_what_waits(
    postgres, database_url: str
) -> None:
    world = World(postgres)
    rendered_only(world)
    let_time_pass(world, timedelta(hours=2))
    env = {"COUNTERSIGN_DATABASE_URL": database_url}

    status = countersign("status", env=env)
    doctor = countersign("doctor", "--json", env=env)

    assert "render@host" in status.out
    assert "the oldest document has waited for its answer 0:" in status.out
    assert "0 documents answered within the last hour" in status.out
    assert re.search(r"2:\d\d:\d\d ago", status.out), "the age of the last progress, to the second"
    (finding,) = [one for one in doctor.objects if one["check"] == "progress"]
    assert finding["ok"] is False
    assert "2 before detect" in finding["found"]
    assert doctor.status == 1


def test_what_no_worker_answers_for_is_told_before_it_stands_still(
    postgres, database_url: str, redis_url: str
) -> None:
    """Pages that a worker took before it died are at work until their lease ends: nobody works on them."""
    world = World(postgres)
    rendered_only(world)
    with world.sessions() as session:
        session.execute(update(Chunk).values(lease_until=now(session) + timedelta(minutes=5)))
    env = {"COUNTERSIGN_DATABASE_URL": database_url, "COUNTERSIGN_BROKER_URL": redis_url}

    doctor = countersign("doctor", "--json", env=env)

    (finding,) = [row for row in doctor.objects if row["check"] == "progress"]
    assert (finding["ok"], finding["found"]) == (False, "no worker answers for 2 before detect")

"""How the stages get on: what waits, what is at work, since when nothing happened, and who did what."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import NamedTuple

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from db import sweep
from db.engine import now
from db.models import Chunk, Document, Event, Heartbeat, leased_model
from db.states import EventSource, StageName

#: Events that are looked through for the last progress of workers, the newest first.
_NEWEST_EVENTS = 10_000
#: Waiting rows that are looked at for the one that stands longest.
_OLDEST_ROWS = 1_000


@dataclass(frozen=True, slots=True)
class StageCounts:
    """Rows of one stage: waiting, in somebody's hands; and since when the slowest has seen no event."""

    stage: StageName
    waiting: int
    at_work: int
    standing_since: datetime | None


@dataclass(frozen=True, slots=True)
class WorkerSeen:
    """A worker with the stage and the moment of its newest event."""

    worker: str
    stage: str
    at: datetime


class AttemptEnd(NamedTuple):
    """An event of a document's history: its stage, what happened, and how long that took."""

    id: int
    stage: str
    event: str
    #: None for what is no attempt, or was not seen to its end.
    seconds: float | None


def stage_counts(session: Session, stages: Iterable[tuple[StageName, bool]]) -> list[StageCounts]:
    """The counts of stages, each with whether it joins the chunks of a document."""
    return [_counts(session, stage, joins) for stage, joins in stages]


def workers_seen(session: Session) -> Sequence[WorkerSeen]:
    """Workers of the newest events of stages, by name."""
    newest = select(Event.id).order_by(Event.id.desc()).limit(_NEWEST_EVENTS).subquery()
    last = (
        select(func.max(Event.id).label("id"))
        .where(Event.id.in_(select(newest.c.id)), Event.worker.is_not(None))
        .where(Event.stage.not_in(EventSource))
        .group_by(Event.worker)
        .subquery()
    )
    statement = (
        select(Event.worker, Event.stage, Event.at).join(last, last.c.id == Event.id).order_by(Event.worker)
    )
    return [WorkerSeen(worker or "", stage, at) for worker, stage, at in session.execute(statement)]


def heartbeat_ages(session: Session) -> dict[str, float]:
    """Seconds since the newest heartbeat of each worker that is not known to be dead, by name."""
    moment = now(session)
    beats = session.execute(select(Heartbeat.worker, Heartbeat.at).order_by(Heartbeat.worker))
    return {worker: (moment - at).total_seconds() for worker, at in beats}


def newest_event(session: Session) -> int:
    """The id of the newest event; 0 before the first."""
    return session.execute(select(func.coalesce(func.max(Event.id), 0))).scalar_one()


def attempts_after(
    session: Session, event_id: int, *, settled: timedelta, limit: int
) -> Sequence[AttemptEnd]:
    """How attempts ended, by events behind that one, in order.

    Events of the last moments are left for later: transactions commit out of the order of their ids.
    """
    statement = (
        select(Event.id, Event.stage, Event.event, Event.seconds)
        .where(Event.id > event_id, Event.at <= now(session) - settled)
        .order_by(Event.id)
        .limit(limit)
    )
    return [AttemptEnd(*row) for row in session.execute(statement)]


def finished_within(session: Session, span: timedelta) -> int:
    """How many documents got their answer in that time."""
    statement = select(func.count(Document.id)).where(Document.finished_at >= now(session) - span)
    return session.execute(statement).scalar_one()


def _counts(session: Session, stage: StageName, joins: bool) -> StageCounts:
    model, moment = leased_model(stage), now(session)
    at_work = select(func.count(model.id)).where(model.stage == stage, model.lease_until >= moment)
    of_document = Chunk.document_id if model is Chunk else Document.id
    waiting = sweep.waiting_rows(stage, moment, joins=joins)
    rows = select(of_document).where(waiting).order_by(model.id).limit(_OLDEST_ROWS)
    last = (
        select(func.max(Event.at).label("at"))
        .where(Event.document_id.in_(rows))
        .group_by(Event.document_id)
        .subquery()
    )
    return StageCounts(
        stage=stage,
        waiting=sweep.waiting(session, stage, joins=joins),
        at_work=session.execute(at_work).scalar_one(),
        standing_since=session.execute(select(func.min(last.c.at))).scalar_one(),
    )

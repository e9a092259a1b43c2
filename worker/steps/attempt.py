"""One attempt at one stage of one row: claim, work, record; the only place where failures become rows."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from threading import Event
from typing import TypeVar

from sqlalchemy.orm import Session

from db import documents, events, leases, verdicts
from db.errors import DATABASE_AWAY
from db.leases import Lease
from db.models import Document
from db.states import EventSource, StageName
from worker.errors import (
    BrokerUnavailable,
    EndReason,
    ObjectError,
    PermanentError,
    ServiceError,
    TransientError,
)
from worker.log import actor, logger, work_on
from worker.outages import Backoff, outages
from worker.pipeline import PIPELINE
from worker.steps.ports import Deps
from worker.trace import describe_error

#: What the stage needs beside what every step does.
Needs = TypeVar("Needs", bound=Deps)
#: Seconds between two tries to reach a database that is away.
DATABASE_POLL = 0.5
#: Seconds beyond which the pause between two attempts no longer doubles.
LONGEST_PAUSE = 600.0


@dataclass(frozen=True, slots=True)
class Job:
    """What is to be attempted: a stage, and the id of its document or chunk."""

    stage: StageName
    id: int


class LeaseLost(ServiceError):
    """A newer lease was taken meanwhile: nothing may be written any more."""

    code = "lease_lost"


def attempt(job: Job, deps: Needs, work: Callable[[Lease, Document, Needs], None]) -> bool:
    """Run `work` under a lease; False when there was nothing to do.

    A permanent error quarantines the document, and that is its answer; so does the last attempt at an object
    that the store refuses. Any other error is recorded, puts the row off, and is raised again so that the
    queue shows it. `work` notes the end of its stage itself, in the transaction that closes it.

    While storage or the database is away, attempts wait before they claim. A stage that joins has nothing to
    do while a chunk is open. An attempt runs alone in its process when the previous one died.
    """
    seconds = PIPELINE[job.stage].lease(deps.attempts)
    deps.breaker.wait(most=seconds / 2)
    try:
        lease = _claim(job, seconds, deps)
    except DATABASE_AWAY:
        deps.breaker.failed()
        raise
    if lease is None:
        return False
    with work_on(lease.document.id, lease.chunk):
        _run(deps, lease, work)
    return True


def _run(deps: Needs, lease: Lease, work: Callable[[Lease, Document, Needs], None]) -> None:
    """Do the work, and record how it ended."""
    try:
        with deps.lock.hold(exclusive=lease.took_over):
            if lease.took_over:
                _hold_anew(deps, lease)
            work(lease, lease.document, deps)
    except LeaseLost:
        logger.info("attempt superseded", extra=_effort(lease))
        _note(deps, lease, "superseded")
    except PermanentError as error:
        _give_up(deps, lease, error)
    except Exception as error:  # the boundary of an attempt: recorded, put off, raised again
        if isinstance(error, ObjectError) and lease.attempt >= deps.attempts.max_deliveries:
            _give_up(deps, lease, error)
            return
        if isinstance(error, outages()):
            deps.breaker.failed()
        _put_off(deps, lease, error)
        raise
    else:
        deps.breaker.works()
        logger.info("attempt done", extra=_effort(lease))


def _give_up(deps: Deps, lease: Lease, error: ServiceError) -> None:
    _note(deps, lease, "quarantined", f"{error.code}: {error}")
    _quarantine(deps, lease.document.id, error.code, str(error))


def _effort(lease: Lease) -> dict[str, str | float]:
    seconds = round(time.monotonic() - lease.taken, 3)
    return {"stage": lease.stage.value, "attempt": lease.attempt, "seconds": seconds}


def close_stage(session: Session, lease: Lease, document_id: int, deps: Deps, **facts: object) -> None:
    """Close the leased stage, open the one that follows, and note it. LeaseLost when a newer lease was taken.

    The caller writes its results in the same transaction, and `facts` go into the leased row.
    """
    if not leases.advance(session, lease, PIPELINE.after(lease.stage, optional=deps.slots), **facts):
        raise LeaseLost
    note_event(session, lease, document_id, "closed")


def hold(session: Session, lease: Lease, *, progress: bool = False, **facts: object) -> None:
    """Lock the row until the transaction ends, and extend its lease. LeaseLost when a newer one was taken.

    `progress` resets its count of attempts; `facts` are written into the row.
    """
    if not leases.renew(session, lease, progress=progress, **facts):
        raise LeaseLost


def check_held(session: Session, lease: Lease) -> None:
    """LeaseLost when a newer lease was taken: what would be stored now, nobody would refer to."""
    if not leases.is_newest(session, lease):
        raise LeaseLost


def note_event(
    session: Session, lease: Lease, document_id: int, event: str, detail: str | None = None
) -> None:
    """Write into the document's history how an attempt ended, or how far it came."""
    who = actor.get()
    events.record(
        session,
        document_id,
        lease.stage,
        event,
        chunk=lease.chunk,
        attempt=lease.attempt,
        worker=who.worker,
        task=who.task,
        seconds=time.monotonic() - lease.taken,
        detail=detail,
    )


@contextmanager
def left_to_the_sweep() -> Iterator[None]:
    """Send committed rows on inside this block: while the queues are away, that is left to the sweep."""
    try:
        yield
    except BrokerUnavailable as error:
        logger.warning("left to the sweep", extra={"reason": str(error)})


def _claim(job: Job, seconds: float, deps: Deps) -> Lease | None:
    with deps.sessions() as session:
        holder, joins = str(actor.get()), PIPELINE.joins(job.stage)
        lease = leases.claim(session, job.stage, job.id, seconds=seconds, holder=holder, joins=joins)
        if lease is not None and lease.took_over:
            _note_abandoned(session, lease)
    if lease is None or lease.attempt <= deps.attempts.max_deliveries:
        return lease
    _note(deps, lease, "quarantined", EndReason.TOO_MANY_DELIVERIES)
    _quarantine(deps, lease.document.id, EndReason.TOO_MANY_DELIVERIES, _history(deps, lease))
    return None


def _hold_anew(deps: Deps, lease: Lease) -> None:
    """Extend the lease: waiting to run alone may have taken long."""
    with deps.sessions() as session:
        hold(session, lease)


def _note_abandoned(session: Session, lease: Lease) -> None:
    """Note that the previous attempt died, or was too slow, and could not say so itself."""
    detail = "its worker died or outlived its lease"
    events.record(
        session,
        lease.document.id,
        lease.stage,
        "abandoned",
        chunk=lease.chunk,
        attempt=lease.attempt - 1,
        detail=detail,
    )


def _history(deps: Deps, lease: Lease) -> str:
    """Why a document is given up, with the last failure that was recorded; a killed worker records none."""
    with deps.sessions() as session:
        last = events.last_failure(session, lease.document.id)
    sentence = f"{lease.stage.value} was begun {lease.attempt - 1} times and never closed"
    return sentence if last is None else f"{sentence}; last: {last}"


def _quarantine(deps: Deps, document_id: int, reason: str, detail: str) -> None:
    with deps.sessions() as session:
        versions_id = verdicts.versions_id(session, deps.versions)
        if documents.quarantine(session, document_id, reason=reason, detail=detail, versions_id=versions_id):
            logger.warning("document quarantined", extra={"document": document_id, "reason": reason})
            events.record(session, document_id, EventSource.QUARANTINE, reason, detail=detail)


def _put_off(deps: Deps, lease: Lease, error: Exception) -> None:
    again_in = pause(lease.attempt, deps.attempts.retry_seconds)
    counted = not isinstance(error, outages())
    for _ in _tries(lease):
        try:
            with deps.sessions() as session:
                leases.give_back(session, lease, again_in=again_in, counted=counted)
                note_event(session, lease, lease.document.id, "failed", describe_error(error))
            break
        except DATABASE_AWAY:
            logger.warning("waiting for the database, to hand the document back")
    if not isinstance(error, (TransientError, *DATABASE_AWAY)):
        logger.exception("an attempt failed unexpectedly", extra={"stage": lease.stage.value})


def _tries(lease: Lease) -> Iterator[None]:
    """One try now, and more while the lease lasts; after that the row is free anyway."""
    yield
    while time.monotonic() + DATABASE_POLL < lease.taken + lease.seconds:
        Event().wait(DATABASE_POLL)
        yield


def pause(attempt_number: int, first: float) -> float:
    """Seconds until the next attempt."""
    return Backoff(first, LONGEST_PAUSE).pause(attempt_number)


def _note(deps: Deps, lease: Lease, event: str, detail: str | None = None) -> None:
    with deps.sessions() as session:
        note_event(session, lease, lease.document.id, event, detail)

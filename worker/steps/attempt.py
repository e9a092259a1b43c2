"""One attempt at one stage of one row: claim, work, record; the only place where failures become rows."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from threading import Event

from sqlalchemy.orm import Session

from db import chunks, documents, events, leases, verdicts
from db.base import ChunkStage, DocumentStage
from db.leases import Lease
from db.models import Chunk, Document
from db.outages import AWAY
from worker.errors import (
    BrokerUnavailable,
    PermanentError,
    ServiceError,
    StorageUnavailable,
    TransientError,
)
from worker.log import actor, logger, work_on
from worker.steps.ports import Deps
from worker.trace import told

#: Failures of what surrounds the document: they must not burn its attempts.
OUTAGES = (StorageUnavailable, BrokerUnavailable, *AWAY)
#: Seconds between two tries to reach a database that is away.
POLL = 0.5
#: Seconds beyond which the pause between two attempts no longer doubles.
LONGEST_PAUSE = 600.0


@dataclass(frozen=True, slots=True)
class Job:
    """What is to be attempted: a stage of a row, and how long the lease lasts."""

    model: type[Document] | type[Chunk]
    id: int
    stage: DocumentStage | ChunkStage
    lease_seconds: float


class LeaseLost(ServiceError):
    """A newer lease was taken meanwhile: nothing may be written any more."""

    code = "lease_lost"


@dataclass(frozen=True, slots=True)
class _Try:
    """A claimed attempt, and how long the lease lasts."""

    lease: Lease
    document: Document
    seconds: float


def attempt(job: Job, deps: Deps, work: Callable[[Lease, Document], None]) -> bool:
    """Run `work` under a lease; False when there was nothing to do.

    A permanent error quarantines the document and is an answer. Any other error is recorded, its row is
    put off, and it is raised again so that the queue shows it. `work` notes the end of its stage itself, in
    the transaction that closes it. While storage or the database is away, attempts wait before they claim.
    An attempt whose forerunner died runs alone in its process.
    """
    deps.breaker.wait(most=job.lease_seconds / 2)
    try:
        one = _claim(job, deps)
    except AWAY:
        deps.breaker.failed()
        raise
    if one is None:
        return False
    with work_on(one.document.id, one.lease.id if one.lease.model is Chunk else None):
        _run(deps, one, work)
    return True


def _run(deps: Deps, one: _Try, work: Callable[[Lease, Document], None]) -> None:
    """Do the work, and record how it ended."""
    try:
        with deps.turns.take(alone=one.lease.took_over):
            if one.lease.took_over:
                _hold_anew(deps, one)
            work(one.lease, one.document)
    except LeaseLost:
        logger.info("attempt superseded", extra={"stage": one.lease.stage.value, **_effort(one.lease)})
        _note(deps, one, "superseded")
    except PermanentError as error:
        _note(deps, one, "quarantined", f"{error.code}: {error}")
        _quarantine(deps, one.document.id, error.code, str(error))
    except Exception as error:  # the boundary of an attempt: recorded, put off, raised again
        if isinstance(error, OUTAGES):
            deps.breaker.failed()
        _put_off(deps, one, error)
        raise
    else:
        deps.breaker.works()
        logger.info("attempt done", extra={"stage": one.lease.stage.value, **_effort(one.lease)})


def _effort(lease: Lease) -> dict[str, float]:
    return {"attempt": lease.attempt, "seconds": round(time.monotonic() - lease.taken, 3)}


def note(session: Session, lease: Lease, document_id: int, event: str, detail: str | None = None) -> None:
    """Write into the document's history how an attempt ended, or how far it came."""
    who = actor.get()
    events.record(
        session,
        document_id,
        lease.stage.value,
        event,
        chunk=lease.id if lease.model is Chunk else None,
        attempt=lease.attempt,
        worker=who.worker,
        task=who.task,
        seconds=time.monotonic() - lease.taken,
        detail=detail,
    )


@contextmanager
def left_to_the_sweep() -> Iterator[None]:
    """Send committed rows on inside it: when the queues are away the sweep sends them, and nothing failed."""
    try:
        yield
    except BrokerUnavailable as error:
        logger.warning("left to the sweep", extra={"reason": str(error)})


def _claim(job: Job, deps: Deps) -> _Try | None:
    with deps.sessions() as session:
        document = _document(session, job)
        if document is None:
            return None
        lease = leases.claim(
            session, job.model, job.id, job.stage, seconds=job.lease_seconds, holder=str(actor.get())
        )
        if lease is not None and lease.took_over:
            _note_abandoned(session, lease, document.id)
    if lease is None:
        return None
    one = _Try(lease, document, job.lease_seconds)
    if lease.attempt > deps.attempts.max_deliveries:
        _note(deps, one, "quarantined", "too_many_deliveries")
        _quarantine(deps, document.id, "too_many_deliveries", _history(deps, lease, document))
        return None
    return one


def _hold_anew(deps: Deps, one: _Try) -> None:
    """The turn to be alone may have been long in coming."""
    with deps.sessions() as session:
        if not leases.renew(session, one.lease, seconds=one.seconds):
            raise LeaseLost


def _note_abandoned(session: Session, lease: Lease, document_id: int) -> None:
    """The attempt before died, or was too slow, and could not say so itself."""
    chunk = lease.id if lease.model is Chunk else None
    detail = "its worker died or outlived its lease"
    events.record(
        session,
        document_id,
        lease.stage.value,
        "abandoned",
        chunk=chunk,
        attempt=lease.attempt - 1,
        detail=detail,
    )


def _document(session: Session, job: Job) -> Document | None:
    if job.model is Chunk:
        return chunks.document_of(session, job.id)
    return documents.known(session, job.id)


def _history(deps: Deps, lease: Lease, document: Document) -> str:
    """Why a document is given up, with the last failure that was recorded; a killed worker records none."""
    with deps.sessions() as session:
        last = events.last_failure(session, document.id)
    sentence = f"{lease.stage.value} was begun {lease.attempt - 1} times and never closed"
    return sentence if last is None else f"{sentence}; last: {last}"


def _quarantine(deps: Deps, document_id: int, reason: str, detail: str) -> None:
    with deps.sessions() as session:
        versions_id = verdicts.versions_id(session, deps.versions)
        if documents.quarantine(session, document_id, reason=reason, detail=detail, versions_id=versions_id):
            logger.warning("document quarantined", extra={"document": document_id, "reason": reason})
            events.record(session, document_id, "quarantine", reason, detail=detail)


def _put_off(deps: Deps, one: _Try, error: Exception) -> None:
    again_in = pause(one.lease.attempt, deps.attempts.retry_seconds)
    counted = not isinstance(error, OUTAGES)
    for _ in _tries(one):
        try:
            with deps.sessions() as session:
                leases.give_back(session, one.lease, again_in=again_in, counted=counted)
                note(session, one.lease, one.document.id, "failed", told(error))
            break
        except AWAY:
            logger.warning("waiting for the database, to hand the document back")
    if not isinstance(error, (TransientError, *AWAY)):
        logger.exception("an attempt failed unexpectedly", extra={"stage": one.lease.stage.value})


def _tries(one: _Try) -> Iterator[None]:
    """One now and more while the lease lasts; after it the row is free anyway."""
    yield
    while time.monotonic() + POLL < one.lease.taken + one.seconds:
        Event().wait(POLL)
        yield


def pause(attempt_number: int, first: float) -> float:
    """Seconds until the next attempt: doubling, bounded, with jitter so that a crowd spreads out."""
    full = min(first * 2.0 ** (attempt_number - 1), LONGEST_PAUSE)
    return full * random.uniform(0.5, 1.0)


def _note(deps: Deps, one: _Try, event: str, detail: str | None = None) -> None:
    with deps.sessions() as session:
        note(session, one.lease, one.document.id, event, detail)

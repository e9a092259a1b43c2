"""One attempt at one stage of one row: claim, work, record; the only place where failures become rows."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from threading import Event
from typing import TypeVar

from sqlalchemy.orm import Session

from db import chunks, documents, events, leases, verdicts
from db.errors import DATABASE_AWAY
from db.leases import Lease
from db.models import Document
from db.states import ChunkStage, EventSource, StageName
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


@dataclass(frozen=True, slots=True)
class _Claimed:
    """What an attempt has claimed: its lease, and the document that it works for."""

    lease: Lease
    document: Document


def attempt(job: Job, deps: Needs, work: Callable[[Lease, Document, Needs], None]) -> bool:
    """Run `work` under a lease; False when there was nothing to do.

    A permanent error quarantines the document and is an answer; so does the last of the attempts at an object
    that the store refuses. Any other error is recorded, its row is
    put off, and it is raised again so that the queue shows it. `work` notes the end of its stage itself, in
    the transaction that closes it. While storage or the database is away, attempts wait before they claim.
    A stage that joins has nothing to do while a chunk is open.
    An attempt runs alone in its process when the previous one died.
    """
    seconds = PIPELINE[job.stage].lease(deps.attempts)
    deps.breaker.wait(most=seconds / 2)
    try:
        claimed = _claim(job, seconds, deps)
    except DATABASE_AWAY:
        deps.breaker.failed()
        raise
    if claimed is None:
        return False
    with work_on(claimed.document.id, claimed.lease.chunk):
        _run(deps, claimed, work)
    return True


def _run(deps: Needs, claimed: _Claimed, work: Callable[[Lease, Document, Needs], None]) -> None:
    """Do the work, and record how it ended."""
    try:
        with deps.lock.hold(exclusive=claimed.lease.took_over):
            if claimed.lease.took_over:
                _hold_anew(deps, claimed.lease)
            work(claimed.lease, claimed.document, deps)
    except LeaseLost:
        logger.info("attempt superseded", extra=_effort(claimed.lease))
        _note(deps, claimed, "superseded")
    except PermanentError as error:
        _give_up(deps, claimed, error)
    except Exception as error:  # the boundary of an attempt: recorded, put off, raised again
        if isinstance(error, ObjectError) and claimed.lease.attempt >= deps.attempts.max_deliveries:
            _give_up(deps, claimed, error)
            return
        if isinstance(error, outages()):
            deps.breaker.failed()
        _put_off(deps, claimed, error)
        raise
    else:
        deps.breaker.works()
        logger.info("attempt done", extra=_effort(claimed.lease))


def _give_up(deps: Deps, claimed: _Claimed, error: ServiceError) -> None:
    _note(deps, claimed, "quarantined", f"{error.code}: {error}")
    _quarantine(deps, claimed.document.id, error.code, str(error))


def _effort(lease: Lease) -> dict[str, str | float]:
    seconds = round(time.monotonic() - lease.taken, 3)
    return {"stage": lease.stage.value, "attempt": lease.attempt, "seconds": seconds}


def close_stage(session: Session, lease: Lease, document_id: int, deps: Deps) -> None:
    """Close the leased stage, open the one that follows, and note it. LeaseLost when a newer lease was taken.

    The caller writes its results in the same transaction.
    """
    if not leases.advance(session, lease, PIPELINE.after(lease.stage, optional=deps.slots)):
        raise LeaseLost
    note_event(session, lease, document_id, "closed")


def hold(session: Session, lease: Lease, *, progress: bool = False) -> None:
    """Lock the row until the transaction ends, and extend its lease. LeaseLost when a newer one was taken.

    `progress` resets its count of attempts.
    """
    if not leases.renew(session, lease, progress=progress):
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


def _claim(job: Job, seconds: float, deps: Deps) -> _Claimed | None:
    with deps.sessions() as session:
        document = _document(session, job)
        if document is None or (PIPELINE.joins(job.stage) and chunks.unfinished(session, document.id)):
            return None
        holder = str(actor.get())
        lease = leases.claim(session, job.stage, job.id, seconds=seconds, holder=holder)
        if lease is not None and lease.took_over:
            _note_abandoned(session, lease, document.id)
    if lease is None:
        return None
    claimed = _Claimed(lease, document)
    if lease.attempt > deps.attempts.max_deliveries:
        _note(deps, claimed, "quarantined", EndReason.TOO_MANY_DELIVERIES)
        _quarantine(deps, document.id, EndReason.TOO_MANY_DELIVERIES, _history(deps, lease, document))
        return None
    return claimed


def _hold_anew(deps: Deps, lease: Lease) -> None:
    """Extend the lease: waiting to run alone may have taken long."""
    with deps.sessions() as session:
        hold(session, lease)


def _note_abandoned(session: Session, lease: Lease, document_id: int) -> None:
    """Note that the previous attempt died, or was too slow, and could not say so itself."""
    detail = "its worker died or outlived its lease"
    events.record(
        session,
        document_id,
        lease.stage,
        "abandoned",
        chunk=lease.chunk,
        attempt=lease.attempt - 1,
        detail=detail,
    )


def _document(session: Session, job: Job) -> Document | None:
    chunk = isinstance(job.stage, ChunkStage)
    return chunks.document_of(session, job.id) if chunk else documents.known(session, job.id)


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
            events.record(session, document_id, EventSource.QUARANTINE, reason, detail=detail)


def _put_off(deps: Deps, claimed: _Claimed, error: Exception) -> None:
    again_in = pause(claimed.lease.attempt, deps.attempts.retry_seconds)
    counted = not isinstance(error, outages())
    for _ in _tries(claimed):
        try:
            with deps.sessions() as session:
                leases.give_back(session, claimed.lease, again_in=again_in, counted=counted)
                note_event(session, claimed.lease, claimed.document.id, "failed", describe_error(error))
            break
        except DATABASE_AWAY:
            logger.warning("waiting for the database, to hand the document back")
    if not isinstance(error, (TransientError, *DATABASE_AWAY)):
        logger.exception("an attempt failed unexpectedly", extra={"stage": claimed.lease.stage.value})


def _tries(claimed: _Claimed) -> Iterator[None]:
    """One try now, and more while the lease lasts; after that the row is free anyway."""
    yield
    while time.monotonic() + DATABASE_POLL < claimed.lease.taken + claimed.lease.seconds:
        Event().wait(DATABASE_POLL)
        yield


def pause(attempt_number: int, first: float) -> float:
    """Seconds until the next attempt."""
    return Backoff(first, LONGEST_PAUSE).pause(attempt_number)


def _note(deps: Deps, claimed: _Claimed, event: str, detail: str | None = None) -> None:
    with deps.sessions() as session:
        note_event(session, claimed.lease, claimed.document.id, event, detail)

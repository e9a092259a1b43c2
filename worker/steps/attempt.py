"""One attempt at one stage of one row: claim, work, record; the only place where failures become rows."""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from dataclasses import dataclass

from sqlalchemy.orm import Session

from db import chunks, documents, events, leases, verdicts
from db.base import ChunkStage, DocumentStage
from db.leases import Lease
from db.models import Chunk, Document
from worker.errors import PermanentError, ServiceError, StorageUnavailable, TransientError
from worker.log import actor, logger
from worker.steps.ports import Deps

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
    """A claimed attempt, and when it began."""

    lease: Lease
    document: Document
    started: float


def attempt(job: Job, deps: Deps, work: Callable[[Lease, Document], None]) -> bool:
    """Run `work` under a lease; False when there was nothing to do.

    A permanent error quarantines the document and is an answer. Any other error is recorded, its row is
    put off, and it is raised again so that the queue shows it.
    """
    one = _claim(job, deps)
    if one is None:
        return False
    try:
        work(one.lease, one.document)
    except LeaseLost:
        _note(deps, one, "superseded")
    except PermanentError as error:
        _note(deps, one, "quarantined", f"{error.code}: {error}")
        _quarantine(deps, one.document.id, error.code, str(error))
    except Exception as error:  # the boundary of an attempt: recorded, put off, raised again
        _put_off(deps, one, error)
        raise
    else:
        _note(deps, one, "closed")
    return True


def _claim(job: Job, deps: Deps) -> _Try | None:
    with deps.sessions() as session:
        document = _document(session, job)
        if document is None:
            return None
        lease = leases.claim(session, job.model, job.id, job.stage, seconds=job.lease_seconds)
    if lease is None:
        return None
    if lease.attempt > deps.attempts.max_deliveries:
        _quarantine(deps, document.id, "too_many_deliveries", _history(deps, lease, document))
        return None
    return _Try(lease, document, time.monotonic())


def _document(session: Session, job: Job) -> Document | None:
    if job.model is Chunk:
        return chunks.document_of(session, job.id)
    return documents.get(session, job.id)


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
            events.record(session, document_id, "quarantine", reason, detail=detail)


def _put_off(deps: Deps, one: _Try, error: Exception) -> None:
    code = error.code if isinstance(error, ServiceError) else type(error).__name__
    again_in = pause(one.lease.attempt, deps.attempts.retry_seconds)
    with deps.sessions() as session:
        # An outage of storage must not burn a document's attempts.
        counted = not isinstance(error, StorageUnavailable)
        leases.give_back(session, one.lease, again_in=again_in, counted=counted)
    _note(deps, one, "failed", f"{code}: {error}")
    if not isinstance(error, TransientError):
        logger.exception("document %s, %s", one.document.id, one.lease.stage.value)


def pause(attempt_number: int, first: float) -> float:
    """Seconds until the next attempt: doubling, bounded, with jitter so that a crowd spreads out."""
    full = min(first * 2.0 ** (attempt_number - 1), LONGEST_PAUSE)
    return full * random.uniform(0.5, 1.0)


def _note(deps: Deps, one: _Try, event: str, detail: str | None = None) -> None:
    who, lease = actor.get(), one.lease
    with deps.sessions() as session:
        events.record(
            session,
            one.document.id,
            lease.stage.value,
            event,
            chunk=lease.id if lease.model is Chunk else None,
            attempt=lease.attempt,
            worker=who.worker,
            task=who.task,
            seconds=time.monotonic() - one.started,
            detail=detail,
        )

"""Sweep: rows that stand still are sent again, so the queues can be rebuilt from the database alone."""

from __future__ import annotations

from datetime import timedelta
from typing import Protocol

from sqlalchemy.orm import Session

from db import chunks, sweep
from db.states import ChunkStage, StageName
from worker.log import logger
from worker.pipeline import PIPELINE, QueueMessage
from worker.steps.ports import Deps

#: Rows that one sweep sends again per stage, at most.
MOST_RESENT = 1000


class Depths(Protocol):
    """How many messages wait in the queues."""

    def __call__(self, queue: str) -> int:
        """Messages in that queue."""


def sweep_all(deps: Deps, depth: Depths) -> int:
    """Send again what stands still; answer how many rows that was.

    A row is overdue when its lease ran out or its message went unanswered. A long queue answers late without
    having lost anything, so of the waiting rows only as many are sent as the queue lacks.
    """
    return sum(_sweep(stage.name, deps, depth) for stage in PIPELINE)


def _sweep(stage: StageName, deps: Deps, depth: Depths) -> int:
    resend_after = timedelta(seconds=deps.attempts.resend_seconds)
    joins = PIPELINE.joins(stage)
    with deps.sessions() as session:
        lacking = sweep.waiting(session, stage, joins=joins) - depth(stage.value)
        limit = max(0, min(MOST_RESENT, lacking))
        overdue = sweep.overdue(session, stage, joins=joins, resend_after=resend_after, limit=limit)
        # Within the transaction: when the queues are away, these rows stay due.
        for row_id in overdue:
            _send(session, stage, row_id, deps)
    if overdue:
        logger.warning(
            "rows that stood still are sent again", extra={"rows": len(overdue), "stage": stage.value}
        )
    return len(overdue)


def _send(session: Session, stage: StageName, row_id: int, deps: Deps) -> None:
    if not isinstance(stage, ChunkStage):
        deps.publisher.send(QueueMessage(stage=stage, document_id=row_id))
        return
    document = chunks.document_of(session, row_id)
    if document is not None:
        deps.publisher.send(QueueMessage(stage=stage, document_id=document.id, chunk_id=row_id))

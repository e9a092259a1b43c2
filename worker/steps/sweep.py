"""Sweep: rows that stand still are sent again, so the queues can be rebuilt from the database alone."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Protocol

from sqlalchemy.orm import Session

from db import chunks, sweep
from db.base import ChunkStage, DocumentStage
from db.models import Chunk, Document
from db.sweep import Model, Stage
from worker.log import logger
from worker.steps.ports import Deps

#: Rows that one sweep sends again per stage, at most.
BATCH = 1000


class Depths(Protocol):
    """How many messages wait in the queues."""

    def __call__(self, stage: str) -> int:
        """Messages in the queue of that stage."""


@dataclass(frozen=True)
class _Beat:
    """One stage to be swept, and how one of its rows is sent."""

    model: Model
    stage: Stage
    send: Callable[[Session, int], None]


def sweep_all(deps: Deps, depth: Depths) -> int:
    """Send again what stands still; answer how many rows that was.

    A row is overdue when its lease ran out or its message went unanswered. A long queue answers late without
    having lost anything, so of the waiting rows only as many are sent as the queue lacks.
    """
    beats = (
        _Beat(Document, DocumentStage.RENDER, lambda _, row_id: deps.courier.render(row_id)),
        _Beat(Chunk, ChunkStage.DETECT, lambda session, row_id: _send_chunk(session, row_id, deps)),
        _Beat(Chunk, ChunkStage.VERIFY, lambda session, row_id: _send_chunk(session, row_id, deps)),
        _Beat(Document, DocumentStage.FINISH, lambda _, row_id: deps.courier.finish(row_id)),
    )
    return sum(_sweep(beat, deps, depth) for beat in beats)


def _sweep(beat: _Beat, deps: Deps, depth: Depths) -> int:
    patience = timedelta(seconds=deps.attempts.resend_seconds)
    with deps.sessions() as session:
        lacking = sweep.waiting(session, beat.model, beat.stage) - depth(beat.stage.value)
        limit = max(0, min(BATCH, lacking))
        overdue = sweep.overdue(session, beat.model, beat.stage, patience=patience, limit=limit)
        # Within the transaction: when the queues are away, these rows stay due.
        for row_id in overdue:
            beat.send(session, row_id)
    if overdue:
        logger.warning(
            "rows that stood still are sent again", extra={"rows": len(overdue), "stage": beat.stage.value}
        )
    return len(overdue)


def _send_chunk(session: Session, chunk_id: int, deps: Deps) -> None:
    document = chunks.document_of(session, chunk_id)
    if document is not None:
        deps.courier.pages(chunk_id, document.id)

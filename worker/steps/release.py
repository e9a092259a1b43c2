"""Release: rows are freed before their leases run out, when their holders stop or are known to be dead.

When the database is away nothing is lost: the rows are free when the leases end.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager

from db import chunks, documents, events, leases
from db.base import ChunkStage, DocumentStage
from db.engine import Sessions
from db.models import Chunk, Document
from db.outages import AWAY
from db.sweep import Model, Stage
from worker.log import Actor, logger
from worker.settings import Attempts
from worker.steps.attempt import pause

#: The rows of which each queue works off which stage.
STAGES: Mapping[str, tuple[Model, Stage]] = {
    "render": (Document, DocumentStage.RENDER),
    "detect": (Chunk, ChunkStage.DETECT),
    "verify": (Chunk, ChunkStage.VERIFY),
    "finish": (Document, DocumentStage.FINISH),
}


def hand_back(sessions: Sessions, queue: str, row_id: int, holder: Actor, attempts: Attempts) -> bool:
    """Take a row from a holder that is told to stop; False when it held none.

    The attempt does not count, and whatever the holder still tries to write is refused. The
    next sweep sends the row again: its message may be lost with the holder.
    """
    if queue not in STAGES:
        return False
    model, stage = STAGES[queue]
    attempt = None
    with _left_to_the_leases(), sessions() as session:
        overdue = attempts.resend_seconds
        attempt = leases.revoke(session, model, row_id, stage, holder=str(holder), overdue=overdue)
        document = chunks.document_of(session, row_id) if model is Chunk else documents.known(session, row_id)
        if attempt is not None and document is not None:
            events.record(
                session,
                document.id,
                stage.value,
                "handed_back",
                chunk=row_id if model is Chunk else None,
                attempt=attempt,
                worker=holder.worker,
                task=holder.task,
                detail="its worker was told to stop",
            )
    return attempt is not None


def free(sessions: Sessions, queues: Collection[str], dead: Actor, attempts: Attempts) -> int:
    """Free the rows that a dead holder left behind; how many those were.

    `dead` is one task of a worker or, without a task, the worker with all its tasks. The attempts count.
    """
    found = 0
    for queue in STAGES.keys() & queues:
        model, stage = STAGES[queue]
        with _left_to_the_leases(), sessions() as session:
            found += leases.cut_short(
                session,
                model,
                stage,
                holder=str(dead),
                pause=lambda attempt: pause(attempt, attempts.retry_seconds),
            )
    if found:
        logger.warning(
            "rows of a dead holder are soon free again", extra={"rows": found, "holder": str(dead)}
        )
    return found


@contextmanager
def _left_to_the_leases() -> Iterator[None]:
    try:
        yield
    except AWAY as error:
        logger.warning("left to the leases, for the database is away", extra={"reason": str(error)})

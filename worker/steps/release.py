"""Release: rows are freed before their leases run out, when their holders stop or are known to be dead.

When the database is away nothing is lost: the rows are free when the leases end.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from contextlib import contextmanager

from db import chunks, documents, events, leases
from db.engine import Sessions
from db.errors import DATABASE_AWAY
from db.states import ChunkStage
from worker.log import Actor, logger
from worker.pipeline import PIPELINE
from worker.settings import Attempts
from worker.steps.attempt import pause


def hand_back(sessions: Sessions, queue: str, row_id: int, holder: Actor, attempts: Attempts) -> bool:
    """Take a row from a holder that is told to stop; False when it held none.

    The attempt does not count, and whatever the holder still tries to write is refused. The
    next sweep sends the row again: its message may be lost with the holder.
    """
    stage = PIPELINE.stage_of(queue)
    if stage is None:
        return False
    chunk = row_id if isinstance(stage.name, ChunkStage) else None
    attempt = None
    with left_to_the_leases(), sessions() as session:
        overdue = attempts.resend_seconds
        attempt = leases.revoke(session, stage.name, row_id, holder=str(holder), overdue=overdue)
        document = chunks.document_of(session, chunk) if chunk else documents.known(session, row_id)
        if attempt is not None and document is not None:
            events.record(
                session,
                document.id,
                stage.name,
                "handed_back",
                chunk=chunk,
                attempt=attempt,
                worker=holder.worker,
                task=holder.task,
                detail="its worker was told to stop",
            )
    return attempt is not None


def free(sessions: Sessions, queues: Collection[str], dead: Actor, attempts: Attempts) -> int:
    """Free the rows that a dead holder left behind, as `free_now` does; how many those were.

    While the database is away that is left to their leases.
    """
    with left_to_the_leases():
        return free_now(sessions, queues, dead, attempts)
    return 0


def free_now(sessions: Sessions, queues: Collection[str], dead: Actor, attempts: Attempts) -> int:
    """Free the rows that a dead holder left behind; how many those were. Raises what says that nobody could.

    `dead` is one task of a worker or, without a task, the worker with all its tasks. The attempts count.
    """
    freed = 0
    for stage in filter(None, map(PIPELINE.stage_of, queues)):
        with sessions() as session:
            freed += leases.cut_short(
                session,
                stage.name,
                holder=str(dead),
                pause=lambda attempt: pause(attempt, attempts.retry_seconds),
            )
    if freed:
        logger.warning(
            "rows of a dead holder are soon free again", extra={"rows": freed, "holder": str(dead)}
        )
    return freed


@contextmanager
def left_to_the_leases() -> Iterator[None]:
    """Free rows inside this block: while the database is away, that is left to their leases."""
    try:
        yield
    except DATABASE_AWAY as error:
        logger.warning("left to the leases, for the database is away", extra={"reason": str(error)})

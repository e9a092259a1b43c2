"""Heartbeats: a worker says that it is alive, and a sweep sees when it is gone for good.

Without them the rows of a machine that never returns would wait for their leases, up to a quarter of an hour.
"""

from __future__ import annotations

from datetime import timedelta

from db import heartbeats
from db.engine import Sessions
from db.errors import DATABASE_AWAY
from worker.log import Actor, logger
from worker.pipeline import PIPELINE
from worker.settings import Attempts
from worker.steps.release import free_now, left_to_the_leases


def note_beat(sessions: Sessions, worker: str, attempts: Attempts) -> None:
    """Note that a worker is alive; nothing is noted while the database is away."""
    try:
        with sessions() as session:
            heartbeats.beat(session, worker, silence=timedelta(seconds=attempts.silence_seconds))
    except DATABASE_AWAY as error:
        logger.warning("no heartbeat, for the database is away", extra={"reason": str(error)})


def free_silent(sessions: Sessions, witness: Actor, attempts: Attempts) -> int:
    """Free the rows of workers whose heartbeat is gone, with their machine perhaps; how many those were.

    `witness` is the worker that looks; see `heartbeats.silent`. Who was only held up loses its leases: it
    writes nothing any more, and beats again.
    """
    silence = timedelta(seconds=attempts.silence_seconds)
    queues = [stage.name.value for stage in PIPELINE]
    freed = 0
    with left_to_the_leases():
        with sessions() as session:
            workers = heartbeats.silent(session, witness=witness.worker, silence=silence)
        for worker in workers:
            freed += free_now(sessions, queues, Actor(worker=worker), attempts)
            with sessions() as session:
                heartbeats.forget(session, worker, silence=silence)
    return freed

"""The heartbeat of a worker."""

from __future__ import annotations

import threading
from collections.abc import Callable

from celery import bootsteps

from worker.connections import brief_sessions
from worker.settings import Attempts
from worker.steps.heartbeats import note_beat
from worker.tasks.base import NO_FORK, WorkerProcess

#: Beats that may be lost one after another before a worker counts as silent.
BEATS = 4


class HeartbeatStep(bootsteps.StartStopStep):
    """Beats from a thread of its own, to the very end: a worker that shuts down still holds its leases."""

    def start(self, parent: WorkerProcess) -> None:
        """Begin to beat."""
        never = threading.Event()
        beating = (str(parent.hostname), Attempts(), never.wait)
        threading.Thread(target=keep_beating, args=beating, name="heartbeat", daemon=True).start()


def keep_beating(worker: str, attempts: Attempts, stopped: Callable[[float], bool]) -> None:
    """Beat until `stopped`, which is given the seconds to wait for that, says so."""
    while True:
        with NO_FORK, brief_sessions() as sessions:
            note_beat(sessions, worker, attempts)
        if stopped(attempts.silence_seconds / BEATS):
            return

"""What a worker's main process does for the rows of its tasks: it frees them when their work breaks off.

Without it they would wait for their leases: up to a quarter of an hour for rendering.
"""

from __future__ import annotations

import os
import signal
from contextlib import suppress
from functools import partial
from threading import Event, Thread

from billiard.einfo import ExceptionInfo
from billiard.exceptions import WorkerLostError
from celery import bootsteps, signals
from celery.concurrency.base import BasePool
from celery.worker.request import Request

from worker.connections import brief_sessions
from worker.log import Actor
from worker.pipeline import QUEUES
from worker.settings import Attempts
from worker.steps import release
from worker.tasks.base import WorkerProcess

_QUEUE_OF_TASK = {queue.task: queue.name for queue in QUEUES}
#: Seconds between the cold shutdown of a worker and its end, whatever still holds it.
LAST_WORDS = 10.0


class StageRequest(Request):
    """A delivered message, as the main process sees it."""

    def cancel(self, pool: BasePool, signal: int | None = None, emit_retry: bool = True) -> None:
        """The worker stops and cannot wait for this task: its row is handed back."""
        # Threads cannot be ended from outside. The one at work finds that it has lost its lease.
        with suppress(NotImplementedError):
            super().cancel(pool, signal, emit_retry)
        queue, row_id = self._row
        with brief_sessions() as sessions:
            release.hand_back(sessions, queue, row_id, self._holder, Attempts())

    def on_failure(
        self, exc_info: ExceptionInfo, send_failed_event: bool = True, return_ok: bool = False
    ) -> None:
        """A pool process that was killed, by the kernel when memory ran out, leaves its row behind."""
        # Billiard wraps the errors of its own making.
        error = getattr(exc_info.exception, "exc", exc_info.exception)
        if isinstance(error, WorkerLostError):
            queue, _ = self._row
            with brief_sessions() as sessions:
                release.free(sessions, [queue], self._holder, Attempts())
        super().on_failure(exc_info, send_failed_event, return_ok)

    @property
    def _row(self) -> tuple[str, int]:
        return _QUEUE_OF_TASK[self.name], next(iter(self.args), 0)

    @property
    def _holder(self) -> Actor:
        return Actor(worker=str(self.hostname), task=self.id)


class Handback(bootsteps.StartStopStep):
    """Frees what an earlier worker of its name left behind, and sees to it that this one ends in time."""

    def start(self, parent: WorkerProcess) -> None:
        """Before the first message is taken.

        The earlier worker is dead, for node names are unique: a container that starts again keeps its own.
        """
        dead = Actor(worker=str(parent.hostname))
        queues = list(parent.app.amqp.queues.consume_from)
        with brief_sessions() as sessions:
            release.free(sessions, queues, dead, Attempts())
        self._bound = partial(_end_in_time, parent.app.conf.stop_seconds)
        signals.worker_shutting_down.connect(self._bound)


def _end_in_time(seconds: float, *, how: str, **_: object) -> None:
    """On SIGTERM Celery waits for what is at work, however long that takes; this thread does not."""

    def end() -> None:
        Event().wait(seconds)
        # Celery's cold shutdown: cancels what is at work, and restores its messages.
        os.kill(os.getpid(), signal.SIGQUIT)
        Event().wait(LAST_WORDS)
        # A thread that hangs, or a broker that says nothing, would hold the process forever.
        os._exit(os.EX_TEMPFAIL)

    if how == "Warm":
        Thread(target=end, name="end in time", daemon=True).start()

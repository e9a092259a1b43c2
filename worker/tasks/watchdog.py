"""The watchdog of a worker: ends the process when it is alive but makes no progress, so that it is replaced.

Two things hang a worker that answers pings all the same. A thread that never returns: pools of threads cannot
enforce Celery's time limits. And a consumer that waits on a connection that will never speak again, while
messages wait in its queue. Death at any moment is harmless here, so the cure for both is to end.
"""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from celery import bootsteps
from celery.worker import state

from worker.errors import BrokerUnavailable
from worker.log import logger
from worker.publisher import CeleryPublisher
from worker.tasks.base import NO_FORK, WorkerProcess

#: Exit status of a worker that ended itself: EX_TEMPFAIL.
STALLED = 75


class StallDetector:
    """Judges from what is seen now and was seen before whether a worker makes progress.

    `slots` tasks run at once, each for at most `limit` seconds; `stall` seconds may pass without a task begun
    or ended while there is something to do. Moments are those of one monotonic clock.
    """

    def __init__(self, *, slots: int, limit: float, stall: float, at: float) -> None:
        self._slots, self._limit, self._stall = slots, limit, stall
        self._begun: dict[str, float] = {}
        self._total = -1
        self._moved = at

    def trouble(self, running: Sequence[str], total: int, waiting: int, *, at: float) -> str | None:
        """What is wrong, in words; None while all is well.

        `running` are ids of tasks at work, `total` counts all ever begun, `waiting` those in the queue.
        """
        known, self._begun = self._begun, {task: self._begun.get(task, at) for task in running}
        if known.keys() != self._begun.keys() or total != self._total or not waiting:
            self._total, self._moved = total, at
        late = [task for task, begun in self._begun.items() if at - begun > self._limit]
        if late:
            return f"task {late[0]} runs longer than {self._limit:g} s and cannot be stopped"
        if len(running) < self._slots and at - self._moved > self._stall:
            return f"{waiting} messages wait, and none was taken for {self._stall:g} s"
        return None


class Watchdog(bootsteps.StartStopStep):
    """Looks at its worker from a thread of its own, and touches the pulse file while all is well."""

    requires = ("celery.worker.components:Pool",)

    def __init__(self, parent: WorkerProcess, **_: object) -> None:
        self._stop = threading.Event()

    def start(self, parent: WorkerProcess) -> None:
        """Begin to look."""
        threading.Thread(target=self._watch, args=(parent, _end), name="watchdog", daemon=True).start()

    def stop(self, parent: WorkerProcess) -> None:
        """A worker that shuts down finishes what it holds; that may take any time."""
        self._stop.set()

    def _watch(self, worker: WorkerProcess, end: Callable[[str], None]) -> None:
        conf = worker.app.conf
        publisher, queues = CeleryPublisher(worker.app), list(worker.app.amqp.queues.consume_from)
        # Pools of processes end a task at its limit; what outlives it by this much, nothing ends.
        limit = conf.task_time_limit + conf.stall_seconds / 4
        detector = StallDetector(
            slots=worker.concurrency, limit=limit, stall=conf.stall_seconds, at=time.monotonic()
        )
        while not self._stop.wait(conf.stall_seconds / 4):
            running = [request.id for request in list(state.active_requests)]
            with NO_FORK:
                waiting = sum(_waiting(publisher, queue) for queue in queues)
            total = sum(state.total_count.values())
            trouble = detector.trouble(running, total, waiting, at=time.monotonic())
            if trouble is not None:
                end(trouble)
            elif conf.pulse is not None:
                _touch(conf.pulse)


def _touch(pulse: Path) -> None:
    """A full disk must not end the watch; the health check sees that the pulse is gone."""
    try:
        pulse.touch()
    except OSError as error:
        logger.warning("no pulse", extra={"reason": str(error)})


def _waiting(publisher: CeleryPublisher, queue: str) -> int:
    """Messages in the queue; 0 while the broker is away, when no other process could take them either."""
    try:
        return publisher.depth(queue)
    except BrokerUnavailable:
        return 0


def _end(trouble: str) -> None:
    logger.critical("the worker ends itself", extra={"reason": trouble})
    # At once: an orderly end would wait for the very thread that hangs.
    os._exit(STALLED)

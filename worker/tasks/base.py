"""The base of all tasks: every event names its worker and task. Retries are rows, not Celery's."""

from __future__ import annotations

import os
import threading
from typing import Protocol

from celery import Celery, Task

from worker.log import Actor, actor

#: Held by a thread of a worker's main process while it speaks to a server. A pool process that is forked then
#: inherits locks that nobody frees, and hangs at its first task.
NO_FORK = threading.Lock()
os.register_at_fork(before=NO_FORK.acquire, after_in_parent=NO_FORK.release, after_in_child=NO_FORK.release)


class WorkerProcess(Protocol):
    """Celery's worker, as the steps of its start see it."""

    app: Celery
    hostname: str
    concurrency: int


class StageTask(Task):  # type: ignore[type-arg]
    """Calls a step. Failures are recorded by the step, which also says when the row is due again."""

    ignore_result = True
    Request = "worker.tasks.handback:StageRequest"

    def before_start(self, task_id: str, args: tuple[object, ...], kwargs: dict[str, object]) -> None:
        """Name the worker and the task to the steps."""
        actor.set(Actor(worker=str(self.request.hostname), task=task_id))

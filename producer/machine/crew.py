"""The processes of the queued form and their command lines, as they also stand in the compose file."""

from __future__ import annotations

import os
import sys
import sysconfig
from pathlib import Path

from worker.pipeline import QUEUES, Queue


def worker_command(queue: Queue, cores: int) -> list[str]:
    """Return the command line of a queue's worker; it names the node after the queue."""
    return [
        *celery("worker", "-Q", queue.name, "-n", f"{queue.name}@%h", "--pool", queue.pool),
        *("-c", str(queue.concurrency or cores), "-E"),
        *("--without-gossip", "--without-mingle"),
    ]


def celery(*words: str) -> list[str]:
    """Return a command line of Celery with this interpreter and the service's app, without its banner."""
    return [sys.executable, "-m", "celery", "--quiet", "-A", "worker.app", *words]


def countersign(*words: str) -> list[str]:
    """Return a command line of the installed `countersign`."""
    return [str(Path(sysconfig.get_path("scripts")) / "countersign"), *words]


def crew(
    folder: Path, *, intake: str | None, cores: int | None = None, flower: bool = True
) -> dict[str, list[str]]:
    """Return the command line of every process by its name, in starting order.

    `intake` is the URL that is watched; without one, none is. Workers are sized for so many cores; by default
    those this process may use.
    """
    cores = cores or len(os.sched_getaffinity(0))
    commands = {str(queue.name): worker_command(queue, cores) for queue in QUEUES}
    commands["beat"] = celery("beat", "--schedule", str(folder / "beat-schedule"), "--pidfile=")
    if intake:
        commands["watch"] = countersign("watch", intake)
    commands["deliver"] = countersign("deliver")
    if flower:
        commands["flower"] = celery("flower")
    return commands

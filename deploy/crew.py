"""The processes of the queued form and their command lines, as they also stand in the compose file."""

from __future__ import annotations

import os
import sys
import sysconfig
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal


@dataclass(frozen=True)
class Worker:
    """One Celery worker command: a queue of its own, and how many tasks it runs at once."""

    queue: str
    pool: Literal["prefork", "threads"]
    concurrency: int

    def command(self) -> list[str]:
        """Return the command line; it names the node after the queue."""
        return [
            *celery("worker", "-Q", self.queue, "-n", f"{self.queue}@%h", "--pool", self.pool),
            *(
                "-c",
                str(self.concurrency),
                "-E",
                "--without-gossip",
                "--without-mingle",
            ),
        ]


def celery(*words: str) -> list[str]:
    """Return a command line of Celery with this interpreter and the service's app, without its banner."""
    return [sys.executable, "-m", "celery", "--quiet", "-A", "worker.app", *words]


def countersign(*words: str) -> list[str]:
    """Return a command line of the installed `countersign`."""
    return [str(Path(sysconfig.get_path("scripts")) / "countersign"), *words]


def workers(cores: int | None = None) -> Sequence[Worker]:
    """Return one worker a queue, sized for so many cores; by default those this process may use.

    Rendering needs processes, because PyMuPDF is not thread-safe. Detection and verification need
    threads, because theirs share one model and one batcher.
    """
    cores = cores or len(os.sched_getaffinity(0))
    return (
        Worker("render", "prefork", cores),
        Worker("detect", "threads", cores),
        Worker("verify", "threads", cores),
        Worker("finish", "threads", 2),
        Worker("upkeep", "threads", 1),
    )


def crew(folder: Path, *, bucket: str, watch: bool, cores: int | None = None) -> dict[str, list[str]]:
    """Return the command line of every process by its name, in starting order."""
    commands = {worker.queue: worker.command() for worker in workers(cores)}
    commands["beat"] = celery("beat", "--schedule", str(folder / "beat-schedule"), "--pidfile=")
    if watch:
        commands["watch"] = countersign("watch", f"s3://{bucket}/")
    commands["flower"] = celery("flower")
    return commands

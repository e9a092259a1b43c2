"""The command lines of the queued form."""

from __future__ import annotations

from pathlib import Path

from deploy.crew import crew, worker_command
from worker.pipeline import QUEUES


def test_every_queue_has_one_worker_named_after_it():
    commands = crew(Path("/tmp"), bucket="intake", watch=False, cores=3)

    for queue in ("render", "detect", "verify", "finish", "upkeep"):
        command = commands[queue]
        assert command[command.index("-Q") + 1] == queue
        assert command[command.index("-n") + 1] == f"{queue}@%h"


def test_rendering_uses_processes_and_every_other_stage_threads():
    pools = {queue.name: queue.pool for queue in QUEUES}

    assert pools.pop("render") == "prefork"
    assert set(pools.values()) == {"threads"}


def test_workers_send_the_events_that_flower_shows():
    assert all("-E" in worker_command(queue, 1) for queue in QUEUES)


def test_the_watcher_starts_only_when_asked_for():
    watching = crew(Path("/tmp"), bucket="intake", watch=True)

    assert watching["watch"][-2:] == ["watch", "s3://intake/"]
    assert "watch" not in crew(Path("/tmp"), bucket="intake", watch=False)

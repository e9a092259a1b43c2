"""The command lines of the queued form."""

from __future__ import annotations

from pathlib import Path

from producer.machine.crew import crew, worker_command
from worker.pipeline import QUEUES


def test_every_queue_has_one_worker_named_after_it():
    commands = crew(Path("/tmp"), intake=None, cores=3)

    served = [command[command.index("-Q") + 1] for command in commands.values() if "-Q" in command]
    assert served == [queue.name for queue in QUEUES]
    for queue in served:
        assert commands[queue][commands[queue].index("-n") + 1] == f"{queue}@%h"


def test_workers_send_the_events_that_flower_shows():
    assert all("-E" in worker_command(queue, 1) for queue in QUEUES)


def test_the_watcher_starts_only_when_asked_for():
    watching = crew(Path("/tmp"), intake="s3://intake/")

    assert watching["watch"][-2:] == ["watch", "s3://intake/"]
    assert "watch" not in crew(Path("/tmp"), intake=None, flower=False)

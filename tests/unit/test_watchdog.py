"""When a worker is judged to hang, and when it is not."""

from __future__ import annotations

import socket
from contextlib import closing
from pathlib import Path

import pytest
from celery.utils.imports import symbol_by_name

from worker.app import CLOCK_SKEW_SECONDS, SEND_TIMEOUT, app, make_app
from worker.publisher import CeleryPublisher
from worker.settings import Attempts, Broker
from worker.tasks.watchdog import StallDetector, Watchdog, _touch, _waiting


def watched() -> StallDetector:
    return StallDetector(slots=2, limit=100, stall=30, at=0)


def test_an_idle_worker_with_an_empty_queue_is_well() -> None:
    progress = watched()

    assert all(progress.trouble([], 0, 0, at=moment) is None for moment in range(0, 1000, 10))


def test_a_worker_that_takes_nothing_while_messages_wait_is_not() -> None:
    progress = watched()
    progress.trouble([], 5, 3, at=0)

    assert progress.trouble([], 5, 3, at=29) is None
    assert progress.trouble([], 5, 3, at=31) == "3 messages wait, and none was taken for 30 s"


def test_a_message_taken_is_progress() -> None:
    progress = watched()
    progress.trouble([], 5, 3, at=0)
    progress.trouble([], 6, 3, at=29)

    assert progress.trouble([], 6, 3, at=58) is None


def test_a_worker_with_every_slot_busy_is_well_until_a_task_outlives_its_limit() -> None:
    progress = watched()
    progress.trouble(["a", "b"], 2, 9, at=0)

    assert progress.trouble(["a", "b"], 2, 9, at=99) is None
    assert progress.trouble(["a", "b"], 2, 9, at=101) == "task a runs longer than 100 s and cannot be stopped"


def test_a_pulse_that_cannot_be_written_does_not_end_the_watch(caplog: pytest.LogCaptureFixture) -> None:
    _touch(Path("/dev/null/pulse"))

    assert "no pulse" in caplog.text


def test_where_nobody_can_say_how_many_messages_wait_none_do() -> None:
    with closing(socket.create_server(("127.0.0.1", 0))) as taken:
        port = taken.getsockname()[1]
    nobody = make_app(Broker(broker_url=f"redis://127.0.0.1:{port}/0"), Attempts())

    assert _waiting(CeleryPublisher(nobody), "detect") == 0
    nobody.close()


def test_every_worker_of_the_app_has_the_watchdog() -> None:
    assert Watchdog in [symbol_by_name(step) for step in app.steps["worker"]]


def test_a_sweep_is_not_stale_to_a_clock_that_is_some_minutes_ahead() -> None:
    sweep = app.conf.beat_schedule["sweep"]

    assert sweep["options"]["expires"] >= sweep["schedule"] + CLOCK_SKEW_SECONDS >= 600


def test_sending_never_waits_for_ever_on_a_silent_broker_and_reading_may() -> None:
    sending, reading = app.connection_for_write(), app.connection_for_read()

    assert sending.transport_options["socket_timeout"] == SEND_TIMEOUT
    assert reading.transport_options["socket_timeout"] is None

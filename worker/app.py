"""The Celery app: `celery -A worker.app worker -Q render` and its like begin here.

Importing it reads no setting: Celery asks for its configuration when a worker, beat or Flower starts.
"""

from __future__ import annotations

import socket
import sys

from celery import Celery, signals
from kombu import Connection, entity
from pydantic import ValidationError

from worker.errors import PermanentError
from worker.exits import WRONG_USE
from worker.log_lines import configure_service
from worker.pipeline import PIPELINE, QUEUES, UPKEEP
from worker.setting_names import check_folders, check_names
from worker.settings import (
    Attempts,
    Broker,
    Detection,
    Logging,
    Reading,
    Storage,
    Verification,
    check_all,
    complaints,
)

#: Seconds by which the clocks of two machines may differ: a sweep is not stale before. With less, a worker
#: whose clock is ahead of beat's would throw every sweep away, and nothing would ever be sent again.
CLOCK_SKEW_SECONDS = 600.0
#: Seconds for which the result of a pool process that is dead may still be on its way.
LOST_WORKER_SECONDS = 3.0
#: Seconds that Redis may take to answer who sends a message. Only reading may wait forever.
SEND_TIMEOUT = 10.0


#: What each worker starts beside what Celery starts.
_WORKER_STEPS = {
    "worker.tasks.watchdog:Watchdog",
    "worker.tasks.handback:Handback",
    "worker.tasks.heartbeat:HeartbeatStep",
}


class _App(Celery):
    """Celery, but sending on a connection that has gone silent fails, and is tried on a new one."""

    def connection_for_write(self, url: str | None = None, **options: object) -> Connection:
        """A connection whose waits are bounded."""
        given = options.pop("transport_options", None)
        bounded = {"socket_timeout": SEND_TIMEOUT, **(given if isinstance(given, dict) else {})}
        return super().connection_for_write(url, transport_options=bounded, **options)


def make_app(broker: Broker, attempts: Attempts) -> Celery:
    """An app on that broker, whatever the environment says."""
    made = _bare_app()
    made.conf.update(configuration(broker, attempts))
    return made


def configuration(broker: Broker, attempts: Attempts) -> dict[str, object]:
    """Celery's configuration: JSON only, late acknowledgement, no prefetch, no results."""
    # A task that outlives its lease has lost its right to write; it must also end before Redis
    # hands its message to somebody else.
    longest = PIPELINE.longest_lease(attempts)
    return {
        "broker_url": broker.broker_url.get_secret_value(),
        "accept_content": ["json"],
        "task_serializer": "json",
        "task_ignore_result": True,
        "task_acks_late": True,
        "task_reject_on_worker_lost": True,
        "task_track_started": True,
        "task_time_limit": longest,
        "task_soft_time_limit": longest * 0.9,
        "task_queues": [entity.Queue(str(queue.name)) for queue in QUEUES],
        "task_routes": {queue.task: {"queue": str(queue.name)} for queue in QUEUES},
        "task_create_missing_queues": False,
        "worker_disable_prefetch": True,
        "worker_prefetch_multiplier": 1,
        "worker_send_task_events": True,
        "task_send_sent_event": True,
        "worker_lost_wait": LOST_WORKER_SECONDS,
        "broker_connection_retry_on_startup": True,
        "broker_transport_options": _transport(broker),
        "beat_schedule": {
            "sweep": {
                "task": UPKEEP.task,
                "schedule": attempts.sweep_seconds,
                "options": {"expires": attempts.sweep_seconds + CLOCK_SKEW_SECONDS},
            }
        },
        "timezone": "UTC",
        # Our own, for the parts of a worker that are not tasks.
        "stall_seconds": attempts.stall_seconds,
        "pulse": attempts.pulse,
        "stop_seconds": attempts.stop_seconds,
    }


def _bare_app() -> Celery:
    made = _App("countersign", include=["worker.tasks.stages"])
    made.steps["worker"].update(_WORKER_STEPS)
    return made


def _of_this_process() -> dict[str, object]:
    """The environment's configuration; a wrong setting ends the worker now, not at its first document."""
    try:
        check_all()
        check_names(Storage(), Detection(), Verification())
        check_folders(Reading())
        return configuration(Broker(), Attempts())
    except ValidationError as error:
        sys.stderr.write("".join(f"{line}\n" for line in complaints(error)))
        raise SystemExit(WRONG_USE) from None
    except PermanentError as error:
        sys.stderr.write(f"{error}\n")
        raise SystemExit(WRONG_USE) from None


#: A connection whose other end is gone without a word is found out within about a minute, not two hours.
_KEEPALIVE = {
    option: value
    for name, value in {
        "TCP_KEEPIDLE": 30,
        "TCP_KEEPINTVL": 10,
        "TCP_KEEPCNT": 3,
        "TCP_USER_TIMEOUT": 60_000,
    }.items()
    if (option := getattr(socket, name, None)) is not None  # not every system has each
}


def _transport(broker: Broker) -> dict[str, object]:
    return {
        "visibility_timeout": broker.visibility_timeout,
        "global_keyprefix": broker.queue_prefix,
        # redis-py 8 would end the long blocking read of an idle worker.
        "socket_timeout": None,
        "socket_connect_timeout": 5,
        "socket_keepalive": True,
        "socket_keepalive_options": _KEEPALIVE,
        "health_check_interval": 25,
    }


@signals.setup_logging.connect
def set_up_logging(**_: object) -> None:
    """Worker and beat write their lines as all processes do; Celery then leaves its own set-up alone."""
    configure_service(Logging())


app = _bare_app()
app.add_defaults(_of_this_process)

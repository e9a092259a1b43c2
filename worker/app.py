"""The Celery app: `celery -A worker.app worker -Q render` and its like begin here. Loads without torch."""

from __future__ import annotations

import socket
from typing import Any

from celery import Celery, signals
from kombu.entity import Queue

from worker.log_lines import configure
from worker.messages import ROUTES, SWEEP
from worker.settings import Attempts, Broker, Logging, check_all
from worker.tasks.watchdog import Watchdog

#: Seconds by which the clocks of two machines may differ: a sweep is not stale before. With less, a worker
#: whose clock is ahead of beat's would throw every sweep away, and nothing would ever be sent again.
CLOCKS = 600.0
#: Seconds for which the result of a pool process that is dead may still be on its way.
LOST = 3.0
#: Seconds that Redis may take to answer who sends a message. Only reading may wait for ever.
ANSWER = 10.0


class _App(Celery):
    """Celery, but sending on a connection that has gone silent fails, and is tried on a new one."""

    def connection_for_write(self, url: str | None = None, **options: Any) -> Any:
        """A connection whose waits are bounded."""
        given = options.pop("transport_options", None) or {}
        bounded = {"socket_timeout": ANSWER, **given}
        return super().connection_for_write(url, transport_options=bounded, **options)


def make_app(broker: Broker, attempts: Attempts) -> Celery:
    """An app on that broker: JSON only, late acknowledgement, no prefetch, no results."""
    app = _App("countersign", broker=broker.broker_url.get_secret_value(), include=["worker.tasks.stages"])
    longest = max(attempts.render_lease, attempts.detect_lease, attempts.verify_lease, attempts.finish_lease)
    app.conf.update(
        accept_content=["json"],
        task_serializer="json",
        task_ignore_result=True,
        task_acks_late=True,
        task_reject_on_worker_lost=True,
        task_track_started=True,
        # A task that outlives its lease has lost its right to write; it must also end before Redis
        # hands its message to somebody else.
        task_time_limit=longest,
        task_soft_time_limit=longest * 0.9,
        task_queues=[Queue(route["queue"]) for route in ROUTES.values()],
        task_routes=ROUTES,
        task_create_missing_queues=False,
        worker_disable_prefetch=True,
        worker_prefetch_multiplier=1,
        worker_send_task_events=True,
        task_send_sent_event=True,
        worker_lost_wait=LOST,
        broker_connection_retry_on_startup=True,
        broker_transport_options=_transport(broker),
        beat_schedule={
            "sweep": {
                "task": SWEEP,
                "schedule": attempts.sweep_seconds,
                "options": {"expires": attempts.sweep_seconds + CLOCKS},
            }
        },
        timezone="UTC",
    )
    app.conf.update(stall_seconds=attempts.stall_seconds, pulse=attempts.pulse)
    app.conf.update(stop_seconds=attempts.stop_seconds)
    app.steps["worker"].update({Watchdog, "worker.tasks.handback:Handback"})
    return app


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
    log = Logging()
    configure(log.log_level or "INFO", log.log_format)


# A worker with a setting that cannot be used must not come up and fail at its first document.
check_all()
app = make_app(Broker(), Attempts())

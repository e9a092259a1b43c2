"""What Prometheus scrapes: the database's view of the service, read anew for every scrape.

Every number here is a row's, so one exporter serves a whole fleet, and a worker that dies takes none along.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from threading import Lock

from prometheus_client import CollectorRegistry, Histogram, start_http_server
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector
from sqlalchemy.orm import Session

from db import deliveries, feed, progress, reviews
from db.engine import Sessions
from db.errors import DATABASE_AWAY
from producer.services.status import overview
from worker.result import OverviewResult

#: Events younger than this are counted by a later scrape: see `progress.attempts_after`.
SETTLED = timedelta(seconds=30)
#: Events that one scrape counts at most; what is left waits for the next one.
MOST_EVENTS = 50_000
#: Upper ends of the histogram's buckets, in seconds: a page takes less than one, a lease lasts 900.
BUCKETS = (0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300, 900)


class DatabaseMetrics(Collector):
    """The numbers of this moment, and how attempts ended since this object was made. Safe for threads."""

    def __init__(self, sessions: Sessions) -> None:
        self._sessions = sessions
        self._lock = Lock()
        self._counted: int | None = None
        self._attempts = Histogram(
            "countersign_attempt_seconds",
            "How long attempts at a stage took, by how they ended.",
            ("stage", "ended"),
            buckets=BUCKETS,
            registry=None,
        )

    def describe(self) -> Iterable[Metric]:
        """Nothing: a registry that asks at its start must not need the database."""
        return ()

    def collect(self) -> Iterator[Metric]:
        """All families; `countersign_up` alone, at 0, while the database cannot be read."""
        with self._lock:
            try:
                families = [*self._numbers(), *self._attempts.collect()]
            except DATABASE_AWAY:
                families = []
        yield GaugeMetricFamily("countersign_up", "1 while the database can be read.", value=bool(families))
        yield from families

    def _numbers(self) -> list[Metric]:
        numbers = overview(self._sessions)
        with self._sessions() as session:
            self._count_attempts(session)
            waiting = reviews.open_reviews(session)
            beats = progress.heartbeat_ages(session)
            outbox = {str(hook): number for hook, number in deliveries.waiting_deliveries(session).items()}
            changes = CounterMetricFamily(
                "countersign_changes", "Changes in the feed: answers, reopenings, erasures."
            )
            changes.add_metric((), feed.feed_head(session).place)
        return [
            *_of_documents(numbers),
            *_of_stages(numbers),
            _gauge("review_queue", "Verdicts that wait for a person, by why they are asked.", "why", waiting),
            _gauge("heartbeat_age_seconds", "Seconds since a worker's last heartbeat.", "worker", beats),
            _gauge("webhook_outbox", "Messages that a webhook has not taken yet.", "webhook", outbox),
            changes,
        ]

    def _count_attempts(self, session: Session) -> None:
        """Add what was settled since the last scrape; the first one only notes where the history ends."""
        if self._counted is None:
            self._counted = progress.newest_event(session)
            return
        ended = progress.attempts_after(session, self._counted, settled=SETTLED, limit=MOST_EVENTS)
        for attempt in ended:
            self._counted = attempt.id
            if attempt.seconds is not None:
                self._attempts.labels(attempt.stage, attempt.event).observe(attempt.seconds)


def _of_documents(numbers: OverviewResult) -> Iterator[Metric]:
    by_status = {str(status): number for status, number in numbers.documents.items()}
    yield _gauge("documents", "Documents by their status.", "status", by_status)
    yield _gauge("failed_documents", "Documents in quarantine by reason code.", "reason", numbers.reasons)
    oldest = GaugeMetricFamily(
        "countersign_oldest_waiting_seconds", "How long the document has waited that waits longest."
    )
    oldest.add_metric((), _age(numbers.waiting_since))
    yield oldest


def _of_stages(numbers: OverviewResult) -> Iterator[Metric]:
    stages = {stage.stage: stage for stage in numbers.stages}
    waiting = {name: stage.waiting for name, stage in stages.items()}
    at_work = {name: stage.at_work for name, stage in stages.items()}
    standing = {name: _age(stage.standing_since) for name, stage in stages.items()}
    yield _gauge("stage_waiting", "Rows that wait for a stage and are in nobody's hands.", "stage", waiting)
    yield _gauge("stage_at_work", "Rows that workers hold.", "stage", at_work)
    yield _gauge(
        "stage_standing_seconds", "How long a waiting document has seen no event.", "stage", standing
    )


def _gauge(name: str, text: str, label: str, values: Mapping[str, float]) -> Metric:
    family = GaugeMetricFamily(f"countersign_{name}", text, labels=(label,))
    for value, number in values.items():
        family.add_metric((value,), number)
    return family


def _age(moment: datetime | None) -> float:
    return 0.0 if moment is None else max(0.0, (datetime.now(UTC) - moment).total_seconds())


@contextmanager
def serving_metrics(sessions: Sessions, host: str, port: int) -> Iterator[int]:
    """Answer scrapes inside the block; yields the port. OSError where it is taken."""
    registry = CollectorRegistry()
    registry.register(DatabaseMetrics(sessions))
    server, thread = start_http_server(port, host, registry)
    try:
        yield server.server_port
    finally:
        server.shutdown()
        server.server_close()
        thread.join()

"""An intake put together on real servers, and a watcher that runs beside the test."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace

import redis
from sqlalchemy import select

from db.engine import Sessions
from db.models import Document
from producer.services.deps import IntakeDeps
from producer.services.pulse import Pulse
from producer.services.submit import Counts
from producer.services.watch import watch_source
from producer.sources.notifications import RedisNotifications
from producer.sources.port import NotificationSource
from producer.waiting import Pace
from tests.notifications import record
from tests.waiting import until

#: Quick enough for tests.
PACE = Pace(poll=0.05, full=0.02, first_pause=0.02, longest_pause=0.1, settled=0)
#: So rare that a test sees the listing at the start only.
ONCE = 3600.0
#: So often that what notifications lost is found at once.
OFTEN = 0.05


@dataclass
class Queue:
    """The render queue: what was sent, and how much waits in it."""

    sent: list[int] = field(default_factory=list)
    waiting: int = 0
    broken: bool = False

    def send(self, document_id: int) -> None:
        if self.broken:
            raise ConnectionError("no broker")
        self.sent.append(document_id)

    def depth(self, stage: str) -> int:
        return self.waiting if stage == "render" else 0


def registered(sessions: Sessions) -> list[Document]:
    """All documents by id."""
    with sessions() as session:
        return list(session.execute(select(Document).order_by(Document.id)).scalars())


def keys(sessions: Sessions) -> list[str]:
    """The keys of all documents, sorted."""
    return sorted(document.key for document in registered(sessions))


@dataclass
class Watching:
    """A watcher in a thread of its own."""

    stop: threading.Event
    pulse: Pulse
    thread: threading.Thread | None = None
    counts: Counts | None = None
    error: BaseException | None = None

    def end(self) -> Counts:
        """Ask it to end, and answer what it took in; its error when it had one."""
        self.stop.set()
        assert self.thread is not None
        self.thread.join(timeout=20)
        assert not self.thread.is_alive(), "the watcher does not end"
        if self.error is not None:
            raise self.error
        assert self.counts is not None
        return self.counts


@contextmanager
def watching(
    deps: IntakeDeps, notifications: Sequence[NotificationSource] = (), *, pace: Pace = PACE
) -> Iterator[Watching]:
    """A watcher that runs while the block does."""
    running = Watching(threading.Event(), Pulse())

    def work() -> None:
        try:
            running.counts = watch_source(
                deps, notifications, stop=running.stop, pulse=running.pulse, pace=pace
            )
        except BaseException as error:  # noqa: BLE001 - handed to the test
            running.error = error

    running.thread = threading.Thread(target=work, daemon=True)
    running.thread.start()
    try:
        yield running
    finally:
        running.end()


def but(deps, **settings):
    return replace(deps, settings=deps.settings.model_copy(update=settings))


def put(s3, *names, data=b"%PDF-1.4"):
    """Upload; answer the records that a store would send."""
    answers = [s3.client.put_object(Bucket=s3.name, Key=name, Body=data) for name in names]
    return [
        record(name, bucket=s3.name, version=answer.get("VersionId"), etag=answer["ETag"].strip('"'))
        for name, answer in zip(names, answers, strict=True)
    ]


@dataclass(frozen=True)
class Mail:
    """A Redis list of notifications, seen by its writer and by its reader."""

    client: redis.Redis
    box: RedisNotifications

    def tell(self, *bodies):
        self.client.rpush("bucketevents", *bodies)

    def is_done(self):
        return self.client.llen("bucketevents") == 0 == self.client.llen("bucketevents:taken")


def first_taken(queue):
    """Until the listing at the start has found what lay there; there is no other for an hour."""
    until(lambda: queue.sent)


def turns(watcher, number):
    """Until the watcher has gone round so many times more."""
    for _ in range(number):
        last = watcher.pulse.last
        until(lambda: watcher.pulse.last > last)  # noqa: B023 - called at once

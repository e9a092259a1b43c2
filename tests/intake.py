"""An intake put together on real servers, and a watcher that runs beside the test."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

from sqlalchemy import select

from db.engine import Sessions
from db.models import Document
from producer.deps import IntakeDeps
from producer.mailboxes import Mailbox
from producer.outages import Pace
from producer.pulse import Pulse
from producer.submit import Counts
from producer.watch import watch

#: Quick enough for tests.
PACE = Pace(poll=0.05, full=0.02, first_pause=0.02, longest_pause=0.1)


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
def watching(deps: IntakeDeps, mailboxes: Sequence[Mailbox] = (), *, pace: Pace = PACE) -> Iterator[Watching]:
    """A watcher that runs while the block does."""
    one = Watching(threading.Event(), Pulse())

    def work() -> None:
        try:
            one.counts = watch(deps, mailboxes, stop=one.stop, pulse=one.pulse, pace=pace)
        except BaseException as error:  # noqa: BLE001 - handed to the test
            one.error = error

    one.thread = threading.Thread(target=work, daemon=True)
    one.thread.start()
    try:
        yield one
    finally:
        one.end()

"""Watches a source of documents: notifications for speed, a listing at intervals so that none is needed."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from functools import partial
from threading import Event

from db import intake
from db.documents import Object
from producer.services.claim_lookup import check_pattern
from producer.services.deps import IntakeDeps
from producer.services.pulse import Pulse
from producer.services.submit import OBJECTS_TOGETHER, Counts, submit_objects
from producer.sources.events import BadNotification, read_notification
from producer.sources.naming import base_of, is_folder_marker, looks_like_document
from producer.sources.port import Message, NotificationSource
from producer.waiting import Pace, Stopped, UntilAnswered
from worker.log import logger
from worker.outages import unavailable
from worker.pipeline import PIPELINE

#: The queues that hold the intake back: pages must not pile up before a slow detector either.
LIMITED_QUEUES = [stage.name.value for stage in PIPELINE if not PIPELINE.joins(stage.name)]


def watch_source(
    deps: IntakeDeps,
    notifications: Sequence[NotificationSource] = (),
    *,
    stop: Event,
    pulse: Pulse | None = None,
    pace: Pace | None = None,
) -> Counts:
    """Take in what arrives at the source until `stop` is set; answer what was taken in.

    The batch in hand is finished first. Outages are waited out. Any number of watchers may share a source.
    WrongUse when the source, a notification source or the key pattern cannot be what was meant.
    """
    return _Watcher(deps, notifications, stop, pulse or Pulse(), pace or Pace()).run()


class _Watcher:
    """One watcher at work: a loop of small steps, each of which is safe to repeat."""

    def __init__(
        self,
        deps: IntakeDeps,
        notifications: Sequence[NotificationSource],
        stop: Event,
        pulse: Pulse,
        pace: Pace,
    ) -> None:
        self._deps, self._stop, self._pulse, self._pace = deps, stop, pulse, pace
        self._store = UntilAnswered("the store or the database", stop, pace, pulse)
        self._broker = UntilAnswered("the broker", stop, pace, pulse)
        self._listeners = [_Listener(source, pace) for source in notifications]
        self._listing = _Listing(deps, self._store, settled=pace.settled)
        self._paused = False

    def run(self) -> Counts:
        """Until asked to end."""
        total = Counts()
        try:
            self._check()
            while not self._stop.is_set():
                self._pulse()
                total += self._turn()
        except Stopped:
            pass
        logger.info("the watch ends", extra=asdict(total))
        return total

    def _check(self) -> None:
        check_pattern(self._deps)
        self._store(self._deps.source.check)
        for listener in self._listeners:
            listener.check()

    def _turn(self) -> Counts:
        room = self._room()
        if room <= 0:
            self._stop.wait(self._pace.full)
            return Counts()
        listed = self._listing.take(min(room, OBJECTS_TOGETHER))
        total = self._submit(listed) if listed else Counts()
        return total + self._notified(min(room - total.new, OBJECTS_TOGETHER), self._idle_seconds())

    def _room(self) -> int:
        """Documents that the fullest queue has room for; tells once when it fills and when it empties."""
        depths = {queue: self._broker(partial(self._deps.depth, queue)) for queue in LIMITED_QUEUES}
        slowest = max(depths, key=depths.__getitem__)
        room = self._deps.settings.queue_ceiling - depths[slowest]
        if (room <= 0) is not self._paused:
            self._paused = not self._paused
            sentence = "a queue is full, intake pauses" if self._paused else "intake goes on"
            logger.info(sentence, extra={"queue": slowest, "waiting": depths[slowest]})
        return room

    def _idle_seconds(self) -> float:
        return max(0.0, min(self._pace.poll, self._listing.due_in()))

    def _notified(self, room: int, wait: float) -> Counts:
        total = Counts()
        answering = [listener for listener in self._listeners if listener.answering]
        if room > 0:
            for listener in answering:
                total += self._empty(listener, room, wait / len(answering))
        if not answering:
            self._stop.wait(wait)
        return total

    def _empty(self, listener: _Listener, room: int, wait: float) -> Counts:
        messages = listener.receive(most=room, wait=wait)
        if not messages:
            return Counts()
        objects = [one for message in messages for one in self._read(message)]
        total = self._submit(objects)
        listener.acknowledge(messages)
        return total

    def _read(self, message: Message) -> Iterator[Object]:
        for notification in read_notification(message.body):
            if isinstance(notification, BadNotification):
                logger.warning(
                    "a notification says nothing usable",
                    extra={"reason": notification.reason, "excerpt": notification.excerpt},
                )
            elif self._is_ours(notification):
                yield notification

    def _is_ours(self, document: Object) -> bool:
        source = self._deps.source
        if document.bucket != source.bucket or not document.key.startswith(source.prefix):
            return False
        return not (is_folder_marker(document.key) or self._is_sidecar(document))

    def _is_sidecar(self, document: Object) -> bool:
        base = base_of(document.key)
        if base is None or looks_like_document(base):
            return base is not None
        return self._store(lambda: self._deps.source.exists(base))

    def _submit(self, objects: Sequence[Object]) -> Counts:
        return self._store(lambda: submit_objects(objects, self._deps))


class _Listing:
    """The full listing, begun at the start and again at each interval, taken in small portions."""

    def __init__(self, deps: IntakeDeps, call: UntilAnswered, *, settled: float) -> None:
        self._deps, self._call, self._settled = deps, call, settled
        self._pages: Iterator[Sequence[Object]] | None = None
        self._waiting: deque[Object] = deque()
        self._next = time.monotonic()

    def take(self, most: int) -> list[Object]:
        """Unregistered objects, as many as asked for at most; reads no more than one page to find them."""
        if not self._waiting:
            self._turn_page()
        return [self._waiting.popleft() for _ in range(min(most, len(self._waiting)))]

    def due_in(self) -> float:
        """Seconds until there is something to take; 0 while a listing goes on."""
        busy = self._pages is not None or self._waiting
        return 0.0 if busy else self._next - time.monotonic()

    def _turn_page(self) -> None:
        if self._pages is None and self.due_in() <= 0:
            deps = self._deps
            self._next = time.monotonic() + deps.settings.list_seconds
            self._pages = deps.source.list(call=self._call, settled=self._settled)
        if self._pages is not None:
            page = next(self._pages, None)
            if page is None:
                self._pages = None
            else:
                self._waiting.extend(self._call(lambda: self._unknown(page)))

    def _unknown(self, page: Sequence[Object]) -> list[Object]:
        with self._deps.sessions() as session:
            return intake.unknown(session, page)


class _Listener:
    """A notification source whose outages hold nobody up: while it is away, the listing finds everything."""

    def __init__(self, source: NotificationSource, pace: Pace) -> None:
        self._source, self._pace = source, pace
        self._pauses = pace.backoff.pauses()
        self._again_at: float | None = None

    @property
    def answering(self) -> bool:
        """False while it is not to be asked because it failed a moment ago."""
        return self._again_at is None or time.monotonic() >= self._again_at

    def check(self) -> None:
        """WrongUse when it cannot be what was meant; an outage is none."""
        try:
            self._source.check()
        except unavailable() as error:
            self._failed(error)

    def receive(self, *, most: int, wait: float) -> list[Message]:
        """Messages; none in an outage."""
        try:
            messages = self._source.receive(most=most, wait=wait)
        except unavailable() as error:
            self._failed(error)
            return []
        if self._again_at is not None:
            logger.info("a server answers again", extra={"server": self._source.name})
            self._again_at, self._pauses = None, self._pace.backoff.pauses()
        return messages

    def acknowledge(self, messages: Sequence[Message]) -> None:
        """Acknowledge; in an outage the messages come again and find their documents known."""
        try:
            self._source.acknowledge(messages)
        except unavailable() as error:
            self._failed(error)

    def _failed(self, error: Exception) -> None:
        if self._again_at is None:
            logger.warning(
                "a server does not answer, the listing goes on without",
                extra={"server": self._source.name, "reason": str(error)},
            )
        self._again_at = time.monotonic() + next(self._pauses)

"""Sends traces of what happened to documents, made of their committed history, in the order of the feed."""

from __future__ import annotations

from dataclasses import dataclass
from threading import Event
from typing import Protocol

from db import traces
from db.engine import Sessions
from db.feed import feed_head
from producer.services.pulse import Pulse
from producer.services.selection import find_one
from producer.spans import Span, spans_of, trace_id
from producer.waiting import Pace, Stopped, UntilAnswered
from worker.log import logger
from worker.outages import Backoff

#: Changes whose documents are sent together, and seconds between two looks at the feed.
_TOGETHER, _POLL = 100, 2.0
#: Between tries while the collector is away.
_AWAY = Backoff(first=1.0, longest=60.0)


class SpanCollector(Protocol):
    """Takes spans."""

    def send(self, spans: list[Span]) -> bool:
        """Whether it has them."""


@dataclass(frozen=True)
class TracerDeps:
    """The database, and where spans go."""

    sessions: Sessions
    collector: SpanCollector


def send_traces(deps: TracerDeps, *, stop: Event, pulse: Pulse | None = None) -> int:
    """Send spans until `stop` is set; how many were taken. Outages of collector and database are waited out.

    Every answer's spans are sent at least once: after an end in between, some twice, with the same ids.
    """
    pulse = pulse or Pulse()
    database = UntilAnswered("the database", stop, Pace(), pulse)
    taken = 0
    try:
        while not stop.is_set():
            pulse()
            sent, more = _send_page(deps, database, stop, pulse)
            taken += sent
            if not more:
                stop.wait(_POLL)
    except Stopped:
        pass
    logger.info("the sender of traces ends", extra={"taken": taken})
    return taken


def trace_of(sessions: Sessions, name: str) -> str:
    """The id of a document's trace: 32 hexadecimal digits. WrongUse when the name means none or several."""
    with sessions() as session:
        return f"{trace_id(feed_head(session).feed, find_one(session, name)):032x}"


def _send_page(deps: TracerDeps, database: UntilAnswered, stop: Event, pulse: Pulse) -> tuple[int, bool]:
    """How many spans the next page had, and whether there may be more."""

    def read() -> traces.TracePage:
        with deps.sessions() as session:
            return traces.next_page(session, limit=_TOGETHER)

    def note() -> None:
        with deps.sessions() as session:
            traces.mark_sent(session, page)

    page = database(read)
    spans = [span for times in page.documents for span in spans_of(times, page.feed)]
    pauses = _AWAY.pauses()
    while not deps.collector.send(spans):
        logger.warning("the collector does not take traces", extra={"spans": len(spans)})
        pulse()
        if stop.wait(next(pauses)):
            raise Stopped
    if page.end != page.begin:
        database(note)
    return len(spans), page.end != page.begin

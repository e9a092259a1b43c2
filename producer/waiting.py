"""Waits for a store, a queue or a database that is away: with growing pauses, logged once."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from itertools import islice
from threading import Event
from typing import Protocol, TypeVar

from worker.errors import ObjectFaulty
from worker.log import logger
from worker.outages import Backoff, unavailable

T = TypeVar("T")
#: How often intake asks for an object on which the store fails, and the pauses between.
TRIES, BETWEEN_TRIES = 4, Backoff(first=0.25, longest=2.0)


class RetryPolicy(Protocol):
    """Runs a piece of work in its own manner: once, or until it succeeds."""

    def __call__(self, work: Callable[[], T]) -> T:
        """What the work answers."""


def once(work: Callable[[], T]) -> T:
    """Run it and let its errors out."""
    return work()


def insisting(work: Callable[[], T], *, tries: int = TRIES) -> T:
    """Run it, and again where the store fails on one object: ObjectFaulty only after that many tries."""
    for pause in islice(BETWEEN_TRIES.pauses(), tries - 1):
        try:
            return work()
        except ObjectFaulty:
            Event().wait(pause)
    return work()


class Stopped(Exception):
    """The process was asked to end while it waited."""


@dataclass(frozen=True, slots=True)
class Pace:
    """How long the watcher waits for what, in seconds."""

    #: For a notification, when there is nothing else to do.
    poll: float = 5.0
    #: Before it looks again at a full queue.
    full: float = 1.0
    #: After the first failure; doubles with each that follows.
    first_pause: float = 0.5
    longest_pause: float = 30.0
    #: That a file must have been left alone before it is taken in.
    settled: float = 2.0

    @property
    def backoff(self) -> Backoff:
        """The pauses between attempts."""
        return Backoff(self.first_pause, self.longest_pause)


class UntilAnswered:
    """Runs work until it succeeds. Raises Stopped when the process is asked to end meanwhile."""

    def __init__(self, what: str, stop: Event, pace: Pace, alive: Callable[[], None]) -> None:
        self._what = what
        self._stop = stop
        self._pace = pace
        self._alive = alive

    def __call__(self, work: Callable[[], T]) -> T:
        """What the work answers in the end."""
        began: float | None = None
        for pause in self._pace.backoff.pauses():
            try:
                answer = work()
            except unavailable() as error:
                if began is None:
                    logger.warning(
                        "a server does not answer, waiting",
                        extra={"server": self._what, "reason": str(error)},
                    )
                    began = time.monotonic()
                self._wait(pause)
            else:
                if began is not None:
                    seconds = round(time.monotonic() - began, 1)
                    logger.info("a server answers again", extra={"server": self._what, "seconds": seconds})
                return answer
        raise AssertionError("the pauses have no end")

    def _wait(self, seconds: float) -> None:
        self._alive()
        if self._stop.wait(seconds):
            raise Stopped

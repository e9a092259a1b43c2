"""How often a key may call: counted by the minute, in this process or by a counter of all processes."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from threading import Lock
from typing import Protocol

from worker.errors import TransientError

#: Seconds of a window.
WINDOW = 60


class TooOften(TransientError):
    """A key has used up its requests of this minute."""

    code = "too_often"

    def __init__(self, limit: int, seconds: int) -> None:
        super().__init__(limit, seconds)
        self.limit, self.seconds = limit, seconds

    def __str__(self) -> str:
        return f"this key may make {self.limit} requests a minute: come back in {self.seconds} s"


@dataclass(frozen=True, slots=True)
class Rate:
    """Requests that a key may make in a window and has made, and the seconds until the next window."""

    limit: int
    used: int
    seconds: int

    @property
    def exceeded(self) -> bool:
        """Whether this request is one too many."""
        return self.used > self.limit

    def headers(self) -> dict[str, str]:
        """As "RateLimit header fields for HTTP" has it (draft-ietf-httpapi-ratelimit-headers)."""
        left = max(0, self.limit - self.used)
        return {
            "RateLimit-Policy": f'"key";q={self.limit};w={WINDOW}',
            "RateLimit": f'"key";r={left};t={self.seconds}',
        }


class RequestCounter(Protocol):
    """Counts requests."""

    def count(self, holder: str, window: int) -> int | None:
        """The number of this request of a holder in a window, from 1; None when nobody can say."""


class MemoryCounter:
    """Counts for one process."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._window = 0
        self._used: Counter[str] = Counter()

    def count(self, holder: str, window: int) -> int:
        """The number of this request; windows before it are forgotten."""
        with self._lock:
            if window != self._window:
                self._window = window
                self._used.clear()
            self._used[holder] += 1
            return self._used[holder]


@dataclass(frozen=True)
class RateLimit:
    """The limit of every key; 0 for none."""

    limit: int = 0
    counter: RequestCounter = field(default_factory=MemoryCounter)
    clock: Callable[[], float] = time.time

    def count(self, holder: str) -> Rate | None:
        """Count a request of a holder; None where nothing is limited, or nobody can say."""
        if self.limit == 0:
            return None
        window, passed = divmod(int(self.clock()), WINDOW)
        used = self.counter.count(holder, window)
        return None if used is None else Rate(self.limit, used, WINDOW - passed)


def check_rate(rate: Rate | None) -> None:
    """TooOften for a request that is one too many."""
    if rate is not None and rate.exceeded:
        raise TooOften(rate.limit, rate.seconds)


def rate_headers(rate: object) -> Mapping[str, str]:
    """What an answer says of a rate; nothing where there is none."""
    return rate.headers() if isinstance(rate, Rate) else {}

"""A circuit breaker: while storage or the database is away, work waits in its queue.

After Nygard, "Release It!" (2007): an outage makes every attempt of the process wait before it claims
anything, longer each time, and the first attempt that succeeds lets all go on.
"""

from __future__ import annotations

import time
from threading import Event, Lock

from worker.outages import Backoff

#: How long attempts wait, the longer the more of them failed in a row.
BACKOFF = Backoff(first=0.5, longest=15.0)


class Breaker:
    """Closed while all is well; safe for threads."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._failures = 0
        self._until = 0.0

    def wait(self, *, most: float) -> None:
        """Return at once, or in an outage when the next attempt is due, after `most` seconds."""
        seconds = min(most, self._until - time.monotonic())
        if seconds > 0:
            Event().wait(seconds)

    def failed(self) -> None:
        """Something is away. Failures of attempts that ran side by side count as one."""
        with self._lock:
            moment = time.monotonic()
            if moment >= self._until:
                self._failures += 1
                self._until = moment + BACKOFF.pause(self._failures)

    def works(self) -> None:
        """All is well."""
        with self._lock:
            self._failures, self._until = 0, 0.0

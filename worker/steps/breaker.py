"""A circuit breaker: while storage or the database is away, work waits in its queue.

After Nygard, "Release It!" (2007): an outage makes every attempt of the process wait before it claims
anything, longer each time, and the first attempt that succeeds lets all go on.
"""

from __future__ import annotations

import random
import time
from threading import Event, Lock

#: Seconds to wait after the first failure, doubling up to the longest.
FIRST, LONGEST = 0.5, 15.0


class Breaker:
    """Closed while all is well; safe for threads."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._pause = FIRST
        self._until = 0.0

    @property
    def is_open(self) -> bool:
        """Whether something was away when it was last asked for."""
        return self._until > 0.0

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
                self._until = moment + self._pause * random.uniform(0.5, 1.0)
                self._pause = min(self._pause * 2, LONGEST)

    def works(self) -> None:
        """All is well."""
        with self._lock:
            self._pause, self._until = FIRST, 0.0

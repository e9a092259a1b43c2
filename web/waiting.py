"""Long polls: a request that waits until a document has changed or the time is up."""

from __future__ import annotations

import re
import time
from collections.abc import Callable

from web.deps import WebDeps

#: Seconds that a request may wait at most, and between two looks.
LONGEST, EVERY = 30.0, 0.25
_WAIT = re.compile(r"(?:^|[,;])\s*wait\s*=\s*(\d{1,6})\b")


def preferred_wait(prefer: str | None) -> float:
    """Seconds that `Prefer: wait=20` (RFC 7240) asks for, bounded; 0 where it asks for none."""
    asked = _WAIT.search(prefer or "")
    return min(float(asked.group(1)), LONGEST) if asked else 0.0


def wait_for(changed: Callable[[], bool], seconds: float, deps: WebDeps) -> bool:
    """Whether it changed before the time was up; at once when too many wait already, or the server ends."""
    if seconds <= 0 or not deps.waiting.acquire(blocking=False):
        return changed()
    try:
        deadline = time.monotonic() + seconds
        while not changed():
            left = deadline - time.monotonic()
            if left <= 0 or deps.stopping.wait(min(EVERY, left)):
                return False
        return True
    finally:
        deps.waiting.release()

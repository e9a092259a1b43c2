"""A read/write lock: attempts run side by side, but one that follows a crash runs alone in its process.

A document that kills its process takes along whatever is at work beside it. Were all of them begun again
side by side, the others would use up their attempts too. Alone, it can only kill itself.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from threading import Condition


class ReadWriteLock:
    """Any number of holders side by side, or an exclusive one, which goes before others. Safe for threads."""

    def __init__(self) -> None:
        self._change = Condition()
        self._beside = 0
        self._alone = False
        self._suspects = 0

    @property
    def waiting(self) -> bool:
        """Whether somebody waits to be alone."""
        return self._suspects > 0

    @contextmanager
    def hold(self, *, exclusive: bool) -> Iterator[None]:
        """Work inside it, once the lock is free."""
        with self._alone_in() if exclusive else self._beside_others():
            yield

    @contextmanager
    def _beside_others(self) -> Iterator[None]:
        with self._change:
            self._change.wait_for(lambda: not self._alone and not self._suspects)
            self._beside += 1
        try:
            yield
        finally:
            with self._change:
                self._beside -= 1
                self._change.notify_all()

    @contextmanager
    def _alone_in(self) -> Iterator[None]:
        with self._change:
            self._suspects += 1
            self._change.wait_for(lambda: not self._alone and not self._beside)
            self._suspects -= 1
            self._alone = True
        try:
            yield
        finally:
            with self._change:
                self._alone = False
                self._change.notify_all()

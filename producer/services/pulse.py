"""A sign of life: a file that a process touches, whose age a health check looks at."""

from __future__ import annotations

import time
from pathlib import Path


class Pulse:
    """The moment of the last progress; written to a file's time where one is given."""

    def __init__(self, path: Path | None = None) -> None:
        self._path = path
        #: `time.monotonic()` of the last beat.
        self.last = time.monotonic()

    def __call__(self) -> None:
        """Note progress."""
        self.last = time.monotonic()
        if self._path is not None:
            self._path.touch()

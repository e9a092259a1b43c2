"""The renderer of the stages: documents opened and drawn in sandboxed child processes."""

from __future__ import annotations

import math
from collections.abc import Generator
from dataclasses import dataclass

from worker.errors import PageError
from worker.rendering.sandbox import RenderPool
from worker.settings import Reading
from worker.vision.choices import Limits
from worker.vision.values import RenderedPage


@dataclass(frozen=True)
class _SandboxedPages:
    """A document in the hands of a child process."""

    format: str
    pages: int
    notes: tuple[str, ...]
    lacks: str | None
    rest: Generator[RenderedPage | PageError, None, None]

    def __iter__(self) -> Generator[RenderedPage | PageError, None, None]:
        return self.rest


class SandboxRenderer:
    """Renders in up to `size` child processes at a time; safe for threads."""

    def __init__(self, settings: Reading, *, size: int = 1) -> None:
        self._seconds = settings.page_seconds
        self._pool = RenderPool(
            size=size,
            memory_bytes=settings.render_memory_mb * 1024 * 1024,
            # The timeout comes first: processor time ends only children that nobody waits for any more.
            cpu_seconds=math.ceil(settings.page_seconds) + 5,
        )

    def open(self, data: bytes, *, limits: Limits, first: int = 0) -> _SandboxedPages:
        """Look at the bytes; pages are drawn when asked for. DocumentError when they cannot be read."""
        info = self._pool.inspect(data, limits=limits, timeout=self._seconds)
        pages = self._pool.render(data, limits=limits, first=first, timeout=self._seconds)
        return _SandboxedPages(info.format, info.pages, info.notes, info.lacks, pages)

    def close(self) -> None:
        """End the idle children; nothing is opened afterwards."""
        self._pool.close()

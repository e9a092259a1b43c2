"""Who is at work: the worker and task that every event names, and the log's format."""

from __future__ import annotations

import logging
from contextvars import ContextVar
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Actor:
    """The process and the task that do a piece of work."""

    worker: str
    task: str | None = None

    def __str__(self) -> str:
        """As it stands in the row whose lease it holds."""
        return f"{self.worker} {self.task}" if self.task else self.worker


EMBEDDED = Actor("embedded")

#: Set by the task base class before each task; what runs without tasks is the embedded form.
actor: ContextVar[Actor] = ContextVar("actor", default=EMBEDDED)

logger = logging.getLogger("countersign")

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


EMBEDDED = Actor("embedded")

#: Set by the task base class before each task; what runs without tasks is the embedded form.
actor: ContextVar[Actor] = ContextVar("actor", default=EMBEDDED)

logger = logging.getLogger("countersign")

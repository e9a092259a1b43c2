"""Who is at work on what: the worker, task, document and chunk that events and log lines name."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
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


@dataclass(frozen=True, slots=True)
class Subject:
    """The rows that a piece of work is about, by their ids."""

    document: int | None = None
    chunk: int | None = None


EMBEDDED = Actor("embedded")
#: Work that is about no document.
NOTHING = Subject()

#: Set by the task base class before each task; what runs without tasks is the embedded form.
actor: ContextVar[Actor] = ContextVar("actor", default=EMBEDDED)
#: Set where work on a document or a chunk begins.
subject: ContextVar[Subject] = ContextVar("subject", default=NOTHING)

#: The logger of this service. `worker.log_lines.configure` says where its lines go; an entry point calls it.
logger = logging.getLogger("countersign")


@contextmanager
def work_on(document: int, chunk: int | None = None) -> Iterator[None]:
    """Name the document and the chunk in every log line that is written inside the block."""
    token = subject.set(Subject(document, chunk))
    try:
        yield
    finally:
        subject.reset(token)

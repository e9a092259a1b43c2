"""What the intake needs from outside: built once at the entry point, then handed down."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from db.engine import Sessions
from producer.sources.port import Source
from worker.settings import Intake


@dataclass(frozen=True)
class IntakeDeps:
    """The database, a source of documents, the queues and the settings of the intake."""

    sessions: Sessions
    source: Source
    #: Has a document rendered, by its id.
    send: Callable[[int], None]
    #: Messages that wait before a stage, by its name.
    depth: Callable[[str], int]
    settings: Intake

"""What the intake needs from outside: built once at the entry point, then handed down."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from db.engine import Sessions
from worker.settings import Intake

if TYPE_CHECKING:
    from mypy_boto3_s3.client import S3Client


@dataclass(frozen=True)
class IntakeDeps:
    """The database, the store, the queue and the settings of one intake bucket."""

    sessions: Sessions
    client: S3Client
    #: Has a document rendered, by its id.
    send: Callable[[int], None]
    #: Messages that wait before a stage, by its name.
    depth: Callable[[str], int]
    settings: Intake
    bucket: str
    #: Only keys that begin so are taken in.
    prefix: str = ""

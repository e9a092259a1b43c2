"""The intake of the settings put together: database, store, queues and the place that documents come from."""

from __future__ import annotations

from urllib.parse import urlsplit

from producer.deps import IntakeDeps
from worker import connections
from worker.errors import WrongUse
from worker.publisher import open_publisher
from worker.settings import Intake, Storage
from worker.storage.s3 import s3_client


def connect(source: str) -> IntakeDeps:
    """The intake of `s3://bucket/prefix`; of anything else, the bucket of the settings."""
    settings, publisher = Intake(), open_publisher()
    bucket, prefix = place(source) if source.startswith("s3://") else (settings.intake_bucket, "")
    return IntakeDeps(
        sessions=connections.sessions(),
        client=s3_client(Storage()),
        send=publisher.start,
        depth=publisher.depth,
        settings=settings,
        bucket=bucket,
        prefix=prefix,
    )


def place(source: str) -> tuple[str, str]:
    """Bucket and prefix of s3://bucket/prefix. WrongUse."""
    parts = urlsplit(source, allow_fragments=False)
    if not parts.netloc:
        raise WrongUse(f"{source!r} names no bucket; give s3://bucket/prefix")
    return parts.netloc, source.removeprefix(f"s3://{parts.netloc}").removeprefix("/")

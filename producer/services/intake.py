"""The intake of the settings put together: database, queues, and the source that a URL names."""

from __future__ import annotations

from producer.services.deps import IntakeDeps
from producer.sources import configured_source, has_scheme
from producer.sources.port import Source
from worker import connections
from worker.errors import WrongUse
from worker.settings import Intake, Storage


def connect_bucket() -> IntakeDeps:
    """The intake of the bucket that local files are uploaded to. WrongUse."""
    return connect(f"s3://{Intake().intake_bucket}")


def connect(place: str) -> IntakeDeps:
    """The intake of a URL; for a path, of the bucket that local files are uploaded to. WrongUse."""
    if not has_scheme(place):
        return connect_bucket()
    settings, publisher = Intake(), connections.publisher()
    return IntakeDeps(
        sessions=connections.sessions(),
        source=configured_source(place),
        send=publisher.start,
        depth=publisher.depth,
        settings=settings,
    )


def check_apart(source: Source, storage: Storage) -> None:
    """WrongUse when results lie where documents are looked for."""
    if source.holds_results(storage.results_url):
        place = storage.results_bucket
        raise WrongUse(f"{place} is the bucket for results; its page images would be taken in as documents")

"""The database and the store of the settings, once per process. Loads no model, no queue, no vision."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache

from sqlalchemy import Engine

from db.engine import Sessions, make_engine, make_sessions
from worker.settings import Database, Storage
from worker.storage.port import Store
from worker.storage.stores import open_store


@cache
def sessions() -> Sessions:
    """Transactions on the configured database."""
    return make_sessions(_engine(Database().database_pool))


@contextmanager
def brief_sessions() -> Iterator[Sessions]:
    """Transactions on connections that are closed behind the block: no child process may inherit one."""
    engine = _engine(1)
    try:
        yield make_sessions(engine)
    finally:
        engine.dispose()


@cache
def store() -> Store:
    """The configured store of documents and results."""
    return open_store(Storage())


def _engine(pool_size: int) -> Engine:
    settings = Database()
    return make_engine(
        settings.database_url.get_secret_value(),
        pool_size=pool_size,
        answer_within=settings.database_seconds,
    )

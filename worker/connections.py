"""What a process opens by its settings, once: database, store, queues. Loads no model, no vision."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from pkgutil import resolve_name
from typing import TYPE_CHECKING

from pydantic import SecretStr
from sqlalchemy import Engine, make_url

from db.engine import Sessions, make_engine, make_sessions
from db.roles import may_change_references
from worker.errors import WrongUse
from worker.settings import Broker, Database, Storage, Web
from worker.storage.port import Store
from worker.storage.stores import open_store

if TYPE_CHECKING:
    from worker.publisher import CeleryPublisher
    from worker.request_counter import RedisCounter

#: Connections for what admins do.
_ADMINS = 2
#: Named, for a results folder is served without the extra `queue`.
_COUNTER = "worker.request_counter:open_request_counter"


@cache
def sessions() -> Sessions:
    """Transactions on the configured database."""
    return make_sessions(_engine(Database().database_pool))


@cache
def admin_sessions() -> Sessions | None:
    """Transactions by a login that puts references on file and erases; None where the console has none."""
    given = Web().web_admin_database_url
    chosen = sessions() if given is None else make_sessions(_engine(_ADMINS, given))
    with chosen() as session:
        return chosen if may_change_references(session) else None


@contextmanager
def brief_sessions() -> Iterator[Sessions]:
    """Transactions on connections that are closed when the block ends: no child process may inherit one."""
    engine = _engine(1)
    try:
        yield make_sessions(engine)
    finally:
        engine.dispose()


@cache
def store() -> Store:
    """The configured store of documents and results."""
    return open_store(Storage())


def publisher() -> CeleryPublisher:
    """What sends on the configured queues; `countersign run` has none."""
    from worker.publisher import open_publisher  # noqa: PLC0415 - in the extra `queue`

    return open_publisher()


def request_counter() -> RedisCounter:
    """What counts requests of the API for all processes, on the Redis of the queues."""
    made: RedisCounter = resolve_name(_COUNTER)(Broker())
    return made


def existing(url: str) -> str:
    """The URL. WrongUse for an SQLite file that is not there: to open one would make it."""
    address = make_url(url)
    file = address.database or ""
    in_memory = file in ("", ":memory:") or file.startswith("file:")
    if address.get_backend_name() == "sqlite" and not in_memory and not Path(file).exists():
        raise WrongUse(
            f"there is no database {str(Path(file).absolute())!r}: "
            "commands that work on the folder of a run take --run FOLDER; for the others "
            "set COUNTERSIGN_DATABASE_URL, or make an empty file with `countersign migrate --new-file`"
        )
    return url


def _engine(pool_size: int, url: SecretStr | None = None) -> Engine:
    settings = Database()
    return make_engine(
        existing((url or settings.database_url).get_secret_value()),
        pool_size=pool_size,
        answer_within=settings.database_seconds,
    )

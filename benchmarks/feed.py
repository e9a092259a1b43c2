"""What the feed of changes costs: documents closed a second, with and without its triggers.

`python -m benchmarks.feed`, on a PostgreSQL that `deploy.servers` finds or starts, with every commit flushed.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import Engine, text

from db import documents
from db.answers import Given
from db.documents import Object
from db.engine import make_engine, make_sessions
from db.migrate import upgrade
from db.states import Status
from deploy.servers import postgres_somewhere
from deploy.settings import GivenServers
from producer.machine.postgres_server import create_database, drop_database

#: Documents of one measurement, and writers at once.
DOCUMENTS, WRITERS = 150, (1, 8)
_TRIGGERS = {"answers": "guard_feed_answered", "documents": "guard_feed_reopened"}


@contextmanager
def database() -> Iterator[Engine]:
    """An empty, migrated database."""
    with (
        tempfile.TemporaryDirectory() as logs,
        postgres_somewhere(Path(logs), GivenServers()) as server,
    ):
        engine = make_engine(create_database(server, "feed_cost"), pool_size=max(WRITERS))
        upgrade(engine)
        yield engine
        engine.dispose()
        drop_database(server, "feed_cost")


def closed_a_second(engine: Engine, writers: int, tag: str) -> float:
    """Close new documents with so many writers at once, each in a transaction of its own."""
    sessions = make_sessions(engine)
    ids = []
    for number in range(DOCUMENTS):
        with sessions() as session:
            ids.append(documents.register(session, Object("b", f"{tag}/{number}", "v"), {})[0])

    def close(document_id: int) -> None:
        with sessions() as session:
            documents.close(session, document_id, Given(status=Status.DONE))

    began = time.perf_counter()
    with ThreadPoolExecutor(writers) as pool:
        list(pool.map(close, ids))
    return DOCUMENTS / (time.perf_counter() - began)


def main() -> None:
    """Print a line for each number of writers."""
    with database() as engine:
        with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            # The servers of tests flush nothing.
            for setting in ("fsync", "synchronous_commit"):
                connection.execute(text(f"ALTER SYSTEM SET {setting} = on"))
            connection.execute(text("SELECT pg_reload_conf()"))
        for writers in WRITERS:
            rates = {}
            for how in ("ENABLE", "DISABLE", "ENABLE"):
                with engine.begin() as connection:
                    for table, trigger in _TRIGGERS.items():
                        connection.execute(text(f"ALTER TABLE {table} {how} TRIGGER {trigger}"))
                rates[how] = closed_a_second(engine, writers, f"{how}{writers}{time.time()}")
            line = (
                f"{writers} writers: {rates['ENABLE']:.0f} a second, {rates['DISABLE']:.0f} without the feed"
            )
            print(line)


if __name__ == "__main__":
    main()

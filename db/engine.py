"""Engines and sessions: Postgres for all that is concurrent, SQLite for the embedded form."""

from __future__ import annotations

from contextlib import AbstractContextManager
from datetime import UTC, datetime
from pathlib import Path
from typing import Protocol
from urllib.parse import quote

from sqlalchemy import URL, ColumnElement, DateTime, Engine, create_engine, event, func, make_url, select
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.orm import Session, sessionmaker

from db.rested import ask_rested


class Sessions(Protocol):
    """Opens a transaction: commits at the end of the block, rolls back when it raises."""

    def __call__(self) -> AbstractContextManager[Session]:
        """Begin."""


#: No wait on a Postgres that is gone, or on a row whose holder stands still, may last forever.
_BOUNDS = {
    "keepalives_idle": 30,
    "keepalives_interval": 10,
    "keepalives_count": 3,
    "tcp_user_timeout": 60_000,
}
#: Seconds after which the server ends a transaction whose client says nothing, where no other limit is known.
_IDLE = 300.0


def make_engine(url: str, *, pool_size: int = 5, answer_within: float | None = None) -> Engine:
    """An engine for `url`; connections that the server closed meanwhile are replaced.

    A Postgres that says nothing for `answer_within` seconds is an OperationalError, and the connection is
    closed; None waits for as long as a statement takes, as a migration must. The server gives up a silent
    client likewise, after twice that time: what its transaction holds, others wait for.
    """
    if url.startswith("sqlite"):
        return _sqlite(make_url(url))
    from db.read_timeout import connection_class  # noqa: PLC0415 - SQLite needs no driver of Postgres

    idle = _IDLE if answer_within is None else min(_IDLE, 2 * answer_within)
    limits = f"-c lock_timeout=20s -c idle_in_transaction_session_timeout={idle * 1000:.0f}"
    # Parameters are names of people and embeddings of their hands: they do not belong into error messages.
    engine = create_engine(
        database_address(url),
        pool_size=pool_size,
        max_overflow=pool_size,
        hide_parameters=True,
        connect_args={
            **_BOUNDS,
            "options": limits,
            "connection_factory": connection_class(answer_within),
        },
    )
    ask_rested(engine)
    return engine


def file_engine(file: Path) -> Engine:
    """An engine for an SQLite file of any name; in an address, `?` and `%` do not stand for themselves."""
    return _sqlite(URL.create("sqlite", database=str(file)))


def read_only_engine(file: Path) -> Engine:
    """An engine that reads an SQLite file on a medium that takes no writes, and leaves nothing beside it.

    Nobody else may write the file meanwhile, and what its last writer left in a journal is not seen.
    """
    how = {"mode": "ro", "immutable": "1", "uri": "true"}
    address = URL.create("sqlite", database=f"file:{quote(str(file))}", query=how)
    return create_engine(address, hide_parameters=True)


def database_address(url: str | URL) -> URL:
    """The address with the driver that is installed, where it names none: SQLAlchemy would choose another."""
    address = make_url(url)
    return address.set(drivername="postgresql+psycopg2") if address.drivername == "postgresql" else address


def make_sessions(engine: Engine) -> Sessions:
    """The factory of transactions on an engine. Rows stay readable after the commit."""
    return sessionmaker(engine, expire_on_commit=False).begin


def now(session: Session) -> datetime:
    """The database's clock: leases must not depend on the clocks of workers. SQLite has its host's."""
    if session.get_bind().dialect.name == "postgresql":
        moment: datetime = session.execute(select(func.clock_timestamp())).scalar_one()
        return moment.astimezone(UTC)
    return datetime.now(UTC)


def clock(session: Session) -> datetime | ColumnElement[datetime]:
    """The same clock inside a statement that writes or compares: it is read when that statement comes in."""
    if session.get_bind().dialect.name == "postgresql":
        return func.statement_timestamp(type_=DateTime(timezone=True))
    return datetime.now(UTC)


def _sqlite(url: URL) -> Engine:
    engine = create_engine(url, hide_parameters=True, connect_args={"timeout": 60, "isolation_level": None})

    @event.listens_for(engine, "connect")
    def configure(connection: DBAPIConnection, _record: object) -> None:
        cursor = connection.cursor()
        cursor.execute("PRAGMA journal_mode=WAL")
        cursor.execute("PRAGMA synchronous=NORMAL")
        cursor.execute("PRAGMA foreign_keys=ON")
        cursor.close()

    # A transaction that reads first and writes later would deadlock with its like; take the lock at once.
    @event.listens_for(engine, "begin")
    def begin(connection: object) -> None:
        connection.exec_driver_sql("BEGIN IMMEDIATE")  # type: ignore[attr-defined]

    return engine

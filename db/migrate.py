"""Runs the Alembic migrations that come with the package; reads no environment."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, Engine

from db.guards import guards, lift_guards, set_guards
from db.guards.views import drop_views, make_views

_SCRIPTS = Path(__file__).parent / "migrations"


def upgrade(engine: Engine) -> None:
    """Bring the database to the newest schema; a second call changes nothing.

    On Postgres a lock makes concurrent calls wait for each other.
    """
    with engine.connect() as connection, _references_unchecked(connection), connection.begin():
        if engine.dialect.name == "postgresql":
            connection.exec_driver_sql("SELECT pg_advisory_xact_lock(7206)")
        if _is_newest(connection) and guards(connection):
            return
        config = _config()
        config.attributes["connection"] = connection
        drop_views(connection)
        lift_guards(connection)
        command.upgrade(config, "head")
        set_guards(connection)
        make_views(connection)


@contextmanager
def _references_unchecked(connection: Connection) -> Iterator[None]:
    """SQLite makes a table anew to change it, and dropping the old one would delete all that refers to it.

    The switch has no effect inside a transaction, so it is turned before one begins.
    """
    driver = connection.connection.driver_connection
    if connection.dialect.name != "sqlite" or driver is None:
        yield
        return
    driver.execute("PRAGMA foreign_keys=OFF")
    try:
        yield
    finally:
        driver.execute("PRAGMA foreign_keys=ON")


def pending(engine: Engine) -> bool:
    """True when the database's schema is not the newest."""
    with engine.connect() as connection:
        return not _is_newest(connection)


def is_empty(engine: Engine) -> bool:
    """True when no migration has run here."""
    with engine.connect() as connection:
        return not MigrationContext.configure(connection).get_current_heads()


def _is_newest(connection: Connection) -> bool:
    current = MigrationContext.configure(connection).get_current_heads()
    return set(current) == set(ScriptDirectory.from_config(_config()).get_heads())


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(_SCRIPTS))
    return config

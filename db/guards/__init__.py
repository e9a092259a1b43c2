"""Triggers: what the database itself holds answers and the feed to. A change here comes with a migration."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import Connection

_FOLDER = Path(__file__).parent
_NAMES = {
    "postgresql": (
        "SELECT tgname, relname FROM pg_trigger JOIN pg_class ON pg_class.oid = tgrelid"
        " JOIN pg_namespace ON pg_namespace.oid = relnamespace"
        " WHERE NOT tgisinternal AND nspname = current_schema() AND starts_with(tgname, 'guard_')"
    ),
    "sqlite": "SELECT name, tbl_name FROM sqlite_master WHERE type = 'trigger' AND name GLOB 'guard_*'",
}


def guards(connection: Connection) -> dict[str, str]:
    """The guards that stand, by name, with their tables."""
    rows = connection.exec_driver_sql(_NAMES[connection.dialect.name])
    return {name: table for name, table in rows}  # noqa: C416 - rows are not pairs


def lift_guards(connection: Connection) -> None:
    """Drop them all: SQLite cannot make a table anew that a trigger speaks of."""
    for name, table in guards(connection).items():
        on_table = f" ON {table}" if connection.dialect.name == "postgresql" else ""
        connection.exec_driver_sql(f"DROP TRIGGER {name}{on_table}")


def set_guards(connection: Connection) -> None:
    """Make them; they must not be there."""
    statements = (_FOLDER / f"{connection.dialect.name}.sql").read_text(encoding="utf-8")
    if connection.dialect.name == "postgresql":
        connection.exec_driver_sql(statements)
        return
    for statement in statements.split("\n\n"):
        connection.exec_driver_sql(statement)


@contextmanager
def details_may_follow(connection: Connection) -> Iterator[None]:
    """Let claims and marks be added to answers that were given: what an older release has not written.

    PostgreSQL lets the owner of the tables do so anyway. SQLite knows no owner, and one writer at a time: the
    guards are lifted for this transaction, and an error, which ends it, brings them back.
    """
    if connection.dialect.name == "postgresql":
        yield
        return
    lift_guards(connection)
    yield
    set_guards(connection)

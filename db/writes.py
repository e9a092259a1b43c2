"""Writes that may happen twice and count once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, cast

from sqlalchemy import CursorResult, Delete, Result, Table, Update, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from db.base import Base

#: Values of a row by the names of its columns.
Values = Mapping[str, object]


def insert_once(session: Session, model: type[Base], rows: Sequence[Values]) -> int:
    """Insert the rows that are not there yet, by any unique key; answer how many were new."""
    if not rows:
        return 0
    table = cast(Table, model.__table__)
    dialect = postgresql if session.get_bind().dialect.name == "postgresql" else sqlite
    statement = dialect.insert(table).on_conflict_do_nothing()
    # One statement a row: the count of an executemany is not to be relied on.
    return sum(_count(session.execute(statement.values(**row))) for row in rows)


def insert_many_once(session: Session, model: type[Base], rows: Sequence[Values]) -> int:
    """The same in one statement, for rows that name the same columns."""
    if not rows:
        return 0
    table = cast(Table, model.__table__)
    dialect = postgresql if session.get_bind().dialect.name == "postgresql" else sqlite
    statement = dialect.insert(table).values(list(rows)).on_conflict_do_nothing()
    return _count(session.execute(statement))


def insert_or_find(session: Session, model: type[Base], key: Values, **others: object) -> tuple[int, bool]:
    """Insert a row unless one with that unique key is there; answer its id and whether it is new."""
    new = insert_once(session, model, [{**key, **others}]) == 1
    columns = model.__table__.c
    existing = session.execute(
        select(columns.id).where(*(columns[name] == value for name, value in key.items()))
    )
    return existing.scalar_one(), new


def changed(session: Session, statement: Update | Delete) -> int:
    """Run an UPDATE or DELETE and answer how many rows it touched."""
    return _count(session.execute(statement))


def _count(result: Result[tuple[object, ...]]) -> int:
    return cast("CursorResult[Any]", result).rowcount

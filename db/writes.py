"""Writes that may happen twice and count once."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, cast

from sqlalchemy import CursorResult, Delete, Result, Row, Select, Table, Update, bindparam, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from db.base import Base

#: Values of a row by the names of its columns.
Values = Mapping[str, object]


def insert_once(session: Session, model: type[Base], row: Values) -> bool:
    """Insert a row unless one is there by any unique key; whether it is new."""
    return insert_many_once(session, model, [row]) == 1


def insert_many_once(session: Session, model: type[Base], rows: Sequence[Values]) -> int:
    """Insert the rows that are not there yet, by any unique key; how many were new.

    They name the same columns and go in one statement: the count of an executemany is not to be relied on.
    """
    if not rows:
        return 0
    return _count(session.execute(_insert_new(session, model).values(list(rows))))


def insert_all_once(session: Session, model: type[Base], rows: Sequence[Values]) -> None:
    """Insert the rows that are not there yet, uncounted: a statement for all that name the same columns."""
    for group in _alike(rows):
        session.execute(_insert_new(session, model), group)


def insert_all(session: Session, model: type[Base], rows: Sequence[Values]) -> None:
    """Insert new rows: a statement for all that name the same columns. IntegrityError where one is there."""
    for group in _alike(rows):
        session.execute(cast(Table, model.__table__).insert(), group)


def _alike(rows: Iterable[Values]) -> Iterable[list[Values]]:
    """Rows by the columns that they name."""
    alike: dict[frozenset[str], list[Values]] = {}
    for row in rows:
        alike.setdefault(frozenset(row), []).append(row)
    return alike.values()


def update_all(session: Session, model: type[Base], rows: Mapping[int, Values]) -> None:
    """Write values into rows by their ids: a statement for all that name the same columns.

    What the session has read stays as it was read.
    """
    table = cast(Table, model.__table__)
    statement = table.update().where(table.c.id == bindparam(_ROW))
    for group in _alike({_ROW: row_id, **values} for row_id, values in rows.items()):
        names = group[0].keys() - {_ROW}
        session.execute(statement.values({name: bindparam(name) for name in names}), group)


#: The parameter that names the row of an UPDATE.
_ROW = "row_id"


def insert_or_find(session: Session, model: type[Base], key: Values, **others: object) -> tuple[int, bool]:
    """Insert a row unless one with that unique key is there; answer its id and whether it is new."""
    columns = model.__table__.c
    statement = _insert_new(session, model).values(**key, **others).returning(columns.id)
    new = session.execute(statement).scalar_one_or_none()
    if new is not None:
        return new, True
    return session.execute(_by_key(model, key)).scalar_one(), False


def insert_or_hold(session: Session, model: type[Base], key: Values, **others: object) -> int:
    """Insert a row unless one with that unique key is there; its id. The row is held until the end."""
    columns = model.__table__.c
    insert = _insert(session, model).values(**key, **others)
    # What is written again is what stands there: only so does the statement hold a row that it finds.
    statement = insert.on_conflict_do_update(index_elements=list(key), set_=dict(key))
    row_id: int = session.execute(statement.returning(columns.id)).scalar_one()
    return row_id


def insert_new(
    session: Session, model: type[Base], row: Values, *columns: str
) -> Row[*tuple[object, ...]] | None:
    """Insert a row unless one is there by any unique key; these columns of it, None where one is there."""
    wanted = (model.__table__.c[name] for name in columns)
    return session.execute(_insert_new(session, model).values(**row).returning(*wanted)).one_or_none()


def find_or_insert(session: Session, model: type[Base], key: Values, **others: object) -> int:
    """The id of the row with that unique key, which is nearly always there; inserted where it is not."""
    known = session.execute(_by_key(model, key)).scalar_one_or_none()
    return insert_or_find(session, model, key, **others)[0] if known is None else known


def _by_key(model: type[Base], key: Values) -> Select[int]:
    columns = model.__table__.c
    return select(columns.id).where(*(columns[name] == value for name, value in key.items()))


def _insert_new(session: Session, model: type[Base]) -> postgresql.Insert | sqlite.Insert:
    """An INSERT that leaves alone what stands there by any unique key."""
    return _insert(session, model).on_conflict_do_nothing()


def _insert(session: Session, model: type[Base]) -> postgresql.Insert | sqlite.Insert:
    """An INSERT that may say what is done where a row is there."""
    table = cast(Table, model.__table__)
    dialect = postgresql if session.get_bind().dialect.name == "postgresql" else sqlite
    statement: postgresql.Insert | sqlite.Insert = dialect.insert(table)
    return statement


def changed(session: Session, statement: Update | Delete) -> int:
    """Run an UPDATE or DELETE and answer how many rows it touched."""
    return _count(session.execute(statement))


def _count(result: Result[tuple[object, ...]]) -> int:
    return cast("CursorResult[Any]", result).rowcount

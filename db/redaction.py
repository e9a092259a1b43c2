"""Names taken out of what people have written. The caller owns the transaction."""

from __future__ import annotations

import re

from sqlalchemy import ColumnElement, select
from sqlalchemy.orm import Session

from db.base import Base
from db.writes import update_all

#: What stands in place of a name that was erased.
NAME_ERASED = "[erased]"


def erase_name(
    session: Session, model: type[Base], column: str, name: str, *where: ColumnElement[bool]
) -> None:
    """Take a name out of the texts of a column, wherever it stands as whole words; the rest stays.

    The table has the primary key `id`. Reads all of its rows that `where` leaves.
    """
    row_id, text = (model.__table__.c[name] for name in ("id", column))
    statement = select(row_id, text).where(text.contains(name, autoescape=True), *where)
    whole = re.compile(rf"(?<!\w){re.escape(name)}(?!\w)")
    rows = session.execute(statement).all()
    update_all(session, model, {row[0]: {column: whole.sub(NAME_ERASED, row[1])} for row in rows})

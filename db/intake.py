"""Queries of the intake: which of many objects are registered already. The caller owns the transaction."""

from __future__ import annotations

from collections.abc import Iterable

from sqlalchemy import select, tuple_
from sqlalchemy.orm import Session

from db.documents import Object
from db.models import Document


def unknown(session: Session, objects: Iterable[Object]) -> list[Object]:
    """Those of the objects that are no documents yet, each once, in their order; one query.

    Meant for a page of a listing: some thousand objects, not millions.
    """
    wanted = {(one.bucket, one.key, one.version): one for one in objects}
    if not wanted:
        return []
    name = tuple_(Document.bucket, Document.key, Document.version)
    statement = select(Document.bucket, Document.key, Document.version).where(name.in_(wanted))
    known = {tuple(row) for row in session.execute(statement)}
    return [one for triple, one in wanted.items() if triple not in known]

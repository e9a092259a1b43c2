"""Queries of the completeness statement: a bucket's documents in the order of its listing."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import NamedTuple

from sqlalchemy import collate, func, select
from sqlalchemy.orm import Session

from db.models import Document
from db.states import Status

#: Rows that are fetched at a time.
FETCH = 2000


class Known(NamedTuple):
    """A registered version of an object, and where its document stands."""

    key: str
    version: str
    status: Status


def in_key_order(session: Session, bucket: str, prefix: str) -> Iterator[Known]:
    """The bucket's documents below the prefix, by the bytes of their keys, in bounded memory.

    The rows are those of the moment of the call, however long the caller takes over them.
    """
    # Stores list by bytes; the collation of the database may be any language's.
    postgres = session.get_bind().dialect.name == "postgresql"
    order = collate(Document.key, "C") if postgres else Document.key
    statement = (
        select(Document.key, Document.version, Document.status)
        .where(Document.bucket == bucket, func.substr(Document.key, 1, len(prefix)) == prefix)
        .order_by(order)
        .execution_options(yield_per=FETCH)
    )
    return (Known(*row) for row in session.execute(statement))


def statuses(session: Session, bucket: str, keys: Collection[str]) -> dict[tuple[str, str], Status]:
    """Where the documents with these keys stand now, by key and version."""
    statement = select(Document.key, Document.version, Document.status).where(
        Document.bucket == bucket, Document.key.in_(keys)
    )
    return {(key, version): status for key, version, status in session.execute(statement)}

"""Queries on the feed of changes. Triggers write it; see `db/guards`. The caller owns the transaction."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from typing import NamedTuple

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from db.models import ChangesHead, DocumentChange


class FeedHead(NamedTuple):
    """The name of this database's feed, and its last place; 0 before the first."""

    feed: str
    place: int


def feed_head(session: Session) -> FeedHead:
    """Where the feed ends at this moment. Every place up to there can be read."""
    return FeedHead(*session.execute(select(ChangesHead.feed, ChangesHead.place)).one())


def rename_feed(session: Session) -> str:
    """Give the feed a new name, drawn at random, and answer it: earlier tokens count no more."""
    name = secrets.token_hex(4)
    session.execute(update(ChangesHead).values(feed=name))
    return name


def changes_after(session: Session, place: int, *, limit: int) -> Sequence[DocumentChange]:
    """The changes after a place, in order.

    A place is taken while its transaction commits, and the next one waits for that: who has read up to a
    place has missed nothing before it, whatever was still at work.
    """
    statement = (
        select(DocumentChange).where(DocumentChange.id > place).order_by(DocumentChange.id).limit(limit)
    )
    return session.execute(statement).scalars().all()

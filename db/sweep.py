"""Rows that stand still: what the sweep sends again. The caller owns the transaction."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, and_, case, exists, func, or_, select, update
from sqlalchemy.orm import Session

from db.engine import now
from db.models import Chunk, Document, leased_model
from db.states import ChunkStage, DocumentStage, StageName


def overdue(
    session: Session, stage: StageName, *, joins: bool = False, resend_after: timedelta, limit: int
) -> Sequence[int]:
    """Ids of rows that nobody works on though somebody should, oldest first.

    Each is put off by `resend_after`. A row at its first attempt has a message under way, which may take as
    long; one whose attempt failed or whose lease ran out has none. With `joins`, documents with open chunks
    are not due. Rows that another sweep is looking at are passed over, so two sweeps never send the same row.
    """
    model = leased_model(stage)
    moment = now(session)
    late = case((model.deliveries == 0, moment - resend_after), else_=moment)
    statement = (
        select(model.id)
        .where(waiting_rows(stage, moment, joins=joins), model.due_at < late)
        .order_by(model.due_at)
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    ids = session.execute(statement).scalars().all()
    session.execute(update(model).where(model.id.in_(ids)).values(due_at=moment + resend_after))
    return ids


def waiting(session: Session, stage: StageName, *, joins: bool = False) -> int:
    """How many rows wait for that stage and are in nobody's hands; see `overdue`."""
    model = leased_model(stage)
    condition = waiting_rows(stage, now(session), joins=joins)
    return session.execute(select(func.count(model.id)).where(condition)).scalar_one()


def waiting_rows(stage: StageName, moment: datetime, *, joins: bool = False) -> ColumnElement[bool]:
    """The condition on rows that wait for that stage and are in nobody's hands; see `overdue`."""
    model = leased_model(stage)
    condition = and_(model.stage == stage, or_(model.lease_until.is_(None), model.lease_until < moment))
    if model is Chunk:
        # The chunks of a quarantined document stay as they were left; nobody waits for them.
        closed = exists().where(Document.id == Chunk.document_id, Document.stage == DocumentStage.CLOSED)
        return and_(condition, ~closed)
    if not joins:
        return condition
    still_open = exists().where(Chunk.document_id == Document.id, Chunk.stage != ChunkStage.CLOSED)
    return and_(condition, ~still_open)

"""Leases with fencing tokens on documents and chunks.

A stage is claimed by raising the row's fence; its result is written only while that fence is the newest.
So a redelivered, late or zombie task changes nothing (Kleppmann, "How to do distributed locking", 2016).
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, Select, Update, exists, or_, select, update
from sqlalchemy.orm import Session

from db.engine import clock, now
from db.models import Chunk, Document, leased_model
from db.states import ChunkStage, DocumentStage, StageName
from db.writes import changed

#: Whoever is as overdue as this is sent again by the next sweep, whatever the settings say.
_LONG_OVERDUE = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Lease:
    """The right to write the result of one stage of one row, until a newer lease is taken."""

    stage: StageName
    id: int
    fence: int
    #: The number of this attempt, from 1.
    attempt: int
    #: How long it lasts each time that it is taken or renewed.
    seconds: float
    #: Its document, as it was when the lease was taken.
    document: Document = field(repr=False, compare=False)
    #: Whether the lease before it ran out: its holder died or was too slow, and said nothing.
    took_over: bool = False
    #: When it was taken, by this process's `time.monotonic()`.
    taken: float = field(default_factory=time.monotonic)

    @property
    def model(self) -> type[Document] | type[Chunk]:
        """The table of the row."""
        return leased_model(self.stage)

    @property
    def chunk(self) -> int | None:
        """The chunk's id; None when the row is a document."""
        return self.id if self.model is Chunk else None


def claim(
    session: Session,
    stage: StageName,
    row_id: int,
    *,
    seconds: float,
    holder: str | None = None,
    joins: bool = False,
) -> Lease | None:
    """Take the lease, or None when the row is past this stage or somebody alive holds it.

    A chunk of a closed document is past all stages. `holder` says who takes it, so that it can be taken away
    from them: see `revoke` and `cut_short`. A stage that `joins` waits for the document's last chunk.
    """
    model = leased_model(stage)
    holding = session.execute(_holding(model, row_id)).one_or_none()
    if holding is None:
        return None
    document, before = holding
    moment = clock(session)
    until = moment + timedelta(seconds=seconds)
    statement = (
        update(model)
        .where(model.id == row_id, model.stage == stage, _free(model, moment))
        .values(fence=model.fence + 1, deliveries=model.deliveries + 1, lease_until=until, due_at=until)
        .values(holder=holder)
        .returning(model.fence, model.deliveries)
        .execution_options(synchronize_session=False)
    )
    if joins:
        statement = statement.where(
            ~exists().where(Chunk.document_id == row_id, Chunk.stage != ChunkStage.CLOSED)
        )
    row = session.execute(statement).one_or_none()
    if row is None:
        return None
    return Lease(stage, row_id, row.fence, row.deliveries, seconds, document, took_over=before is not None)


def _holding(model: type[Document] | type[Chunk], row_id: int) -> Select[Document, datetime | None]:
    """A row's document and the end of its lease; the row is held until the transaction ends."""
    statement = select(Document, model.lease_until).where(model.id == row_id)
    if model is Chunk:
        statement = statement.join(Chunk, Chunk.document_id == Document.id)
        statement = statement.where(Document.stage != DocumentStage.CLOSED)
    return statement.with_for_update(of=model, key_share=True)


def is_newest(session: Session, lease: Lease) -> bool:
    """Whether no newer lease was taken by now; one may be taken at any moment, unlike after `renew`."""
    return session.execute(select(exists().where(*_row(lease)))).scalar_one()


def renew(session: Session, lease: Lease, *, progress: bool = False, **facts: object) -> bool:
    """Hold the lease for as long again. False when a newer one was taken; else the row is locked to the end.

    With `progress` the attempts begin to count anew: work that gets on is not given up for being long.
    `facts` are written into the row with it.
    """
    until = clock(session) + timedelta(seconds=lease.seconds)
    deliveries = {"deliveries": 1} if progress else {}
    statement = _own(lease).values(lease_until=until, due_at=until, **deliveries, **facts)
    return changed(session, statement) == 1


def advance(session: Session, lease: Lease, stage: StageName, **facts: object) -> bool:
    """Close the leased stage and open the next. False when the lease was lost: write nothing then.

    `facts` are written into the row with it.
    """
    closed = stage in (DocumentStage.CLOSED, ChunkStage.CLOSED)
    due_at = None if closed else clock(session)
    statement = _own(lease).values(stage=stage, lease_until=None, deliveries=0, due_at=due_at, **facts)
    return changed(session, statement) == 1


def give_back(session: Session, lease: Lease, *, again_in: float, counted: bool = True) -> bool:
    """End the lease without a result; the sweep sends the row again after `again_in` seconds.

    `counted=False` takes the delivery back: an outage of storage must not burn a document's attempts.
    """
    due = clock(session) + timedelta(seconds=again_in)
    statement = _own(lease).values(lease_until=None, due_at=due)
    if not counted:
        statement = statement.values(deliveries=lease.model.deliveries - 1)
    return changed(session, statement) == 1


def revoke(
    session: Session,
    stage: StageName,
    row_id: int,
    *,
    holder: str,
    overdue: float = 0.0,
) -> int | None:
    """Take the lease away from a holder that may still be at work; its attempt, None when it holds none.

    The fence rises, so the holder writes nothing any more, and its attempt does not count. The row is as due
    as if it had waited for `overdue` seconds.
    """
    model = leased_model(stage)
    due_at = now(session) - timedelta(seconds=overdue)
    mine = (model.stage == stage, model.lease_until.is_not(None), model.holder == holder)
    statement = (
        update(model)
        .where(model.id == row_id, *mine)
        .values(fence=model.fence + 1, deliveries=model.deliveries - 1, lease_until=None, due_at=due_at)
        .returning(model.deliveries)
    )
    left = session.execute(statement).scalar_one_or_none()
    return None if left is None else left + 1


def revoke_all(session: Session, stage: StageName) -> int:
    """Take away all leases at a stage, for what their holders have read holds no more; how many those were.

    As by `revoke`; the next sweep sends the rows again.
    """
    model = leased_model(stage)
    moment = now(session)
    statement = update(model).where(model.stage == stage, model.lease_until > moment)
    long_ago = moment - _LONG_OVERDUE
    values = {"fence": model.fence + 1, "deliveries": model.deliveries - 1, "lease_until": None}
    return changed(session, statement.values(due_at=long_ago, **values))


def cut_short(
    session: Session,
    stage: StageName,
    *,
    holder: str,
    pause: Callable[[int], float],
) -> int:
    """Let the leases of a dead holder, or of all tasks of a dead worker, end after `pause(attempt)` seconds.

    Answers how many. The attempts count, for the row may be what killed them, and who claims it next notes
    how they ended.
    """
    model = leased_model(stage)
    moment = now(session)
    theirs = or_(model.holder == holder, model.holder.startswith(f"{holder} ", autoescape=True))
    still_leased = select(model.id, model.deliveries, model.lease_until).where(
        model.stage == stage, model.due_at.is_not(None), model.lease_until > moment, theirs
    )
    # In one order: two who free the same rows must not wait for each other.
    rows = session.execute(still_leased.order_by(model.id).with_for_update()).all()
    for row in rows:
        end = min(row.lease_until, moment + timedelta(seconds=pause(row.deliveries)))
        session.execute(update(model).where(model.id == row.id).values(lease_until=end, due_at=end))
    return len(rows)


def _own(lease: Lease) -> Update:
    """An UPDATE of the row while the lease is the newest; what the session has read stays as it was read."""
    return update(lease.model).where(*_row(lease)).execution_options(synchronize_session=False)


def _row(lease: Lease) -> tuple[ColumnElement[bool], ...]:
    model = lease.model
    return model.id == lease.id, model.stage == lease.stage, model.fence == lease.fence


def _free(
    model: type[Document] | type[Chunk], moment: datetime | ColumnElement[datetime]
) -> ColumnElement[bool]:
    return or_(model.lease_until.is_(None), model.lease_until < moment)

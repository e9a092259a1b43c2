"""Heartbeats: which workers are alive, and which have gone silent. The caller owns the transaction."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

from sqlalchemy import case, delete, select, update
from sqlalchemy.orm import Session

from db.engine import now
from db.models import Heartbeat
from db.writes import changed, insert_once


def beat(session: Session, worker: str, *, silence: timedelta) -> None:
    """Note that a worker is alive. After a gap as long as `silence` its beats count anew."""
    moment = now(session)
    since = case((Heartbeat.at > moment - silence, Heartbeat.since), else_=moment)
    known = update(Heartbeat).where(Heartbeat.worker == worker).values(at=moment, since=since)
    if changed(session, known) == 0:
        insert_once(session, Heartbeat, {"worker": worker, "at": moment, "since": moment})


def silent(session: Session, *, witness: str, silence: timedelta) -> Sequence[str]:
    """Workers of which nothing has been heard for as long as `silence`, by name.

    Nobody, unless the witness's own beats have come without a gap for as long: when the database was away, or
    its clock has jumped, everybody seems silent.
    """
    long_ago = now(session) - silence
    steady = select(Heartbeat.worker).where(
        Heartbeat.worker == witness, Heartbeat.at > long_ago, Heartbeat.since <= long_ago
    )
    if session.execute(steady).one_or_none() is None:
        return []
    statement = select(Heartbeat.worker).where(Heartbeat.at <= long_ago).order_by(Heartbeat.worker)
    return session.execute(statement).scalars().all()


def forget(session: Session, worker: str, *, silence: timedelta) -> None:
    """Remove a worker that is still silent."""
    gone = delete(Heartbeat).where(Heartbeat.worker == worker, Heartbeat.at <= now(session) - silence)
    session.execute(gone)

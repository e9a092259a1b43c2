"""The durable history of documents: written beside every step, read back when queues have forgotten."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import cast

from sqlalchemy import Table, func, select, update
from sqlalchemy.orm import Session

from db.engine import clock
from db.models import Event
from db.redaction import erase_name
from db.states import EventSource, StageName


def record(
    session: Session,
    document_id: int,
    stage: StageName | EventSource,
    event: str,
    *,
    chunk: int | None = None,
    attempt: int | None = None,
    worker: str | None = None,
    task: str | None = None,
    seconds: float | None = None,
    detail: str | None = None,
    who: str | None = None,
    signer: str | None = None,
) -> None:
    """Add one step to a document's history, at this moment.

    `stage` is where it happened, or who acted beside the stages. `worker` names a process and `who` a
    person; `signer` is whom the event speaks of, so that an erasure finds the name.
    """
    row = cast(Table, Event.__table__).insert()
    session.execute(
        row.values(
            document_id=document_id,
            at=clock(session),
            stage=stage.value,
            event=event,
            chunk=chunk,
            attempt=attempt,
            worker=worker,
            task=task,
            seconds=seconds,
            detail=detail,
            who=who,
            signer=signer,
        )
    )


def history(session: Session, document_id: int) -> Sequence[Event]:
    """The document's history, oldest first."""
    statement = select(Event).where(Event.document_id == document_id).order_by(Event.id)
    return session.execute(statement).scalars().all()


def last_failure(session: Session, document_id: int) -> str | None:
    """What the newest failed attempt at a document said; None when none was recorded."""
    statement = (
        select(Event.detail)
        .where(Event.document_id == document_id, Event.event == "failed")
        .order_by(Event.id.desc())
        .limit(1)
    )
    return session.execute(statement).scalar_one_or_none()


def details(
    session: Session, document_id: int, names: Collection[str], *, stage: StageName
) -> dict[str, list[str]]:
    """What the events of each of these names said of a document at that stage, oldest first."""
    where = (Event.document_id == document_id, Event.event.in_(names), Event.stage == stage.value)
    statement = select(Event.event, Event.detail).where(*where).order_by(Event.id)
    remarks: dict[str, list[str]] = {name: [] for name in names}
    for name, detail in session.execute(statement):
        remarks[name].append(detail or "")
    return remarks


def seconds(session: Session, document_id: int) -> dict[str, float]:
    """Seconds that each stage took for a document, its chunks added up."""
    statement = (
        select(Event.stage, func.sum(Event.seconds))
        .where(Event.document_id == document_id, Event.seconds.is_not(None))
        .group_by(Event.stage)
        .order_by(func.min(Event.id))
    )
    return {stage: round(total or 0.0, 4) for stage, total in session.execute(statement)}


def forget_signer_events(session: Session, name: str) -> None:
    """Take a signer's name out of all histories: what an event says of the signer goes, the event stays.

    Where a person gave a reason that names the signer, the name alone goes.
    """
    session.execute(update(Event).where(Event.signer == name).values(signer=None, detail=None))
    erase_name(session, Event, "detail", name, Event.stage == EventSource.OPERATOR.value)

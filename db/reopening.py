"""Documents with an answer, sent through their stages again. The caller owns the transaction."""

from __future__ import annotations

from collections.abc import Iterable

from sqlalchemy import ColumnElement, delete, select, true, update
from sqlalchemy.orm import Session

from db import events
from db.answers import Asked
from db.engine import now
from db.models import Chunk, Document, Page, ReferenceCopy, Region, Review, Suggestion, Verdict
from db.states import FIRST_STAGE, ChunkStage, DocumentStage, EventSource, Status
from db.writes import changed


def start_again(
    session: Session, document_ids: Iterable[int], asked: Asked, *, open_too: bool = False
) -> list[int]:
    """Send closed documents back to the first stage, with `open_too` also others; answer which those were.

    What was read of them is wiped; their answers and history stay, and the newest answer stands until the
    next. Documents that share their answer wait for the next one with them.
    """
    again = []
    for document_id in document_ids:
        first = {"status": Status.WAITING, "stage": FIRST_STAGE, "original_id": None, "due_at": now(session)}
        if _reopen(session, Document.id == document_id, asked, open_too=open_too, **first):
            session.execute(delete(Chunk).where(Chunk.document_id == document_id))
            _let_sharing_wait(session, document_id, asked)
            events.record(session, document_id, EventSource.OPERATOR, str(asked.cause), who=asked.who)
            again.append(document_id)
    return again


def verify_again(session: Session, document_id: int, asked: Asked) -> list[int]:
    """Send a closed document's chunks back to be compared, with all that was found on its pages.

    Answers their ids; none when it is not closed. Documents that share its answer wait for the next one.
    Reviews that are open go: their verdicts do. Those that are decided stay, so that nobody is asked the same
    twice.
    """
    begun = _reopen(
        session,
        Document.id == document_id,
        asked,
        status=Status.WORKING,
        stage=DocumentStage.FINISH,
        due_at=now(session),
        pages_total=Document.pages_total,
    )
    if not begun:
        return []
    _let_sharing_wait(session, document_id, asked)
    regions = select(Region.id).join(Page).where(Page.document_id == document_id)
    for table in (Verdict, Suggestion, ReferenceCopy):
        session.execute(delete(table).where(table.region_id.in_(regions)))
    session.execute(delete(Review).where(Review.document_id == document_id, Review.closed.is_(False)))
    session.execute(update(Region).where(Region.id.in_(regions)).values(reason=None, detail=None))
    theirs = Chunk.document_id == document_id
    session.execute(
        update(Chunk)
        .where(theirs)
        .values(
            stage=ChunkStage.VERIFY,
            fence=Chunk.fence + 1,
            deliveries=0,
            lease_until=None,
            due_at=now(session),
        )
    )
    events.record(session, document_id, EventSource.OPERATOR, str(asked.cause), who=asked.who)
    return list(session.execute(select(Chunk.id).where(theirs).order_by(Chunk.index)).scalars())


def _let_sharing_wait(session: Session, document_id: int, asked: Asked) -> None:
    """Let documents that share this one's answer wait for its next one."""
    theirs = Document.original_id == document_id
    _reopen(session, theirs, asked, status=Status.WORKING, stage=DocumentStage.LINKED)


def _reopen(
    session: Session, where: ColumnElement[bool], asked: Asked, *, open_too: bool = False, **values: object
) -> int:
    """Open closed documents again; how many those were."""
    statement = (
        update(Document)
        .where(where, true() if open_too else Document.stage == DocumentStage.CLOSED)
        .values(
            fence=Document.fence + 1,
            deliveries=0,
            lease_until=None,
            reason=None,
            detail=None,
            signed=None,
            result_key=None,
            versions_id=None,
            finished_at=None,
            cause=asked.cause,
            asked_by=asked.who,
            **{"pages_total": None, **values},
        )
    )
    return changed(session, statement)

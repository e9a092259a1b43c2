"""Queries of traces: when which step of which documents was at work. The caller owns the transaction.

Nothing is read that could name a document, a signer or what a page says.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from db.feed import FeedHead, changes_after, feed_head
from db.models import Document, DocumentAnswer, Event, TraceScan
from db.states import ChangeKind
from db.writes import insert_or_find


class AnswerMoment(NamedTuple):
    """When which answer of a document was given, and its status."""

    number: int
    at: datetime
    status: str


class Step(NamedTuple):
    """An event of a document's history: at its end, with the seconds that it took where that is known."""

    id: int
    at: datetime
    stage: str
    event: str
    chunk: int | None
    attempt: int | None
    worker: str | None
    task: str | None
    seconds: float | None


@dataclass(frozen=True, slots=True)
class DocumentTimes:
    """What happened to a document, and when; answers and steps from the oldest on."""

    id: int
    registered_at: datetime
    answers: tuple[AnswerMoment, ...]
    steps: tuple[Step, ...]


@dataclass(frozen=True, slots=True)
class TracePage:
    """Documents that changed after `begin`, a place in the feed, and up to `end`."""

    feed: str
    begin: int
    end: int
    documents: tuple[DocumentTimes, ...]


def next_page(session: Session, *, limit: int) -> TracePage:
    """What comes next, at most `limit` changes; it begins with the whole feed.

    A feed of another name, from a backup say, is begun anew.
    """
    head = feed_head(session)
    begin = _place(session, head)
    changes = changes_after(session, begin, limit=limit)
    changed_documents = {change.document_id for change in changes if change.kind is not ChangeKind.ERASED}
    end = changes[-1].id if changes else begin
    return TracePage(head.feed, begin, end, tuple(_times(session, changed_documents)))


def mark_sent(session: Session, page: TracePage) -> None:
    """Go on behind that page, unless another process has gone further."""
    statement = update(TraceScan).where(TraceScan.feed == page.feed, TraceScan.place == page.begin)
    session.execute(statement.values(place=page.end))


def _place(session: Session, head: FeedHead) -> int:
    insert_or_find(session, TraceScan, {"id": 1}, feed=head.feed, place=0)
    scan = session.execute(select(TraceScan).with_for_update()).scalar_one()
    if scan.feed != head.feed or scan.place > head.place:
        scan.feed, scan.place = head.feed, 0
        session.flush()
    return scan.place


def _times(session: Session, document_ids: Collection[int]) -> Iterable[DocumentTimes]:
    documents = select(Document.id, Document.registered_at).where(Document.id.in_(document_ids))
    moments = (DocumentAnswer.number, DocumentAnswer.at, DocumentAnswer.status)
    answers = select(DocumentAnswer.document_id, *moments).where(DocumentAnswer.document_id.in_(document_ids))
    columns = (getattr(Event, name) for name in Step._fields)
    steps = select(Event.document_id, *columns).where(Event.document_id.in_(document_ids))
    given: dict[int, list[AnswerMoment]] = {}
    for document_id, number, at, status in session.execute(answers.order_by(DocumentAnswer.number)):
        given.setdefault(document_id, []).append(AnswerMoment(number, at, status.value))
    taken: dict[int, list[Step]] = {}
    for row in session.execute(steps.order_by(Event.id)):
        taken.setdefault(row[0], []).append(Step(*row[1:]))
    for document_id, registered_at in session.execute(documents.order_by(Document.id)):
        yield DocumentTimes(
            document_id,
            registered_at,
            tuple(given.get(document_id, ())),
            tuple(taken.get(document_id, ())),
        )

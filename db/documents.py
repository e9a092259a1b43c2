"""Queries on documents. The caller owns the transaction."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import NamedTuple

from sqlalchemy import Select, bindparam, func, or_, select, update
from sqlalchemy.orm import Session, selectinload

from db import answers
from db.answers import Asked, Given
from db.claims import add_claims, claimed_signers
from db.engine import clock, now
from db.models import Document, Duplicate, Event, Page, Region
from db.relations import id_in
from db.states import FIRST_STAGE, ClaimSource, DocumentStage, Priority, Status
from db.writes import changed, insert_new

#: The event that says, in words, what a document carries or how its pages were read.
NOTED = "noted"


@dataclass(frozen=True, slots=True)
class Object:
    """One version of one object: what makes a document."""

    bucket: str
    key: str
    version: str
    bytes: int | None = None


@dataclass(frozen=True, slots=True)
class Particulars:
    """What whoever sends a document says of it beside its claims."""

    priority: Priority = Priority.NORMAL
    type: str | None = None
    #: What it is about, in whatever currency they count; not negative.
    amount: float | None = None


#: Nothing is said of most.
NOTHING_SAID = Particulars()


class Registered(NamedTuple):
    """A document that was registered, and when; None for one that was known."""

    id: int
    at: datetime | None


def register(
    session: Session,
    source: Object,
    claims: Mapping[str, ClaimSource],
    particulars: Particulars = NOTHING_SAID,
) -> tuple[int, bool]:
    """Register a document once; answer its id and whether it is new.

    A known one keeps its claims, and what was said of it first.
    """
    document_id, at = register_at(session, source, claims, particulars)
    return document_id, at is not None


def register_at(
    session: Session, source: Object, claims: Mapping[str, ClaimSource], particulars: Particulars
) -> Registered:
    """As `register`, with the moment."""
    key = {"bucket": source.bucket, "key": source.key, "version": source.version}
    moment = clock(session)
    values = {
        "bytes": source.bytes,
        "status": Status.WAITING,
        "stage": FIRST_STAGE,
        "fence": 0,
        "deliveries": 0,
        "registered_at": moment,
        "due_at": moment,
        "priority": particulars.priority.rank,
        "type": particulars.type,
        "amount": particulars.amount,
    }
    new = insert_new(session, Document, {**key, **values}, "id", "registered_at")
    if new is None:
        known = select(Document.id).filter_by(**key)
        return Registered(session.execute(known).scalar_one(), None)
    add_claims(session, new.id, claims)
    return Registered(new.id, new.registered_at)


def lock(session: Session, document_id: int) -> Document | None:
    """The document as it is now, held until the transaction ends: no worker begins or closes it before that.

    None when it was erased meanwhile.
    """
    statement = select(Document).where(Document.id == document_id).with_for_update()
    # A row that this session has read before would be answered as it was then.
    current = statement.execution_options(populate_existing=True)
    return session.execute(current).scalar_one_or_none()


def sharing(session: Session, document_id: int) -> list[int]:
    """Ids of documents with the same bytes that take over this one's answers."""
    linked = select(Document.id).where(Document.original_id == document_id).order_by(Document.id)
    return list(session.execute(linked).scalars())


def get(session: Session, document_id: int) -> Document:
    """The document with that id."""
    return session.execute(select(Document).where(Document.id == document_id)).scalar_one()


def load_pages(session: Session, document_id: int) -> Document:
    """The document with all that its pages hold: one statement a table, however many pages there are."""
    return session.execute(_with_pages(), {"document_id": document_id}).scalar_one()


@cache
def _with_pages() -> Select[Document]:
    """Built once: building it costs as much as asking."""
    regions = selectinload(Document.pages).selectinload(Page.regions)
    copies = regions.selectinload(Region.duplicate).selectinload(Duplicate.of)
    return (
        select(Document)
        .where(Document.id == bindparam("document_id"))
        .options(
            regions.selectinload(Region.verdicts),
            regions.selectinload(Region.suggestions),
            regions.selectinload(Region.reference_copies),
            copies.selectinload(Region.page).selectinload(Page.document),
        )
    )


#: Characters of a Celery task id, a UUID.
_TASK_ID = 36


def stage_of(session: Session, document_id: int) -> DocumentStage | None:
    """Where the document stands; None when it was erased meanwhile."""
    return session.execute(select(Document.stage).where(Document.id == document_id)).scalar_one_or_none()


def known(session: Session, document_id: int) -> Document | None:
    """The document with that id, or None when it was erased meanwhile."""
    return session.execute(select(Document).where(Document.id == document_id)).scalar_one_or_none()


def by_ids(session: Session, document_ids: Collection[int]) -> dict[int, Document]:
    """The documents with these ids; those that were erased are missing."""
    rows = session.execute(select(Document).where(Document.id.in_(document_ids))).scalars()
    return {row.id: row for row in rows}


def find(session: Session, text: str) -> list[Document]:
    """Documents by id, key (or its end), SHA-256 (eight or more of its digits) or task id, newest first."""
    if any(sign == "\0" or "\ud800" <= sign <= "\udfff" for sign in text):
        return []  # No column holds such a text.
    conditions = [Document.key == text, Document.key.endswith(f"/{text}", autoescape=True)]
    if (number := id_in(text)) is not None:
        conditions.append(Document.id == number)
    if len(text) == _TASK_ID:
        conditions.append(Document.id.in_(select(Event.document_id).where(Event.task == text)))
    if len(text) >= 8:
        conditions.append(Document.sha256.startswith(text.lower(), autoescape=True))
    return list(
        session.execute(select(Document).where(or_(*conditions)).order_by(Document.id.desc())).scalars()
    )


def note_completeness(session: Session, document_id: int, completeness: Mapping[str, object]) -> None:
    """Write whether the document is in good order."""
    values = {"completeness": dict(completeness)}
    session.execute(update(Document).where(Document.id == document_id).values(values))


def judged(session: Session) -> list[int]:
    """The closed documents of which is said whether they are in good order, by id."""
    closed = Document.stage == DocumentStage.CLOSED
    statement = select(Document.id).where(closed, Document.completeness.is_not(None))
    return list(session.execute(statement.order_by(Document.id)).scalars())


def close(session: Session, document_id: int, given: Given) -> None:
    """Give the document its answer; those linked to it share it.

    They start alone when it failed, and where the two claim other signers by now.
    """
    _settle(session, document_id, given)
    linked = (Document.original_id == document_id) & (Document.stage == DocumentStage.LINKED)
    if given.status is not Status.FAILED:
        waiting = select(Document.id).where(linked).order_by(Document.id).with_for_update()
        others = session.execute(waiting).scalars().all()
        ours = set(claimed_signers(session, document_id)) if others else set()
        for other in others:
            if set(claimed_signers(session, other)) == ours:
                _settle(session, other, given)
    # They were begun once; that others failed before them does not count against them.
    alone = {"stage": FIRST_STAGE, "original_id": None, "due_at": now(session), "deliveries": 1}
    session.execute(update(Document).where(linked).values(alone))


def answer_again(session: Session, document_id: int, given: Given, asked: Asked) -> None:
    """Give a closed document, which the caller holds, another answer, and those that share its answers."""
    sharing = (
        select(Document.id)
        .where(Document.original_id == document_id, Document.stage == DocumentStage.CLOSED)
        .order_by(Document.id)
        .with_for_update()
    )
    for other in (document_id, *session.execute(sharing).scalars().all()):
        number = answers.add_answer(session, other, given, asked)
        values = {"answer": number, "result_key": given.result_key, "versions_id": given.versions_id}
        session.execute(update(Document).where(Document.id == other).values(values))


def _settle(session: Session, document_id: int, given: Given) -> None:
    values = {
        "answer": answers.add_answer(session, document_id, given),
        "status": given.status,
        "signed": given.signed,
        "reason": given.reason,
        "detail": given.detail,
        "result_key": given.result_key,
        "versions_id": given.versions_id,
        "stage": DocumentStage.CLOSED,
        "finished_at": now(session),
        "due_at": None,
        "lease_until": None,
        "deliveries": 0,
    }
    session.execute(update(Document).where(Document.id == document_id).values(values))


def quarantine(
    session: Session, document_id: int, *, reason: str, detail: str, versions_id: int | None = None
) -> bool:
    """Fail the document for good, unless it is closed. Raises its fence, so that late writers lose."""
    alive = update(Document).where(Document.id == document_id, Document.stage != DocumentStage.CLOSED)
    if not changed(session, alive.values(fence=Document.fence + 1)):
        return False
    given = Given(status=Status.FAILED, reason=reason, detail=detail, versions_id=versions_id)
    close(session, document_id, given)
    return True


def twin(session: Session, document_id: int, sha256: str) -> Document | None:
    """The earliest other document with these bytes and claims that has not failed.

    It stays locked until the transaction ends, so that it cannot close between this look and the link.
    """
    statement = (
        select(Document)
        .where(
            Document.sha256 == sha256,
            Document.id < document_id,
            Document.original_id.is_(None),
            Document.status != Status.FAILED,
        )
        .order_by(Document.id)
        .with_for_update()
    )
    candidates = session.execute(statement).scalars().all()
    ours = set(claimed_signers(session, document_id)) if candidates else set()
    return next((one for one in candidates if set(claimed_signers(session, one.id)) == ours), None)


def link(session: Session, document_id: int, original: Document) -> None:
    """Let the document take over the answer of `original`, now if it has one, else when it gets one."""
    session.execute(
        update(Document)
        .where(Document.id == document_id)
        .values(
            original_id=original.id,
            stage=DocumentStage.LINKED,
            status=Status.WORKING,
            lease_until=None,
            due_at=None,
        )
    )
    if original.stage is DocumentStage.CLOSED:
        _settle(session, document_id, answers.given_by(session, original.id))


def failed(session: Session, *, reason: str | None = None, since: datetime | None = None) -> list[int]:
    """Ids of quarantined documents, all or those with one reason code, or that failed since then."""
    statement = select(Document.id).where(Document.status == Status.FAILED).order_by(Document.id)
    if reason is not None:
        statement = statement.where(Document.reason == reason)
    if since is not None:
        statement = statement.where(Document.finished_at >= since)
    return list(session.execute(statement).scalars())


class WithAnswer(NamedTuple):
    """A document that has an answer: where it stands, and the number of its newest answer."""

    id: int
    status: Status
    number: int


def with_answers(session: Session, document_ids: Collection[int]) -> list[WithAnswer]:
    """Those of the documents that are done, in full or in part."""
    statement = (
        select(Document.id, Document.status, Document.answer)
        .where(Document.id.in_(document_ids), Document.status.in_((Status.DONE, Status.PARTIAL)))
        .order_by(Document.id)
    )
    return [WithAnswer(row.id, row.status, row.answer or 0) for row in session.execute(statement).all()]


def counts(session: Session) -> dict[Status, int]:
    """How many documents stand where; every status is there."""
    rows = session.execute(select(Document.status, func.count()).group_by(Document.status))
    numbers = {status: number for status, number in rows}  # noqa: C416 - rows are not pairs
    return {status: numbers.get(status, 0) for status in Status}


def quarantine_reasons(session: Session) -> list[tuple[str, int]]:
    """Reason codes of quarantined documents with their numbers, most frequent first."""
    number = func.count()
    statement = (
        select(Document.reason, number)
        .where(Document.status == Status.FAILED)
        .group_by(Document.reason)
        .order_by(number.desc(), Document.reason)
    )
    return [(reason or "", count) for reason, count in session.execute(statement).all()]


def newest(session: Session, number: int) -> Sequence[int]:
    """Ids of the documents registered last, the newest first."""
    statement = select(Document.id).order_by(Document.id.desc()).limit(number)
    return session.execute(statement).scalars().all()

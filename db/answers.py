"""Answers of documents: each is added, none replaced. The caller owns the transaction."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Select, and_, delete, exists, or_, select, update
from sqlalchemy.orm import Session, selectinload

from db.engine import now
from db.models import (
    AnsweredClaim,
    AnsweredMark,
    Claim,
    DiscardedResult,
    Document,
    DocumentAnswer,
    DocumentChange,
    Page,
    Region,
)
from db.relations import NEWEST_ANSWER, PAGES_OF
from db.states import AnswerCause, ChangeKind, DocumentStage, Status
from db.writes import Values, insert_all, insert_once


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """Why a document is to be answered, and who asked; None is the intake."""

    cause: AnswerCause
    who: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Given:
    """What an answer says, where its result JSON lies, and what it says of each claim and each mark."""

    status: Status
    signed: bool | None = None
    reason: str | None = None
    detail: str | None = None
    result_key: str | None = None
    result_sha256: str | None = None
    versions_id: int | None = None
    claims: Sequence[Values] = ()
    marks: Sequence[Values] = ()
    #: When it was given; None for now.
    at: datetime | None = None


def add_answer(session: Session, document_id: int, given: Given, asked: Asked | None = None) -> int:
    """Add the document's next answer; answer its number. `asked` is the row's by default.

    The document's status and what else it says are the caller's to write, in the same transaction. The caller
    holds the row: IntegrityError when somebody else has added that answer meanwhile.
    """
    row = session.execute(
        select(Document.answer, Document.cause, Document.asked_by).where(Document.id == document_id)
    ).one()
    asked = asked or Asked(cause=row.cause, who=row.asked_by)
    number = (row.answer or 0) + 1
    answer = DocumentAnswer(
        document_id=document_id,
        number=number,
        at=given.at or now(session),
        cause=asked.cause,
        asked_by=asked.who,
        status=given.status,
        signed=given.signed,
        reason=given.reason,
        detail=given.detail,
        result_key=given.result_key,
        result_sha256=given.result_sha256,
        versions_id=given.versions_id,
    )
    session.add(answer)
    session.flush()
    add_details(session, answer.id, given)
    return number


def add_details(session: Session, answer_id: int, given: Given) -> None:
    """Write what an answer says of claims and marks: before its document names it, or IntegrityError."""
    insert_all(session, AnsweredClaim, [{"answer_id": answer_id, **claim} for claim in given.claims])
    insert_all(session, AnsweredMark, [{"answer_id": answer_id, **mark} for mark in given.marks])


def without_details(session: Session, *, limit: int) -> Sequence[DocumentAnswer]:
    """Newest answers of an older release: nothing is written of their claims, or nothing of their marks.

    Each with what is written; of documents that are closed and were read.
    """
    marks = select(Region.id).join(Page, Page.id == Region.page_id).where(Page.document_id == PAGES_OF)
    lacking = or_(
        and_(exists().where(Claim.document_id == Document.id), ~DocumentAnswer.claims.any()),
        and_(marks.exists(), ~DocumentAnswer.marks.any()),
    )
    statement = (
        select(DocumentAnswer)
        .join(Document, NEWEST_ANSWER)
        .where(Document.stage == DocumentStage.CLOSED, Document.status != Status.FAILED, lacking)
        .options(selectinload(DocumentAnswer.claims), selectinload(DocumentAnswer.marks))
        .order_by(DocumentAnswer.id)
        .limit(limit)
    )
    return session.execute(statement).scalars().all()


def of_document(session: Session, document_id: int) -> Sequence[DocumentAnswer]:
    """A document's answers, oldest first, with what they say of its claims."""
    statement = (
        select(DocumentAnswer)
        .where(DocumentAnswer.document_id == document_id)
        .options(selectinload(DocumentAnswer.claims))
        .order_by(DocumentAnswer.number)
    )
    return session.execute(statement).scalars().all()


def numbered(session: Session, wanted: Collection[tuple[int, int]]) -> dict[tuple[int, int], DocumentAnswer]:
    """Answers by document and number; those of documents that were erased are missing."""
    statement = select(DocumentAnswer).where(
        DocumentAnswer.document_id.in_({document_id for document_id, _ in wanted})
    )
    rows = session.execute(statement.options(selectinload(DocumentAnswer.claims))).scalars()
    known = {(row.document_id, row.number): row for row in rows}
    return {place: known[place] for place in wanted if place in known}


def newest_answer(session: Session, document_id: int) -> DocumentAnswer | None:
    """The current answer; None before the first."""
    return session.execute(_newest_first(document_id)).scalar_one_or_none()


def _newest_first(document_id: int) -> Select[DocumentAnswer]:
    return (
        select(DocumentAnswer)
        .where(DocumentAnswer.document_id == document_id)
        .options(selectinload(DocumentAnswer.claims), selectinload(DocumentAnswer.marks))
        .order_by(DocumentAnswer.number.desc())
        .limit(1)
    )


def given_by(session: Session, document_id: int) -> Given:
    """What a closed document's newest answer says."""
    answer = session.execute(_newest_first(document_id)).scalar_one()
    return Given(
        status=answer.status,
        signed=answer.signed,
        reason=answer.reason,
        detail=answer.detail,
        result_key=answer.result_key,
        result_sha256=answer.result_sha256,
        versions_id=answer.versions_id,
        claims=list(map(_details, answer.claims)),
        marks=list(map(_details, answer.marks)),
    )


def _details(row: AnsweredClaim | AnsweredMark) -> Values:
    names = [column.key for column in type(row).__table__.c if column.key not in ("id", "answer_id")]
    return {name: getattr(row, name) for name in names}


def result_keys(session: Session, document_ids: Collection[int]) -> set[str]:
    """Where the results of these documents' answers lie."""
    statement = select(DocumentAnswer.result_key).where(DocumentAnswer.document_id.in_(document_ids))
    return {key for key in session.execute(statement).scalars() if key is not None}


def refer_to(session: Session, key: str) -> bool:
    """Whether an answer, of whichever document, has its result under this key. Reads all of them."""
    return session.execute(select(exists().where(DocumentAnswer.result_key == key))).scalar_one()


def maybe_naming(session: Session, name: str) -> list[int]:
    """Documents whose earlier answers name the signer or, being no longer in any row, may name them."""
    claiming = select(DocumentAnswer.document_id).join(AnsweredClaim).where(AnsweredClaim.signer == name)
    several = select(DocumentAnswer.document_id).where(DocumentAnswer.number > 1)
    return sorted({*session.execute(claiming).scalars(), *session.execute(several).scalars()})


def answered_after(session: Session, place: int) -> list[int]:
    """Documents on file that got an answer after that place of the feed."""
    changed = select(DocumentChange.document_id).where(
        DocumentChange.id > place, DocumentChange.kind == ChangeKind.ANSWERED
    )
    return list(session.execute(select(Document.id).where(Document.id.in_(changed))).scalars())


def forget_signer(session: Session, name: str) -> None:
    """Take a name out of what answers say of claims and of marks."""
    session.execute(delete(AnsweredClaim).where(AnsweredClaim.signer == name))
    nothing = dict.fromkeys(("signer", "verdict", "probability", "llr", "confidence", "references"))
    theirs = update(AnsweredMark).where(AnsweredMark.signer == name)
    session.execute(theirs.values(contradicts=False, **nothing))
    copies = update(AnsweredMark).where(AnsweredMark.copy_of_signer == name)
    session.execute(copies.values(copy_of_signer=None, copy_of_reference=None))


def forget_document(session: Session, document_id: int) -> None:
    """Take a document out of what answers of others say: that the ink was there before stays, not where."""
    nowhere = dict.fromkeys(("duplicate_of", "duplicate_page", "duplicate_region"))
    session.execute(update(AnsweredMark).where(AnsweredMark.duplicate_of == document_id).values(**nowhere))


def move_result(session: Session, answer: DocumentAnswer, *, key: str, sha256: str) -> None:
    """Note where an answer's result lies now, and its digest: only an erasure moves it."""
    values = {"result_key": key, "result_sha256": sha256}
    session.execute(update(DocumentAnswer).where(DocumentAnswer.id == answer.id).values(values))
    session.execute(
        update(Document)
        .where(Document.id == answer.document_id, Document.answer == answer.number)
        .where(Document.result_key.is_not(None))
        .values(result_key=key)
    )


def discard(session: Session, key: str) -> None:
    """Note that the object of that key is to be erased once this is committed."""
    insert_once(session, DiscardedResult, {"key": key})


def discarded(session: Session) -> list[str]:
    """Keys of objects that are to be erased."""
    return list(session.execute(select(DiscardedResult.key).order_by(DiscardedResult.id)).scalars())


def forget_discarded(session: Session, keys: Collection[str]) -> None:
    """Note that these objects are gone."""
    session.execute(delete(DiscardedResult).where(DiscardedResult.key.in_(keys)))

"""Queries that fill the review queue: which verdicts ask for a person, and why.

The caller owns the transaction.
"""

from __future__ import annotations

import math
from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Row, Select, and_, case, delete, or_, select
from sqlalchemy.orm import Session, aliased

from db.engine import now
from db.feed import changes_after, feed_head
from db.models import (
    AnsweredClaim,
    Document,
    DocumentAnswer,
    Duplicate,
    Page,
    ReferenceCopy,
    Region,
    Review,
    ReviewScan,
    Signer,
    Verdict,
)
from db.relations import NEWEST_ANSWER, person_of
from db.states import OUTCOMES_TO_SEE, ChangeKind, DocumentStage, ReviewReason, VerdictOutcome
from db.writes import insert_many_once, insert_or_find

#: Columns of any types.
_Any = tuple[Any, ...]

#: What a person should look at, the most urgent first: the reason and its priority.
_URGENCY = {
    ReviewReason.REFERENCE_COPY: 30,
    ReviewReason.COPY: 25,
    ReviewReason.FORGED: 20,
    # What is asked to know how good the machine is comes in turn with what it could not decide.
    **dict.fromkeys((ReviewReason.INCONCLUSIVE, ReviewReason.SAMPLE), 10),
    ReviewReason.DOUBTFUL_REFERENCES: 8,
    ReviewReason.LOW_EVIDENCE: 6,
}
#: How much more urgent all questions about a document of high priority are, and less those of low.
_BY_PRIORITY = 100
#: Verdicts are drawn by their numbers: the next one is a step further, around a circle of a prime length.
_STEP, _CIRCLE = 48_271, 65_521


@dataclass(frozen=True, slots=True)
class QueueRules:
    """What is asked of how many."""

    #: Reasons for which two persons are asked.
    four_eyes: Collection[str] = ()
    #: Amount from which two persons are asked about a document, whatever the reason.
    four_eyes_from: float = math.inf
    #: The share of verdicts that are asked for no reason.
    sample: float = 0.0


def fill_queue(session: Session, rules: QueueRules, *, limit: int) -> int:
    """Put verdicts into the queue that ask for a person and are not in it; how many there were.

    One that was decided for another reason is asked again; decisions on it stay.
    """
    asking = session.execute(_asking(limit)).all()
    decided_before = [row.review_id for row in asking if row.review_id is not None]
    session.execute(delete(Review).where(Review.id.in_(decided_before)))
    return _put(session, rules, [(row, ReviewReason(row.why)) for row in asking])


def look_through_answers(session: Session, rules: QueueRules, *, limit: int) -> bool:
    """Put genuine verdicts into the queue that a person should see all the same, of new answers.

    At most `limit` changes are looked at; False when there was none.
    """
    head = feed_head(session)
    insert_or_find(session, ReviewScan, {"id": 1}, feed=head.feed, place=0)
    scan = session.execute(select(ReviewScan).with_for_update()).scalar_one()
    if scan.feed != head.feed:
        scan.feed, scan.place = head.feed, 0
    changes = changes_after(session, scan.place, limit=limit)
    if not changes:
        return False
    documents = {change.document_id for change in changes if change.kind == ChangeKind.ANSWERED}
    rows = session.execute(_genuine(documents)).all()
    reasons = [(row, reason) for row in rows if (reason := weak_reason(row, sample=rules.sample)) is not None]
    _put(session, rules, reasons)
    scan.place = changes[-1].id
    session.flush()
    return True


def weak_reason(verdict: Row[*_Any], *, sample: float) -> ReviewReason | None:
    """Why a person should see a genuine verdict; None where nothing speaks for it."""
    if verdict.copied:
        return ReviewReason.COPY
    if verdict.doubtful:
        return ReviewReason.DOUBTFUL_REFERENCES
    if verdict.confidence == "low":
        return ReviewReason.LOW_EVIDENCE
    return ReviewReason.SAMPLE if is_drawn(verdict.id, sample) else None


def is_drawn(number: int, share: float) -> bool:
    """Whether a verdict belongs to the share that is asked: always the same answer for the same number."""
    return number * _STEP % _CIRCLE < share * _CIRCLE


def plant_verdict(session: Session, verdict_id: int, expected: str) -> None:
    """Let everybody be asked about a verdict whose true answer is known, as if it were any other."""
    row = session.execute(_placed().where(Verdict.id == verdict_id)).one()
    why = ReviewReason.SAMPLE if row.outcome not in OUTCOMES_TO_SEE else ReviewReason(row.outcome)
    _put(session, QueueRules(), [(row, why)])
    review = session.execute(
        select(Review).where(Review.region_id == row.region_id, Review.signer == row.signer)
    ).scalar_one()
    review.expected, review.closed = expected, False
    review.first_by = review.second_by = review.third_by = None
    review.disputed = review.four_eyes = False
    session.flush()


def verdicts_of_claim(session: Session, document_id: int, signer: str) -> list[tuple[int, int, int]]:
    """The verdicts about a claimed signer: their ids, pages and regions, both from 0."""
    statement = _placed().where(Page.document_id == document_id, Verdict.signer == signer)
    rows = session.execute(statement.order_by(Page.index, Region.index)).all()
    return [(row.id, row.page, row.region) for row in rows]


def _put(session: Session, rules: QueueRules, asked: Collection[tuple[Row[*_Any], ReviewReason]]) -> int:
    moment = now(session)
    rows = [
        {
            "document_id": row.document_id,
            "region_id": row.region_id,
            "signer": row.signer,
            "why": why.value,
            "priority": _URGENCY[why] + _BY_PRIORITY * row.priority,
            "four_eyes": why in rules.four_eyes or (row.amount or 0.0) >= rules.four_eyes_from,
            "disputed": False,
            "closed": False,
            "fence": 0,
            "created_at": moment,
        }
        for row, why in asked
    ]
    return insert_many_once(session, Review, rows)


def _placed() -> Select[*_Any]:
    """Verdicts with the places of their signatures."""
    return (
        select(
            Verdict.id,
            Page.document_id,
            Verdict.region_id,
            Verdict.signer,
            Verdict.outcome,
            Verdict.confidence,
            Verdict.doubtful,
            Page.index.label("page"),
            Region.index.label("region"),
            Document.priority,
            Document.amount,
        )
        .join(Region, Region.id == Verdict.region_id)
        .join(Page, Page.id == Region.page_id)
        .join(Document, Document.id == Page.document_id)
    )


def _genuine(documents: Collection[int]) -> Select[*_Any]:
    """Genuine verdicts by which these documents' newest answers answer a claim, and whether ink is copied."""
    copied = select(Duplicate.id).where(Duplicate.region_id == Verdict.region_id).correlate(Verdict).exists()
    return (
        _placed()
        .add_columns(copied.label("copied"))
        .where(
            Page.document_id.in_(documents),
            Document.stage == DocumentStage.CLOSED,
            Verdict.outcome == VerdictOutcome.GENUINE,
            _answering(Verdict),
            ~_copied(Verdict),
        )
        .order_by(Verdict.id)
    )


def _asking(limit: int) -> Select[int, int, str, str, int | None, int, float | None]:
    """Verdicts that ask for a person and are not in the queue for that, with the reason, the oldest first.

    The item comes with them that was decided for another reason, where there is one.
    """
    copied = _copied(Verdict)
    why = case((copied, "reference_copy"), else_=Verdict.outcome)
    of_verdict = and_(Review.region_id == Verdict.region_id, Review.signer == Verdict.signer)
    return (
        select(
            Page.document_id,
            Verdict.region_id,
            Verdict.signer,
            why.label("why"),
            Review.id.label("review_id"),
            Document.priority,
            Document.amount,
        )
        .join(Region, Region.id == Verdict.region_id)
        .join(Page, Page.id == Region.page_id)
        .join(Document, Document.id == Page.document_id)
        .outerjoin(Review, of_verdict)
        .where(
            or_(Review.id.is_(None), and_(Review.closed, Review.why != why)),
            Document.stage == DocumentStage.CLOSED,
            Verdict.signer != "",
            or_(_asks(Verdict), copied),
            ~_asked_by_other_name(),
        )
        .order_by(Verdict.id)
        .limit(limit)
    )


def _copied(verdict: type[Verdict]) -> ColumnElement[bool]:
    """Whether the ink is that of a reference of the verdict's signer."""
    of_verdict = (ReferenceCopy.region_id == verdict.region_id, ReferenceCopy.signer == verdict.signer)
    return select(ReferenceCopy.id).where(*of_verdict).correlate(verdict).exists()


def _asked_by_other_name() -> ColumnElement[bool]:
    """Whether an earlier verdict asks the same about another name of the same person."""
    other, ours, theirs = aliased(Verdict), aliased(Signer), aliased(Signer)
    as_urgently = or_(~_copied(Verdict), _copied(other))
    return (
        select(other.id)
        .join(theirs, theirs.name == other.signer)
        .join(ours, person_of(ours) == person_of(theirs))
        .where(ours.name == Verdict.signer, other.region_id == Verdict.region_id, other.id < Verdict.id)
        .where(or_(_asks(other), _copied(other)), as_urgently)
        .correlate(Verdict, Region, Page, Document)
        .exists()
    )


def _asks(verdict: type[Verdict]) -> ColumnElement[bool]:
    """Whether a verdict is a question for a person."""
    return and_(verdict.outcome.in_(OUTCOMES_TO_SEE), or_(~_another_s(verdict), _answering(verdict)))


def _another_s(verdict: type[Verdict]) -> ColumnElement[bool]:
    """Whether a signature is likelier that of another claimed signer: it says nothing about this one then."""
    other = aliased(Verdict)
    likelier = or_(other.outcome == VerdictOutcome.GENUINE, other.probability > verdict.probability)
    of_other = (other.region_id == verdict.region_id, other.signer.not_in(("", verdict.signer)))
    return select(other.id).where(*of_other, likelier).correlate(verdict).exists()


def _answering(verdict: type[Verdict]) -> ColumnElement[bool]:
    """Whether a signature is the one by which the document's newest answer answers this claim."""
    return (
        select(AnsweredClaim.id)
        .join(DocumentAnswer, DocumentAnswer.id == AnsweredClaim.answer_id)
        .where(
            NEWEST_ANSWER,
            AnsweredClaim.signer == verdict.signer,
            AnsweredClaim.page == Page.index,
            AnsweredClaim.region == Region.index,
        )
        .correlate(verdict, Region, Page, Document)
        .exists()
    )

"""Queries on the review queue and on decisions. The caller owns the transaction."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import ColumnElement, Select, and_, case, delete, func, or_, select, update
from sqlalchemy.orm import Session, aliased

from db.engine import now
from db.models import (
    AnsweredClaim,
    Decision,
    Document,
    DocumentAnswer,
    Page,
    ReferenceCopy,
    Region,
    Review,
    Signer,
    Verdict,
)
from db.relations import NEWEST_ANSWER, person_of
from db.states import OUTCOMES_TO_SEE, DocumentStage, VerdictOutcome
from db.writes import changed, insert_many_once

#: What a person should look at, the most urgent first: the reason and its priority.
_URGENCY = {"reference_copy": 30, VerdictOutcome.FORGED: 20, VerdictOutcome.INCONCLUSIVE: 10}


@dataclass(frozen=True, slots=True)
class ReviewItem:
    """A verdict that somebody holds to decide it, and where it stands."""

    id: int
    fence: int
    document_id: int
    page: int
    region: int
    signer: str
    why: str
    four_eyes: bool


def fill_queue(session: Session, *, four_eyes: bool, limit: int) -> int:
    """Put verdicts into the queue that ask for a person and are not in it; how many there were.

    One that was decided for another reason is asked again; decisions on it stay.
    """
    moment = now(session)
    asking = session.execute(_asking(limit)).all()
    decided_before = [row.review_id for row in asking if row.review_id is not None]
    session.execute(delete(Review).where(Review.id.in_(decided_before)))
    rows = [
        {
            "document_id": row.document_id,
            "region_id": row.region_id,
            "signer": row.signer,
            "why": row.why,
            "priority": _URGENCY[row.why],
            "four_eyes": four_eyes,
            "closed": False,
            "fence": 0,
            "created_at": moment,
        }
        for row in asking
    ]
    return insert_many_once(session, Review, rows)


def _asking(limit: int) -> Select[int, int, str, str, int | None]:
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


def claim_review(session: Session, who: str, *, lasts: timedelta) -> ReviewItem | None:
    """The most urgent item that nobody holds; one that this person holds already comes first.

    None when there is nothing to decide for this person.
    """
    moment = now(session)
    theirs = and_(Review.holder == who, Review.lease_until > moment)
    free = or_(Review.lease_until.is_(None), Review.lease_until <= moment)
    review_id = _first(session, who, theirs) or _first(session, who, free)
    if review_id is None:
        return None
    session.execute(
        update(Review)
        .where(Review.id == review_id)
        .values(fence=Review.fence + 1, holder=who, lease_until=moment + lasts)
    )
    return _item(session, review_id)


def put_off_review(session: Session, review_id: int, *, fence: int, who: str, lasts: timedelta) -> bool:
    """Let others have an item, and nobody for so long; False when it is no longer this person's."""
    statement = update(Review).where(*_held(review_id, fence, who))
    return changed(session, statement.values(holder=None, lease_until=now(session) + lasts)) == 1


def decide_review(
    session: Session, review_id: int, *, fence: int, who: str, answer: str, comment: str | None
) -> Decision | None:
    """Write what a person said; None when the item is no longer theirs.

    The item ends with it, or waits for a second person where four eyes are asked for.
    """
    ends = or_(Review.four_eyes.is_(False), Review.first_by.is_not(None))
    statement = (
        update(Review)
        .where(*_held(review_id, fence, who), _answered())
        .values(
            second_by=case((Review.first_by.is_not(None), who), else_=None),
            first_by=func.coalesce(Review.first_by, who),
            closed=ends,
            fence=Review.fence + 1,
            holder=None,
            lease_until=None,
        )
    )
    if changed(session, statement) == 0:
        return None
    decision = Decision(review_id=review_id, who=who, answer=answer, comment=comment, at=now(session))
    for name, value in _machine(session, review_id).items():
        setattr(decision, name, value)
    session.add(decision)
    session.flush()
    return decision


def decisions_on(session: Session, document_id: int) -> Sequence[Decision]:
    """What people said of a document's signatures, oldest first."""
    statement = select(Decision).where(Decision.document_id == document_id).order_by(Decision.id)
    return session.execute(statement).scalars().all()


def open_reviews(session: Session) -> dict[str, int]:
    """How many items wait, by why they are asked."""
    waiting = (Review.closed.is_(False), _answered())
    statement = select(Review.why, func.count()).where(*waiting).group_by(Review.why)
    return {why: number for why, number in session.execute(statement.order_by(Review.why))}  # noqa: C416


def _first(session: Session, who: str, condition: ColumnElement[bool]) -> int | None:
    """The most urgent open item of that kind that this person has not answered yet; it is locked."""
    statement = (
        select(Review.id)
        .where(Review.closed.is_(False), _answered(), condition)
        .where(or_(Review.first_by.is_(None), Review.first_by != who))
        .order_by(Review.priority.desc(), Review.id)
        .limit(1)
        .with_for_update(skip_locked=True)
    )
    return session.execute(statement).scalar_one_or_none()


def _answered() -> ColumnElement[bool]:
    """Whether an item's document has its answer, with the verdict that the item is about."""
    of_review = (Verdict.region_id == Review.region_id, Verdict.signer == Review.signer)
    closed = (Document.id == Review.document_id, Document.stage == DocumentStage.CLOSED)
    return and_(select(Verdict.id).where(*of_review).exists(), select(Document.id).where(*closed).exists())


def _held(review_id: int, fence: int, who: str) -> tuple[ColumnElement[bool], ...]:
    """A lease that has run out still counts while nobody has taken another: its fence is the newest."""
    return Review.id == review_id, Review.fence == fence, Review.holder == who, Review.closed.is_(False)


def _item(session: Session, review_id: int) -> ReviewItem:
    row = session.execute(
        select(Review, Page.index, Region.index)
        .join(Region, Region.id == Review.region_id)
        .join(Page, Page.id == Region.page_id)
        .where(Review.id == review_id)
    ).one()
    review = row[0]
    session.refresh(review)
    return ReviewItem(
        id=review.id,
        fence=review.fence,
        document_id=review.document_id,
        page=row[1],
        region=row[2],
        signer=review.signer,
        why=review.why,
        four_eyes=review.four_eyes,
    )


def _machine(session: Session, review_id: int) -> dict[str, object]:
    """Where the signature of an item stands, and what the machine said of it."""
    statement = (
        select(
            Review.document_id,
            Page.index.label("page"),
            Region.index.label("region"),
            Review.signer,
            Verdict.outcome,
            Verdict.probability,
            Verdict.versions_id,
        )
        .join(Region, Region.id == Review.region_id)
        .join(Page, Page.id == Region.page_id)
        .join(Verdict, and_(Verdict.region_id == Review.region_id, Verdict.signer == Review.signer))
        .where(Review.id == review_id)
    )
    return dict(session.execute(statement).mappings().one())

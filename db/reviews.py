"""Queries on the review queue and on decisions. The caller owns the transaction."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import ColumnElement, Select, and_, func, or_, select, update
from sqlalchemy.orm import Session

from db.engine import now
from db.models import Decision, Document, EvidenceContent, KeyMap, Page, Region, Review, Verdict
from db.states import DocumentStage, Priority
from db.writes import changed, insert_once

#: How much more urgent an item is about which two persons disagree: before all others.
_DISPUTED = 1000
#: What is said of such an item instead of why it was asked first.
DISAGREEMENT = "disagreement"


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


@dataclass(frozen=True, slots=True)
class ReviewRoute:
    """What somebody wants to be asked; what is empty or None narrows nothing."""

    #: Reasons, `disagreement` among them.
    why: Collection[str] = ()
    #: Natural logarithms of the likelihood ratio, genuine over forged: from the first, before the second.
    llr: tuple[float, float] | None = None
    #: What its sender said of the document; of the amount, at least so much.
    priority: Priority | None = None
    type: str | None = None
    least: float | None = None


@dataclass(frozen=True, slots=True)
class EarlierAnswer:
    """What a person answered last, and whether it may still be corrected."""

    item: ReviewItem
    answer: str
    comment: str | None
    open: bool


def claim_review(
    session: Session, who: str, *, lasts: timedelta, route: ReviewRoute, planted: bool
) -> ReviewItem | None:
    """The most urgent item of that route that nobody holds; one that this person holds already comes first.

    A planted case comes before the others where `planted` says so. None when nothing is left for them.
    """
    moment = now(session)
    ours = and_(Review.holder == who, Review.lease_until > moment)
    free = or_(Review.lease_until.is_(None), Review.lease_until <= moment)
    asked = tuple(_asks_for(route))
    review_id = _first(session, ours, *asked, or_(_unplanted(who), _planted(who)))
    if review_id is None and planted:
        review_id = _first(session, free, *asked, _planted(who))
    if review_id is None:
        review_id = _first(session, free, *asked, _unplanted(who))
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

    The item ends with it, or waits for a second person where four eyes are asked for, and for a third where
    the two disagree. A planted case never ends: everybody is asked.
    """
    statement = update(Review).where(*_held(review_id, fence, who), _answered())
    values = {"fence": Review.fence + 1, "holder": None, "lease_until": None}
    if changed(session, statement.values(values)) == 0:
        return None
    review = session.get_one(Review, review_id, populate_existing=True)
    _count_answer(session, review, who, answer)
    return _write_decision(session, review_id, who, answer, comment)


def correct_decision(
    session: Session, review_id: int, *, fence: int, who: str, answer: str, comment: str | None
) -> Decision | None:
    """Write another answer of a person beside their last one; None where somebody has answered since.

    `fence` is that of the item when it was shown. A dispute begins or ends with it.
    """
    asked = select(Review).where(Review.id == review_id, Review.fence == fence, _answered())
    review = session.execute(asked.with_for_update()).scalar_one_or_none()
    if review is None or not _may_correct(session, review, who):
        return None
    review.fence += 1
    if review.second_by == who:
        _count_second(session, review, who, answer)
    return _write_decision(session, review_id, who, answer, comment)


def answered_last(session: Session, who: str) -> EarlierAnswer | None:
    """What a person answered last of what still stands; None where nothing does."""
    row = session.execute(
        select(Decision, Review)
        .join(Review, Review.id == Decision.review_id)
        .where(Decision.who == who, _answered())
        .order_by(Decision.id.desc())
        .limit(1)
    ).one_or_none()
    if row is None:
        return None
    decision, review = row
    item = _item(session, review.id)
    return EarlierAnswer(item, decision.answer, decision.comment, _may_correct(session, review, who))


def last_decision(session: Session, who: str) -> int:
    """The id of a person's newest decision; 0 before the first."""
    return session.execute(select(func.max(Decision.id)).where(Decision.who == who)).scalar_one() or 0


def decisions_on(session: Session, document_id: int, *, told: str | None = None) -> Sequence[Decision]:
    """What people said of a document's signatures, oldest first, as far as `told` may know it.

    While an item is open, nobody learns what was said of its verdict but who said it: whoever is still asked
    answers for themselves. Planted cases stay open.
    """
    asked = _open_item().where(
        Page.document_id == Decision.document_id,
        Page.index == Decision.page,
        Region.index == Decision.region,
        Review.signer == Decision.signer,
    )
    settled = and_(Decision.expected.is_(None), ~asked.correlate(Decision).exists())
    statement = select(Decision).where(
        Decision.document_id == document_id, or_(settled, Decision.who == (told or ""))
    )
    return session.execute(statement.order_by(Decision.id)).scalars().all()


def signers_in_question(session: Session, document_id: int) -> Collection[str]:
    """The signers about whom an item of a document is open."""
    statement = _open_item().with_only_columns(Review.signer).where(Review.document_id == document_id)
    return set(session.execute(statement).scalars())


def all_decisions(session: Session) -> Iterator[Decision]:
    """Every decision, oldest first, read bit by bit."""
    statement = select(Decision).order_by(Decision.id).execution_options(yield_per=1000)
    yield from session.execute(statement).scalars()


def open_reviews(session: Session) -> dict[str, int]:
    """How many items wait, by why they are asked; planted cases are not among them."""
    waiting = (Review.closed.is_(False), Review.expected.is_(None), _answered())
    statement = select(Review.why, func.count()).where(*waiting).group_by(Review.why)
    return {why: number for why, number in session.execute(statement.order_by(Review.why))}  # noqa: C416


def key_map(session: Session, who: str) -> dict[str, str]:
    """The keys of a person, by what they do; empty where they are the usual ones."""
    keys = session.execute(select(KeyMap.keys).where(KeyMap.who == who)).scalar_one_or_none()
    return keys or {}


def set_key_map(session: Session, who: str, keys: dict[str, str]) -> None:
    """Keep the keys of a person."""
    insert_once(session, KeyMap, {"who": who, "keys": keys})
    session.execute(update(KeyMap).where(KeyMap.who == who).values(keys=keys))


def _open_item() -> Select[int]:
    """Items that are open, with the places of their signatures."""
    return (
        select(Review.id)
        .join(Region, Region.id == Review.region_id)
        .join(Page, Page.id == Region.page_id)
        .where(Review.closed.is_(False))
    )


def _first(session: Session, *conditions: ColumnElement[bool]) -> int | None:
    """The most urgent open item of that kind; it is locked."""
    statement = (
        select(Review.id)
        .where(Review.closed.is_(False), _answered(), *conditions)
        .order_by(Review.priority.desc(), Review.id)
        .limit(1)
        .with_for_update(skip_locked=True)
    )
    return session.execute(statement).scalar_one_or_none()


def _unplanted(who: str) -> ColumnElement[bool]:
    """Items of the queue that this person has not answered yet."""
    answered = (or_(column.is_(None), column != who) for column in (Review.first_by, Review.second_by))
    return and_(Review.expected.is_(None), *answered)


def _planted(who: str) -> ColumnElement[bool]:
    """Planted cases that this person has not answered yet."""
    theirs = select(Decision.id).where(Decision.review_id == Review.id, Decision.who == who)
    return and_(Review.expected.is_not(None), ~theirs.correlate(Review).exists())


def _asks_for(route: ReviewRoute) -> Iterator[ColumnElement[bool]]:
    if route.why:
        disputed = Review.disputed if DISAGREEMENT in route.why else None
        yield or_(*(part for part in (Review.why.in_(route.why), disputed) if part is not None))
    if route.llr is not None:
        low, high = route.llr
        yield (
            select(Verdict.id)
            .where(Verdict.region_id == Review.region_id, Verdict.signer == Review.signer)
            .where(Verdict.llr >= low, Verdict.llr < high)
            .correlate(Review)
            .exists()
        )
    conditions = tuple(_said_of_document(route))
    if conditions:
        of_review = select(Document.id).where(Document.id == Review.document_id, *conditions)
        yield of_review.correlate(Review).exists()


def _said_of_document(route: ReviewRoute) -> Iterator[ColumnElement[bool]]:
    if route.priority is not None:
        yield Document.priority == route.priority.rank
    if route.type is not None:
        yield Document.type == route.type
    if route.least is not None:
        yield Document.amount >= route.least


def _answered() -> ColumnElement[bool]:
    """Whether an item's document has its answer, with the verdict that the item is about."""
    of_review = (Verdict.region_id == Review.region_id, Verdict.signer == Review.signer)
    closed = (Document.id == Review.document_id, Document.stage == DocumentStage.CLOSED)
    there = (select(Verdict.id).where(*of_review), select(Document.id).where(*closed))
    return and_(*(rows.correlate(Review).exists() for rows in there))


def _held(review_id: int, fence: int, who: str) -> tuple[ColumnElement[bool], ...]:
    """A lease that has run out still counts while nobody has taken another: its fence is the newest."""
    return Review.id == review_id, Review.fence == fence, Review.holder == who, Review.closed.is_(False)


def _count_answer(session: Session, review: Review, who: str, answer: str) -> None:
    if review.expected is not None:
        return
    if review.first_by is None:
        review.first_by = who
        review.closed = not review.four_eyes
    elif review.second_by is None:
        _count_second(session, review, who, answer)
    else:
        review.third_by = who
        review.closed = True


def _count_second(session: Session, review: Review, who: str, answer: str) -> None:
    """Two persons who say the same end an item; others ask for a third."""
    review.second_by = who
    review.disputed = _newest_answer(session, review.id, review.first_by) != answer
    review.closed = not review.disputed
    if review.disputed:
        review.priority += _DISPUTED


def _newest_answer(session: Session, review_id: int, who: str | None) -> str | None:
    theirs = select(Decision.answer).where(Decision.review_id == review_id, Decision.who == who)
    return session.execute(theirs.order_by(Decision.revision.desc()).limit(1)).scalar_one_or_none()


def _may_correct(session: Session, review: Review, who: str) -> bool:
    """Whether nobody answered after this person, nor holds the item by now to answer it."""
    answered = [name for name in (review.first_by, review.second_by, review.third_by) if name is not None]
    theirs = review.expected is not None or answered[-1:] == [who]
    taken = review.holder is not None and review.lease_until is not None and review.lease_until > now(session)
    return theirs and not (taken and review.expected is None)


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
        why=DISAGREEMENT if review.disputed else review.why,
        four_eyes=review.four_eyes,
    )


def _write_decision(session: Session, review_id: int, who: str, answer: str, comment: str | None) -> Decision:
    """A row more: what the person said, what they were shown, and what the machine had said."""
    session.flush()
    theirs = select(func.max(Decision.revision)).where(Decision.review_id == review_id, Decision.who == who)
    last = session.execute(theirs).scalar_one()
    row = session.execute(
        select(
            Review.document_id,
            Page.index.label("page"),
            Region.index.label("region"),
            Review.signer,
            Review.why,
            Review.expected,
            Verdict.outcome,
            Verdict.probability,
            Verdict.versions_id,
            Verdict.compared_with,
            Region.crop_key,
            Region.clean_key,
        )
        .join(Region, Region.id == Review.region_id)
        .join(Page, Page.id == Region.page_id)
        .join(Verdict, and_(Verdict.region_id == Review.region_id, Verdict.signer == Review.signer))
        .where(Review.id == review_id)
    ).one()
    references = [reference["sha256"] for reference in row.compared_with or []]
    evidence = EvidenceContent(crop=row.crop_key, clean=row.clean_key, references=references)
    decision = Decision(
        review_id=review_id,
        document_id=row.document_id,
        page=row.page,
        region=row.region,
        signer=row.signer,
        who=who,
        answer=answer,
        comment=comment,
        revision=0 if last is None else last + 1,
        at=now(session),
        why=row.why,
        expected=row.expected,
        evidence=evidence,
        outcome=row.outcome,
        probability=row.probability,
        versions_id=row.versions_id,
    )
    session.add(decision)
    session.flush()
    return decision

"""The review queue: people decide what the machine could not, one at a time, and never over it.

An item is held by a lease with a fence, as a worker holds a document: two people never decide one item at the
same time, and what somebody left comes back. Among the items are cases whose answer is known: nobody is told.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum

from sqlalchemy.orm import Session

from db import events, review_queue, reviews
from db.engine import Sessions
from db.models import Decision
from db.review_queue import QueueRules
from db.reviews import ReviewItem, ReviewRoute
from db.states import EventSource, Priority, ReviewReason
from producer.services.keys import Caller, Right, check_right
from producer.services.missing import NotFound
from worker.errors import TransientError
from worker.result import DocumentResult, RegionResult, VerdictResult
from worker.result.decisions import DecisionOutcome, DecisionResult, ReviewResult

#: How long an item is held, and how long one that was put off rests.
HELD, PUT_OFF = timedelta(minutes=10), timedelta(minutes=30)
#: Verdicts that are put into the queue at a time; changes that are looked at for more; how often in a row.
_FILL, _LOOK, _LOOKS = 200, 500, 20


class NoLongerHeld(TransientError):
    """Somebody else has the item by now, it is decided, or its document is compared again."""

    code = "no_longer_held"

    def __str__(self) -> str:
        return "the item is no longer yours: take the next one"


class Band(StrEnum):
    """How many times likelier a signature is genuine than forged, in the steps of forensic reports."""

    STRONGLY_AGAINST = "strongly_against"  # a hundred times likelier forged, or more
    AGAINST = "against"  # ten times
    EVEN = "even"
    FOR = "for"
    STRONGLY_FOR = "strongly_for"

    @property
    def llr(self) -> tuple[float, float]:
        """Its natural logarithms of the likelihood ratio: from the first, before the second."""
        edges = (-math.inf, -math.log(100), -math.log(10), math.log(10), math.log(100), math.inf)
        place = list(Band).index(self)
        return edges[place], edges[place + 1]


@dataclass(frozen=True, slots=True)
class ReviewRules:
    """What the queue asks for."""

    #: Whether every new item needs two persons, or which ones do, by why they are asked.
    four_eyes: bool = False
    four_eyes_for: frozenset[ReviewReason] = frozenset()
    #: Amount from which a document needs two persons.
    four_eyes_from: float = math.inf
    #: Shares, 0 to 1: of verdicts that are asked without a reason, of questions whose answer is known.
    sample: float = 0.0
    planted: float = 0.0

    @property
    def queue(self) -> QueueRules:
        """As the database takes them."""
        reasons = frozenset(ReviewReason) if self.four_eyes else self.four_eyes_for
        return QueueRules(reasons, self.four_eyes_from, self.sample)


@dataclass(frozen=True, slots=True)
class Route:
    """What a reviewer wants to be asked; nothing chosen is everything."""

    why: str | None = None
    band: Band | None = None
    #: What the sender said of the document; of the amount, at least so much.
    priority: Priority | None = None
    type: str | None = None
    least: float | None = None

    @property
    def query(self) -> ReviewRoute:
        """As the database takes it."""
        return ReviewRoute(
            () if self.why is None else (self.why,),
            None if self.band is None else self.band.llr,
            self.priority,
            self.type,
            self.least,
        )


EVERYTHING = Route()


def next_review(
    sessions: Sessions, caller: Caller, rules: ReviewRules, route: Route = EVERYTHING
) -> ReviewResult | None:
    """The most urgent item that nobody holds, now held by the caller; None when nothing is left for them.

    The persons who answer one item are distinct, and none is told what the others have said.
    """
    check_right(caller, Right.REVIEW)
    with sessions() as session:
        planted = is_planted_turn(caller.name, reviews.last_decision(session, caller.name), rules.planted)

        def claim() -> ReviewItem | None:
            return reviews.claim_review(session, caller.name, lasts=HELD, route=route.query, planted=planted)

        item = claim()
        more = _more(session, rules.queue)
        while item is None and next(more, False):
            item = claim()
    return None if item is None else ReviewResult.model_validate(item)


def _more(session: Session, rules: QueueRules) -> Iterator[bool]:
    """Put more into the queue at each step, until there is nothing more to look at."""
    yield review_queue.fill_queue(session, rules, limit=_FILL) > 0 or review_queue.look_through_answers(
        session, rules, limit=_LOOK
    )
    for _ in range(_LOOKS):
        yield review_queue.look_through_answers(session, rules, limit=_LOOK)


def is_planted_turn(who: str, last_decision: int, share: float) -> bool:
    """Whether the next question after a person's last decision is one whose answer is known, if any is left.

    Nobody can tell which it is, and it stays the same until they have answered.
    """
    digest = hashlib.sha256(f"{who}:{last_decision}".encode()).digest()
    return int.from_bytes(digest[:8]) < share * 2**64


def asked_about(result: DocumentResult, item: ReviewResult) -> tuple[RegionResult, VerdictResult]:
    """The region and the verdict of an item. NoLongerHeld when the document lost them since it was taken."""
    place = (item.page, item.region)
    regions = (row for row in result.regions if (row.page, row.index) == place)
    verdicts = (row for row in result.verdicts if row.place == place and row.signer == item.signer)
    pair = next(zip(regions, verdicts, strict=False), None)
    if pair is None:
        raise NoLongerHeld
    return pair


def decide(
    sessions: Sessions,
    caller: Caller,
    review_id: int,
    *,
    fence: int,
    answer: DecisionOutcome,
    comment: str | None = None,
) -> DecisionResult:
    """Write down what the caller says of the item that they hold. NoLongerHeld."""
    check_right(caller, Right.REVIEW)
    with sessions() as session:
        decision = reviews.decide_review(
            session, review_id, fence=fence, who=caller.name, answer=answer.value, comment=comment or None
        )
        return _noted(session, decision, "decided")


def correct(
    sessions: Sessions,
    caller: Caller,
    review_id: int,
    *,
    fence: int,
    answer: DecisionOutcome,
    comment: str | None = None,
) -> DecisionResult:
    """Write another answer beside the caller's last one. NoLongerHeld where somebody answered since."""
    check_right(caller, Right.REVIEW)
    with sessions() as session:
        decision = reviews.correct_decision(
            session, review_id, fence=fence, who=caller.name, answer=answer.value, comment=comment or None
        )
        return _noted(session, decision, "corrected")


def _noted(session: Session, decision: Decision | None, event: str) -> DecisionResult:
    if decision is None:
        raise NoLongerHeld
    detail = f"page {decision.page + 1}, region {decision.region + 1}, {decision.signer}: {decision.answer}"
    events.record(
        session,
        decision.document_id,
        EventSource.REVIEW,
        event,
        detail=detail,
        who=decision.who,
        signer=decision.signer,
    )
    return DecisionResult.model_validate(decision)


@dataclass(frozen=True, slots=True)
class Earlier:
    """What a person answered last; `open` says whether it may still be corrected."""

    item: ReviewResult
    answer: DecisionOutcome
    comment: str | None
    open: bool


def last_answer(sessions: Sessions, caller: Caller) -> Earlier:
    """The item that the caller answered last, and how. NotFound before the first."""
    check_right(caller, Right.REVIEW)
    with sessions() as session:
        earlier = reviews.answered_last(session, caller.name)
    if earlier is None:
        raise NotFound("decision of yours that still stands")
    item = ReviewResult.model_validate(earlier.item)
    return Earlier(item, DecisionOutcome(earlier.answer), earlier.comment, earlier.open)


def put_off(sessions: Sessions, caller: Caller, review_id: int, *, fence: int) -> None:
    """Let the item rest for a while, then ask whoever comes. NoLongerHeld."""
    check_right(caller, Right.REVIEW)
    with sessions() as session:
        if not reviews.put_off_review(session, review_id, fence=fence, who=caller.name, lasts=PUT_OFF):
            raise NoLongerHeld


def list_decisions(sessions: Sessions, document_id: int, caller: Caller) -> list[DecisionResult]:
    """What people said of a document's signatures, oldest first.

    Of an item that is still open, and of a case whose answer is known, the caller learns their own part only.
    """
    with sessions() as session:
        rows = reviews.decisions_on(session, document_id, told=caller.name)
        return [DecisionResult.model_validate(row) for row in rows]


def waiting_reviews(sessions: Sessions) -> dict[str, int]:
    """How many items of the queue wait, by why they are asked."""
    with sessions() as session:
        return reviews.open_reviews(session)

"""The review queue: people decide what the machine could not, one at a time, and never over it.

An item is held by a lease with a fence, as a worker holds a document: two people never decide one item at the
same time, and what somebody left comes back.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from db import events, reviews
from db.engine import Sessions
from db.states import EventSource
from producer.services.keys import Caller, Right, check_right
from worker.errors import TransientError
from worker.result import DocumentResult, RegionResult, VerdictResult
from worker.result.decisions import DecisionOutcome, DecisionResult, ReviewResult

#: How long an item is held, and how long one that was put off rests.
HELD, PUT_OFF = timedelta(minutes=10), timedelta(minutes=30)
#: Verdicts that are put into the queue at a time.
_FILL = 200


class NoLongerHeld(TransientError):
    """Somebody else has the item by now, it is decided, or its document is compared again."""

    code = "no_longer_held"

    def __str__(self) -> str:
        return "the item is no longer yours: take the next one"


@dataclass(frozen=True, slots=True)
class ReviewRules:
    """What the queue asks for."""

    #: Whether new items need two persons.
    four_eyes: bool = False


def next_review(sessions: Sessions, caller: Caller, rules: ReviewRules) -> ReviewResult | None:
    """The most urgent item that nobody holds, now held by the caller; None when nothing is left for them.

    Two persons of a four-eyes item are distinct, and the second is not told what the first has said.
    """
    check_right(caller, Right.REVIEW)
    with sessions() as session:
        item = reviews.claim_review(session, caller.name, lasts=HELD)
        if item is None and reviews.fill_queue(session, four_eyes=rules.four_eyes, limit=_FILL):
            item = reviews.claim_review(session, caller.name, lasts=HELD)
    return None if item is None else ReviewResult.model_validate(item)


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
        if decision is None:
            raise NoLongerHeld
        detail = f"page {decision.page + 1}, region {decision.region + 1}, {decision.signer}: {answer.value}"
        events.record(
            session,
            decision.document_id,
            EventSource.REVIEW,
            "decided",
            detail=detail,
            who=caller.name,
            signer=decision.signer,
        )
        return DecisionResult.model_validate(decision)


def put_off(sessions: Sessions, caller: Caller, review_id: int, *, fence: int) -> None:
    """Let the item rest for a while, then ask whoever comes. NoLongerHeld."""
    check_right(caller, Right.REVIEW)
    with sessions() as session:
        if not reviews.put_off_review(session, review_id, fence=fence, who=caller.name, lasts=PUT_OFF):
            raise NoLongerHeld


def list_decisions(sessions: Sessions, document_id: int) -> list[DecisionResult]:
    """What people said of a document's signatures, oldest first."""
    with sessions() as session:
        rows = reviews.decisions_on(session, document_id)
        return [DecisionResult.model_validate(row) for row in rows]


def waiting_reviews(sessions: Sessions) -> dict[str, int]:
    """How many items of the queue wait, by why they are asked."""
    with sessions() as session:
        return reviews.open_reviews(session)

"""People who review, and what happens to verdicts that they are asked about."""

from __future__ import annotations

from sqlalchemy import select, update

from db.answers import Asked
from db.models import Page, Region, Verdict
from db.reopening import verify_again
from db.states import AnswerCause
from producer.services.keys import Caller, Right
from producer.services.review import ReviewRules
from tests.world import World

ONE, FOUR = ReviewRules(), ReviewRules(four_eyes=True)


def person(name: str) -> Caller:
    return Caller(name, f"key:{name}", frozenset({Right.READ, Right.REVIEW}))


ANN, BOB = person("ann"), person("bob")


def compare_again(world: World, document_id: int) -> None:
    with world.sessions() as session:
        assert verify_again(session, document_id, Asked(cause=AnswerCause.NEW_REFERENCE))


def set_outcome(world: World, document_id: int, outcome: str) -> None:
    """Let the document's one verdict say so."""
    theirs = select(Region.id).join(Page).where(Page.document_id == document_id)
    with world.sessions() as session:
        verdict = update(Verdict).where(Verdict.region_id.in_(theirs))
        session.execute(verdict.values(outcome=outcome, probability=0.4))

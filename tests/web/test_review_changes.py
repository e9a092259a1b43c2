"""Items of the review queue whose document, claim or verdict changes meanwhile."""

from __future__ import annotations

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import func, select

from db.answers import Asked
from db.models import Decision, Review
from db.reopening import start_again
from db.states import AnswerCause
from producer.services.amend_claims import Amendment, ClaimAction, amend_claims
from producer.services.browse import show_document
from producer.services.review import (
    NoLongerHeld,
    asked_about,
    decide,
    list_decisions,
    next_review,
    waiting_reviews,
)
from tests.integration.conftest import engine  # noqa: F401 - a fixture: both databases
from tests.web.reviewers import ANN, BOB, ONE, compare_again, set_outcome
from tests.world import World
from worker.result.decisions import DecisionOutcome


def test_a_decision_stays_when_its_document_is_read_again(queue: World) -> None:
    item = next_review(queue.sessions, ANN, ONE)
    assert item is not None
    decide(queue.sessions, ANN, item.id, fence=item.fence, answer=DecisionOutcome.FORGED)
    with queue.sessions() as session:
        start_again(session, [item.document_id], Asked(cause=AnswerCause.RETRY))
    with queue.sessions() as session:
        assert session.execute(select(func.count()).select_from(Decision)).scalar_one() == 1
        left = session.execute(select(Review.id).where(Review.document_id == item.document_id)).all()
    assert left == []


def test_nobody_is_asked_about_a_document_that_is_compared_again(queue: World, desk: TestClient) -> None:
    item = next_review(queue.sessions, ANN, ONE)
    assert item is not None
    compare_again(queue, item.document_id)

    other = next_review(queue.sessions, BOB, ONE)
    assert other is not None
    assert other.document_id != item.document_id
    assert waiting_reviews(queue.sessions) == {"inconclusive": 1}
    with pytest.raises(NoLongerHeld):
        decide(queue.sessions, ANN, item.id, fence=item.fence, answer=DecisionOutcome.GENUINE)
    with pytest.raises(NoLongerHeld):
        asked_about(show_document(queue.sessions, item.document_id), item)
    assert "Nothing is left for you to decide." in desk.get("/review").text


def test_an_item_that_came_into_the_queue_while_its_verdict_went_is_not_served(
    queue: World, desk: TestClient
) -> None:
    item = next_review(queue.sessions, ANN, ONE)
    assert item is not None
    with queue.sessions() as session:
        row = session.execute(select(Review).where(Review.id == item.id)).scalar_one()
        late = {column.name: getattr(row, column.name) for column in Review.__table__.c}
    compare_again(queue, item.document_id)
    with queue.sessions() as session:
        session.add(Review(**late))

    asked = desk.get("/review")

    assert (asked.status_code, f"/documents/{item.document_id}?" in asked.text) == (200, False)
    assert waiting_reviews(queue.sessions) == {"inconclusive": 1}
    with pytest.raises(NoLongerHeld):
        decide(queue.sessions, ANN, item.id, fence=item.fence, answer=DecisionOutcome.GENUINE)


def test_a_claim_that_was_withdrawn_is_asked_no_more(queue: World, desk: TestClient) -> None:
    item = next_review(queue.sessions, ANN, ONE)
    assert item is not None
    withdrawn = Amendment(action=ClaimAction.WITHDRAW, signer="Zoe", who="eve@desk", why="misread")
    amend_claims(queue.sessions, [].append, str(item.document_id), withdrawn)
    queue.through(item.document_id)

    asked = desk.get("/review")

    assert asked.status_code == 200
    assert f"/documents/{item.document_id}?" not in asked.text
    assert waiting_reviews(queue.sessions) == {"inconclusive": 1}


def test_a_verdict_that_changed_is_asked_again_and_its_decision_stays(queue: World) -> None:
    item = next_review(queue.sessions, ANN, ONE)
    assert item is not None
    decide(queue.sessions, ANN, item.id, fence=item.fence, answer=DecisionOutcome.GENUINE)
    other = next_review(queue.sessions, ANN, ONE)
    assert other is not None
    decide(queue.sessions, ANN, other.id, fence=other.fence, answer=DecisionOutcome.GENUINE)
    compare_again(queue, item.document_id)
    queue.through(item.document_id)

    set_outcome(queue, item.document_id, "forged")
    assert next_review(queue.sessions, ANN, ONE) is None, "the same is not asked twice"
    set_outcome(queue, item.document_id, "inconclusive")
    again = next_review(queue.sessions, ANN, ONE)

    assert again is not None
    assert (again.document_id, again.why) == (item.document_id, "inconclusive")
    decide(queue.sessions, ANN, again.id, fence=again.fence, answer=DecisionOutcome.FORGED)
    answers = [row.answer for row in list_decisions(queue.sessions, item.document_id, ANN)]
    assert answers == [DecisionOutcome.GENUINE, DecisionOutcome.FORGED]

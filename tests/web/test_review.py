"""The review queue: one holds an item, decisions stand beside the verdict, four eyes are two persons."""

from __future__ import annotations

from datetime import timedelta
from threading import Barrier, Thread

import pytest
from sqlalchemy import func, select, update
from sqlalchemy.exc import IntegrityError

from db import events, people, signers
from db.models import AnsweredClaim, Decision, ReferenceCopy, Review, Verdict
from producer.services.keys import Caller, NotAllowed, Right
from producer.services.review import (
    NoLongerHeld,
    decide,
    next_review,
    put_off,
)
from producer.services.status import overview
from tests.fakes import page
from tests.integration.conftest import engine  # noqa: F401 - a fixture: both databases
from tests.web.reviewers import ANN, BOB, FOUR, ONE, person
from tests.world import World
from worker.result.decisions import DecisionOutcome


def run_out(world: World) -> None:
    """Let every lease lie in the past."""
    with world.sessions() as session:
        for row in session.execute(select(Review)).scalars():
            row.lease_until = row.lease_until and row.lease_until - timedelta(days=1)


def test_the_most_urgent_item_comes_first_and_everybody_gets_another(queue: World) -> None:
    first, second = next_review(queue.sessions, ANN, ONE), next_review(queue.sessions, BOB, ONE)

    assert first is not None
    assert second is not None
    assert (first.why, first.document_id, first.signer) == ("forged", 2, "Zoe")
    assert (second.why, second.document_id) == ("inconclusive", 1)
    assert next_review(queue.sessions, person("cem"), ONE) is None


def test_nobody_is_asked_whether_the_other_party_s_signature_is_forged(world: World) -> None:
    """Two signatures for two claims: what each would be, were it the other's, is no question."""
    number = world.through(world.arrive("a.pdf", [page(0, marks=2)], claims=("Yann", "Zoe"))).id
    with world.sessions() as session:
        rows = session.execute(select(Verdict).order_by(Verdict.region_id, Verdict.signer)).scalars().all()
        verdicts = (("inconclusive", 0.8), ("forged", 0.1), ("forged", 0.2), ("inconclusive", 0.7))
        for row, (outcome, probability) in zip(rows, verdicts, strict=True):
            row.outcome, row.probability = outcome, probability
        newest = session.execute(select(AnsweredClaim).order_by(AnsweredClaim.signer)).scalars().all()
        assert [claim.signer for claim in newest] == ["Yann", "Zoe"]

    first, second = next_review(world.sessions, ANN, ONE), next_review(world.sessions, BOB, ONE)

    assert first is not None
    assert second is not None
    assert {(item.document_id, item.region, item.signer) for item in (first, second)} == {
        (number, 0, "Yann"),
        (number, 1, "Zoe"),
    }
    assert next_review(world.sessions, person("carl"), ONE) is None


def test_two_names_of_one_person_ask_one_question_the_most_urgent(world: World) -> None:
    """Of two signatures the second shows the ink of a reference, which is on file under the later name."""
    world.through(world.arrive("a.pdf", [page(0, marks=2)], claims=("Zoe", "Miss Z", "Yann")))
    with world.sessions() as session:
        ids = {name: signers.signer_id(session, name) for name in ("Zoe", "Miss Z", "Yann")}
        people.merge_signer(session, ids["Miss Z"], ids["Zoe"])
        session.execute(update(Verdict).values(outcome="inconclusive", probability=0.4))
        second = session.execute(select(func.max(Verdict.region_id))).scalar_one()
        session.add(ReferenceCopy(region_id=second, signer="Miss Z", reference=1, similarity=0.9))

    next_review(world.sessions, ANN, ONE)

    with world.sessions() as session:
        asked = session.execute(select(Review.region_id - second, Review.signer, Review.why)).all()
    assert sorted(asked) == [
        (-1, "Yann", "inconclusive"),
        (-1, "Zoe", "inconclusive"),
        (0, "Miss Z", "reference_copy"),
        (0, "Yann", "inconclusive"),
        (0, "Zoe", "inconclusive"),
    ]


def test_who_asks_again_gets_the_same_item_with_a_newer_fence(queue: World) -> None:
    first, again = (next_review(queue.sessions, ANN, ONE) for _ in range(2))

    assert first is not None
    assert again is not None
    assert (again.id, again.fence) == (first.id, first.fence + 1)
    with pytest.raises(NoLongerHeld):
        decide(queue.sessions, ANN, first.id, fence=first.fence, answer=DecisionOutcome.GENUINE)


def test_two_people_at_the_same_moment_never_hold_one_item(queue: World) -> None:
    next_review(queue.sessions, person("first"), ONE)
    start, items = Barrier(4), []

    def ask(number: int) -> None:
        start.wait()
        items.append(next_review(queue.sessions, person(str(number)), ONE))

    threads = [Thread(target=ask, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len([item for item in items if item is not None]) == 1


def test_what_somebody_left_comes_back_and_the_late_answer_counts_for_nothing(queue: World) -> None:
    left = next_review(queue.sessions, ANN, ONE)
    assert left is not None
    run_out(queue)
    taken = next_review(queue.sessions, BOB, ONE)

    assert taken is not None
    assert taken.id == left.id
    with pytest.raises(NoLongerHeld):
        decide(queue.sessions, ANN, left.id, fence=left.fence, answer=DecisionOutcome.GENUINE)
    decide(queue.sessions, BOB, taken.id, fence=taken.fence, answer=DecisionOutcome.FORGED)


def test_a_decision_stands_beside_the_verdict_and_ends_the_item(queue: World) -> None:
    item = next_review(queue.sessions, ANN, ONE)
    assert item is not None
    decided = decide(
        queue.sessions,
        ANN,
        item.id,
        fence=item.fence,
        answer=DecisionOutcome.GENUINE,
        comment="the same loop",
    )

    assert (decided.who, decided.answer, decided.outcome, decided.comment) == (
        "ann",
        "genuine",
        "forged",
        "the same loop",
    )
    with queue.sessions() as session:
        outcome = session.execute(select(Verdict.outcome).where(Verdict.id == 2)).scalar_one()
        closed = session.execute(select(Review.closed).where(Review.id == item.id)).scalar_one()
    assert (outcome, closed) == ("forged", True)
    following = next_review(queue.sessions, ANN, ONE)
    assert following is not None
    assert following.id != item.id


def test_a_reviewer_stands_in_the_history_and_is_no_worker(queue: World) -> None:
    item = next_review(queue.sessions, ANN, ONE)
    assert item is not None
    decide(queue.sessions, ANN, item.id, fence=item.fence, answer=DecisionOutcome.GENUINE)

    with queue.sessions() as session:
        decided = events.history(session, item.document_id)[-1]
    assert (decided.event, decided.who, decided.worker) == ("decided", "ann", None)
    assert [worker.worker for worker in overview(queue.sessions).workers] == ["embedded"]


def test_an_item_that_was_put_off_rests_and_comes_back(queue: World) -> None:
    item = next_review(queue.sessions, ANN, ONE)
    assert item is not None
    put_off(queue.sessions, ANN, item.id, fence=item.fence)
    other = next_review(queue.sessions, ANN, ONE)

    assert other is not None
    assert other.id != item.id
    put_off(queue.sessions, ANN, other.id, fence=other.fence)
    assert next_review(queue.sessions, ANN, ONE) is None
    run_out(queue)
    assert next_review(queue.sessions, ANN, ONE) is not None
    with pytest.raises(NoLongerHeld):
        put_off(queue.sessions, BOB, item.id, fence=item.fence)


def test_four_eyes_are_two_persons_and_the_second_is_told_nothing(queue: World) -> None:
    item = next_review(queue.sessions, ANN, FOUR)
    assert item is not None
    decide(queue.sessions, ANN, item.id, fence=item.fence, answer=DecisionOutcome.GENUINE)
    again = next_review(queue.sessions, ANN, FOUR)
    second = next_review(queue.sessions, BOB, FOUR)

    assert again is None or again.id != item.id
    assert second is not None
    assert second.id == item.id
    assert "ann" not in second.json_line()
    decide(queue.sessions, BOB, second.id, fence=second.fence, answer=DecisionOutcome.GENUINE)
    with queue.sessions() as session:
        row = session.execute(select(Review).where(Review.id == item.id)).scalar_one()
        assert (row.closed, row.first_by, row.second_by) == (True, "ann", "bob")


@pytest.mark.parametrize("values", [{}, {"first_by": "ann"}, {"first_by": "ann", "second_by": "ann"}])
def test_the_database_ends_no_four_eyes_item_without_two_persons(
    queue: World, values: dict[str, str]
) -> None:
    next_review(queue.sessions, ANN, FOUR)

    with pytest.raises(IntegrityError), queue.sessions() as session:
        session.execute(update(Review).values(closed=True, **values))


def test_the_database_takes_one_answer_of_a_person_to_an_item(queue: World) -> None:
    item = next_review(queue.sessions, ANN, FOUR)
    assert item is not None
    decide(queue.sessions, ANN, item.id, fence=item.fence, answer=DecisionOutcome.GENUINE)
    with queue.sessions() as session:
        row = session.execute(select(Decision)).scalar_one()
        twice = {
            column.name: getattr(row, column.name) for column in Decision.__table__.c if column.name != "id"
        }

    with pytest.raises(IntegrityError), queue.sessions() as session:
        session.add(Decision(**twice))


def test_who_may_not_review_is_told_so(queue: World) -> None:
    reader = Caller("r", "key:9", frozenset({Right.READ}))

    with pytest.raises(NotAllowed):
        next_review(queue.sessions, reader, ONE)

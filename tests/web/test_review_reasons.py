"""Why people are asked: what speaks for a look, a share, known cases, and two persons who disagree."""

from __future__ import annotations

import pytest
from sqlalchemy import delete, select, update
from sqlalchemy.exc import IntegrityError

from db.models import ChangesHead, Decision, Duplicate, ReferenceCopy, Region, Review, Verdict
from db.review_queue import is_drawn
from db.states import ReviewReason
from producer.services.keys import Caller
from producer.services.missing import NotFound
from producer.services.planted import plant_case
from producer.services.review import (
    EVERYTHING,
    Band,
    NoLongerHeld,
    ReviewRules,
    Route,
    correct,
    decide,
    is_planted_turn,
    last_answer,
    list_decisions,
    next_review,
    waiting_reviews,
)
from tests.fakes import PartEncoder, page
from tests.integration.conftest import engine  # noqa: F401 - a fixture: both databases
from tests.web.reviewers import ANN, BOB, FOUR, ONE, person
from tests.world import World
from worker.errors import WrongUse
from worker.result.decisions import DecisionOutcome, ReviewResult

CEM = person("cem")


def genuine(world: World, key: str, **values: object) -> int:
    """A document whose one signature is held genuine, with these columns of its verdict."""
    number = world.through(world.arrive(key, [page(0, marks=1)], claims=("Zoe",))).id
    facts = {"outcome": "genuine", "probability": 0.99, "confidence": "high", "llr": 5.0, **values}
    with world.sessions() as session:
        session.execute(update(Verdict).where(Verdict.id == number).values(**facts))
        for kind in (Duplicate, ReferenceCopy):
            session.execute(delete(kind).where(kind.region_id == number))
    return number


def asked(world: World, caller: Caller, rules: ReviewRules = ONE, route: Route = EVERYTHING) -> ReviewResult:
    item = next_review(world.sessions, caller, rules, route)
    assert item is not None
    return item


def say(world: World, caller: Caller, answer: str, rules: ReviewRules = ONE) -> ReviewResult:
    """Take the next item and answer it."""
    item = asked(world, caller, rules)
    decide(world.sessions, caller, item.id, fence=item.fence, answer=DecisionOutcome(answer))
    return item


def all_asked(world: World, caller: Caller, rules: ReviewRules = ONE) -> list[tuple[int, str]]:
    """Documents that a person is asked about in their order, with the reasons, until nothing is left."""
    items = []
    while (item := next_review(world.sessions, caller, rules)) is not None:
        items.append((item.document_id, item.why))
        decide(world.sessions, caller, item.id, fence=item.fence, answer=DecisionOutcome.GENUINE)
    return items


def test_what_is_held_genuine_is_asked_where_something_speaks_for_a_look(world: World) -> None:
    genuine(world, "plain.pdf")
    low = genuine(world, "low.pdf", confidence="low")
    doubtful = genuine(world, "doubtful.pdf", doubtful=[2])
    copy = genuine(world, "copy.pdf")
    with world.sessions() as session:
        session.add(Duplicate(region_id=copy, of_region_id=low, similarity=0.9, kind="ink"))

    assert all_asked(world, ANN) == [
        (copy, "copy"),
        (doubtful, "doubtful_references"),
        (low, "low_evidence"),
    ]
    later = genuine(world, "later.pdf", confidence="low")
    assert all_asked(world, ANN) == [(later, "low_evidence")]


def test_another_feed_is_looked_through_from_its_beginning(world: World) -> None:
    genuine(world, "plain.pdf")
    assert next_review(world.sessions, ANN, ONE) is None
    with world.sessions() as session:
        session.execute(update(Verdict).values(confidence="low"))
    assert next_review(world.sessions, ANN, ONE) is None
    with world.sessions() as session:
        session.execute(update(ChangesHead).values(feed="restored"))

    assert asked(world, ANN).why == "low_evidence"


def test_a_share_of_the_others_is_asked_and_the_same_one_whoever_looks(world: World) -> None:
    for number in range(3):
        genuine(world, f"{number}.pdf")
    drawn = [number for number in (1, 2, 3) if is_drawn(number, 0.75)]

    assert [row[0] for row in all_asked(world, ANN, ReviewRules(sample=0.75))] == drawn
    assert 0 < len(drawn) <= 3


@pytest.mark.parametrize("share", [0.0, 0.02, 0.5, 1.0])
def test_as_many_are_drawn_as_the_share_says(share: float) -> None:
    drawn = sum(is_drawn(number, share) for number in range(1, 20_001))

    assert drawn == pytest.approx(20_000 * share, abs=20)


def test_known_cases_look_like_the_others_and_everybody_is_asked_once(queue: World) -> None:
    known = genuine(queue, "known.pdf")
    plant_case(queue.sessions, str(known), "Zoe", DecisionOutcome.FORGED)
    rules = ReviewRules(planted=1.0)

    assert "sample" not in waiting_reviews(queue.sessions)
    for caller in (ANN, BOB):
        item = say(queue, caller, "genuine", rules)
        assert (item.document_id, item.why, item.four_eyes) == (known, "sample", False)
        assert "expected" not in item.json_object()
        assert all(
            row.who != caller.name or row.answer == "genuine"
            for row in list_decisions(queue.sessions, known, caller)
        )
    assert say(queue, ANN, "genuine", rules).document_id == 2
    with queue.sessions() as session:
        rows = session.execute(
            select(Decision.who, Decision.answer, Decision.expected).order_by(Decision.id)
        ).all()
    assert [tuple(row) for row in rows] == [
        ("ann", "genuine", "forged"),
        ("bob", "genuine", "forged"),
        ("ann", "genuine", None),
    ]


def test_without_a_share_nobody_is_asked_about_known_cases(queue: World) -> None:
    known = genuine(queue, "known.pdf")
    plant_case(queue.sessions, str(known), "Zoe", DecisionOutcome.GENUINE)

    assert [row[0] for row in all_asked(queue, ANN)] == [2, 1]


def test_an_item_of_the_queue_may_be_planted(queue: World) -> None:
    item = say(queue, ANN, "forged")
    plant_case(queue.sessions, str(item.document_id), "Zoe", DecisionOutcome.FORGED)

    assert asked(queue, BOB, ReviewRules(planted=1.0)).id == item.id
    assert asked(queue, ANN, ReviewRules(planted=1.0)).id != item.id


def test_a_known_case_is_one_signature_with_a_sure_answer(world: World) -> None:
    number = world.through(world.arrive("a.pdf", [page(0, marks=2)], claims=("Zoe",))).id

    with pytest.raises(WrongUse, match="genuine"):
        plant_case(world.sessions, str(number), "Zoe", DecisionOutcome.CANNOT_SAY)
    with pytest.raises(WrongUse, match="2 signatures"):
        plant_case(world.sessions, str(number), "Zoe", DecisionOutcome.GENUINE)
    with pytest.raises(WrongUse, match="0 signatures"):
        plant_case(world.sessions, str(number), "Yann", DecisionOutcome.GENUINE)
    plant_case(world.sessions, str(number), "Zoe", DecisionOutcome.GENUINE, place=(0, 1))
    assert asked(world, ANN, ReviewRules(planted=1.0)).region == 1


def test_a_turn_stays_the_same_until_somebody_has_answered() -> None:
    turns = [is_planted_turn("ann", number, 0.25) for number in range(4000)]

    assert sum(turns) == pytest.approx(1000, abs=120)
    assert turns == [is_planted_turn("ann", number, 0.25) for number in range(4000)]
    assert turns != [is_planted_turn("bob", number, 0.25) for number in range(4000)]
    assert not any(is_planted_turn("ann", number, 0.0) for number in range(100))


def test_two_persons_who_disagree_are_followed_by_a_third(queue: World) -> None:
    first = say(queue, ANN, "genuine", FOUR)
    say(queue, BOB, "forged", FOUR)
    others = [next_review(queue.sessions, caller, FOUR) for caller in (ANN, BOB)]
    third = say(queue, CEM, "forged", FOUR)

    assert first.id not in [item.id for item in others if item is not None]
    assert (third.id, third.why) == (first.id, "disagreement")
    with queue.sessions() as session:
        row = session.get_one(Review, first.id)
    assert (row.closed, row.disputed, row.third_by) == (True, True, "cem")
    assert [row.answer for row in list_decisions(queue.sessions, first.document_id, ANN)] == [
        "genuine",
        "forged",
        "forged",
    ]


@pytest.mark.parametrize("third", [None, "ann", "bob"])
def test_the_database_ends_no_dispute_without_a_third_person(queue: World, third: str | None) -> None:
    item = say(queue, ANN, "genuine", FOUR)
    say(queue, BOB, "forged", FOUR)

    with pytest.raises(IntegrityError), queue.sessions() as session:
        session.execute(update(Review).where(Review.id == item.id).values(closed=True, third_by=third))


def test_two_persons_may_be_asked_for_some_reasons_alone(queue: World) -> None:
    rules = ReviewRules(four_eyes_for=frozenset({ReviewReason.FORGED}))

    assert [
        (asked(queue, caller, rules).why, asked(queue, caller, rules).four_eyes) for caller in (ANN, BOB)
    ] == [
        ("forged", True),
        ("inconclusive", False),
    ]


@pytest.mark.parametrize(
    ("route", "document"),
    [
        pytest.param(Route(why="inconclusive"), 1, id="reason"),
        pytest.param(Route(band=Band.FOR), 1, id="band"),
        pytest.param(Route(why="forged", band=Band.STRONGLY_AGAINST), 2, id="both"),
        pytest.param(Route(why="forged", band=Band.EVEN), None, id="nothing"),
        pytest.param(Route(why="disagreement"), None, id="no dispute"),
    ],
)
def test_who_wants_some_items_is_asked_about_those(queue: World, route: Route, document: int | None) -> None:
    with queue.sessions() as session:
        for number, llr in ((1, 3.0), (2, -7.0)):
            session.execute(update(Verdict).where(Verdict.id == number).values(llr=llr))

    item = next_review(queue.sessions, ANN, ONE, route)

    assert (item and item.document_id) == document


def test_disputes_can_be_asked_for(queue: World) -> None:
    item = say(queue, ANN, "genuine", FOUR)
    say(queue, BOB, "cannot_say", FOUR)

    assert asked(queue, CEM, FOUR, Route(why="disagreement")).id == item.id


def test_bands_follow_each_other_without_a_gap() -> None:
    bands = [band.llr for band in Band]

    assert [high for _, high in bands[:-1]] == [low for low, _ in bands[1:]]


def test_a_decision_says_what_was_shown(world: World) -> None:
    world.encoder = PartEncoder()
    world.renderer.documents[b"r"] = [page(0, marks=1)]
    world.enroll("Zoe", "r.png", b"r")
    genuine(world, "low.pdf", confidence="low")
    say(world, ANN, "genuine")

    (decision,) = list_decisions(world.sessions, 1, ANN)
    with world.sessions() as session:
        region = session.execute(select(Region)).scalars().one()
    assert decision.evidence is not None
    assert (decision.evidence.crop, decision.evidence.clean) == (region.crop_key, region.clean_key)
    assert len(decision.evidence.references) == 1
    assert decision.why == "low_evidence"


def test_who_pressed_the_wrong_key_says_so_and_both_answers_stay(queue: World) -> None:
    with pytest.raises(NotFound):
        last_answer(queue.sessions, ANN)
    say(queue, ANN, "genuine")
    earlier = last_answer(queue.sessions, ANN)
    correct(queue.sessions, ANN, earlier.item.id, fence=earlier.item.fence, answer=DecisionOutcome.FORGED)

    assert (earlier.answer, earlier.open) == ("genuine", True)
    rows = list_decisions(queue.sessions, earlier.item.document_id, ANN)
    assert [(row.answer, row.revision) for row in rows] == [("genuine", 0), ("forged", 1)]
    with pytest.raises(NoLongerHeld):
        correct(
            queue.sessions, ANN, earlier.item.id, fence=earlier.item.fence, answer=DecisionOutcome.GENUINE
        )


def test_an_answer_is_corrected_until_another_person_is_asked(queue: World) -> None:
    item = say(queue, ANN, "genuine", FOUR)
    assert last_answer(queue.sessions, ANN).open
    asked(queue, BOB, FOUR)

    earlier = last_answer(queue.sessions, ANN)

    assert not earlier.open
    with pytest.raises(NoLongerHeld):
        correct(queue.sessions, ANN, item.id, fence=earlier.item.fence, answer=DecisionOutcome.FORGED)


def test_a_second_person_s_correction_begins_or_ends_a_dispute(queue: World) -> None:
    item = say(queue, ANN, "genuine", FOUR)
    say(queue, BOB, "forged", FOUR)

    for answer, closed in (("genuine", True), ("forged", False)):
        fence = last_answer(queue.sessions, BOB).item.fence
        correct(queue.sessions, BOB, item.id, fence=fence, answer=DecisionOutcome(answer))
        with queue.sessions() as session:
            row = session.get_one(Review, item.id)
        assert (row.closed, row.disputed) == (closed, not closed)

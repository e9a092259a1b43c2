"""The review queue: one holds an item, decisions stand beside the verdict, four eyes are two persons."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import timedelta
from threading import Barrier, Thread

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import func, select, update
from sqlalchemy.exc import IntegrityError

from db import events, people, signers
from db.answers import Asked
from db.models import AnsweredClaim, Decision, Page, Region, Review, Verdict
from db.reopening import start_again, verify_again
from db.states import AnswerCause
from producer.services.amend_claims import Amendment, ClaimAction, amend_claims
from producer.services.browse import show_document
from producer.services.keys import KeyHolder, NotAllowed, Right, make_key
from producer.services.review import (
    NoLongerHeld,
    ReviewRules,
    asked_about,
    decide,
    list_decisions,
    next_review,
    put_off,
    waiting_reviews,
)
from producer.services.status import overview
from tests.fakes import PartEncoder, page
from tests.integration.conftest import engine  # noqa: F401 - a fixture: both databases
from tests.web.conftest import BASE
from tests.world import World
from web.app import guarded_app, make_web_app
from web.deps import WebDeps
from web.guard import Bounds
from worker.result.decisions import Answer

ONE, FOUR = ReviewRules(), ReviewRules(four_eyes=True)


def person(name: str) -> KeyHolder:
    return KeyHolder(name, f"key:{name}", frozenset({Right.READ, Right.REVIEW}))


ANN, BOB = person("ann"), person("bob")


@pytest.fixture
def queue(world: World) -> World:
    """Two documents with a signature each: one held to be forged, one inconclusive."""
    for name in ("a.pdf", "b.pdf"):
        world.through(world.arrive(name, [page(0, marks=1)], claims=("Zoe",)))
    for number, outcome in ((1, "inconclusive"), (2, "forged")):
        with world.sessions() as session:
            session.execute(
                update(Verdict).where(Verdict.id == number).values(outcome=outcome, probability=0.4)
            )
    return world


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


def test_who_asks_again_gets_the_same_item_with_a_newer_fence(queue: World) -> None:
    first, again = (next_review(queue.sessions, ANN, ONE) for _ in range(2))

    assert first is not None
    assert again is not None
    assert (again.id, again.fence) == (first.id, first.fence + 1)
    with pytest.raises(NoLongerHeld):
        decide(queue.sessions, ANN, first.id, fence=first.fence, answer=Answer.GENUINE)


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
        decide(queue.sessions, ANN, left.id, fence=left.fence, answer=Answer.GENUINE)
    decide(queue.sessions, BOB, taken.id, fence=taken.fence, answer=Answer.FORGED)


def test_a_decision_stands_beside_the_verdict_and_ends_the_item(queue: World) -> None:
    item = next_review(queue.sessions, ANN, ONE)
    assert item is not None
    decided = decide(
        queue.sessions, ANN, item.id, fence=item.fence, answer=Answer.GENUINE, comment="the same loop"
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
    decide(queue.sessions, ANN, item.id, fence=item.fence, answer=Answer.GENUINE)

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
    decide(queue.sessions, ANN, item.id, fence=item.fence, answer=Answer.GENUINE)
    again = next_review(queue.sessions, ANN, FOUR)
    second = next_review(queue.sessions, BOB, FOUR)

    assert again is None or again.id != item.id
    assert second is not None
    assert second.id == item.id
    assert "ann" not in second.json_line()
    decide(queue.sessions, BOB, second.id, fence=second.fence, answer=Answer.FORGED)
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
    decide(queue.sessions, ANN, item.id, fence=item.fence, answer=Answer.GENUINE)
    with queue.sessions() as session:
        row = session.execute(select(Decision)).scalar_one()
        twice = {
            column.name: getattr(row, column.name) for column in Decision.__table__.c if column.name != "id"
        }

    with pytest.raises(IntegrityError), queue.sessions() as session:
        session.add(Decision(**twice))


def test_a_decision_stays_when_its_document_is_read_again(queue: World) -> None:
    item = next_review(queue.sessions, ANN, ONE)
    assert item is not None
    decide(queue.sessions, ANN, item.id, fence=item.fence, answer=Answer.FORGED)
    with queue.sessions() as session:
        start_again(session, [item.document_id], Asked(cause=AnswerCause.RETRY))
    with queue.sessions() as session:
        assert session.execute(select(func.count()).select_from(Decision)).scalar_one() == 1
        left = session.execute(select(Review.id).where(Review.document_id == item.document_id)).all()
    assert left == []


def compare_again(world: World, document_id: int) -> None:
    with world.sessions() as session:
        assert verify_again(session, document_id, Asked(cause=AnswerCause.NEW_REFERENCE))


def set_outcome(world: World, document_id: int, outcome: str) -> None:
    """Let the document's one verdict say so."""
    theirs = select(Region.id).join(Page).where(Page.document_id == document_id)
    with world.sessions() as session:
        verdict = update(Verdict).where(Verdict.region_id.in_(theirs))
        session.execute(verdict.values(outcome=outcome, probability=0.4))


def test_nobody_is_asked_about_a_document_that_is_compared_again(queue: World, desk: TestClient) -> None:
    item = next_review(queue.sessions, ANN, ONE)
    assert item is not None
    compare_again(queue, item.document_id)

    other = next_review(queue.sessions, BOB, ONE)
    assert other is not None
    assert other.document_id != item.document_id
    assert waiting_reviews(queue.sessions) == {"inconclusive": 1}
    with pytest.raises(NoLongerHeld):
        decide(queue.sessions, ANN, item.id, fence=item.fence, answer=Answer.GENUINE)
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
        decide(queue.sessions, ANN, item.id, fence=item.fence, answer=Answer.GENUINE)


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
    decide(queue.sessions, ANN, item.id, fence=item.fence, answer=Answer.GENUINE)
    other = next_review(queue.sessions, ANN, ONE)
    assert other is not None
    decide(queue.sessions, ANN, other.id, fence=other.fence, answer=Answer.GENUINE)
    compare_again(queue, item.document_id)
    queue.through(item.document_id)

    set_outcome(queue, item.document_id, "forged")
    assert next_review(queue.sessions, ANN, ONE) is None, "the same is not asked twice"
    set_outcome(queue, item.document_id, "inconclusive")
    again = next_review(queue.sessions, ANN, ONE)

    assert again is not None
    assert (again.document_id, again.why) == (item.document_id, "inconclusive")
    decide(queue.sessions, ANN, again.id, fence=again.fence, answer=Answer.FORGED)
    answers = [row.answer for row in list_decisions(queue.sessions, item.document_id)]
    assert answers == [Answer.GENUINE, Answer.FORGED]


def test_who_may_not_review_is_told_so(queue: World) -> None:
    reader = KeyHolder("r", "key:9", frozenset({Right.READ}))

    with pytest.raises(NotAllowed):
        next_review(queue.sessions, reader, ONE)


@pytest.fixture
def desk(queue: World) -> Iterator[TestClient]:
    app = make_web_app(WebDeps(queue.sessions, queue.store, logins=False))
    with TestClient(guarded_app(app, Bounds()), BASE, raise_server_exceptions=False) as client:
        yield client


def test_programs_take_decide_and_read_decisions(desk: TestClient) -> None:
    item = desk.post("/v1/reviews/next").json()
    decision = {"fence": item["fence"], "answer": "cannot_say", "comment": "too small"}
    decided = desk.post(f"/v1/reviews/{item['id']}/decision", json=decision)
    late = desk.post(f"/v1/reviews/{item['id']}/decision", json=decision)
    other = desk.post("/v1/reviews/next").json()
    rested = desk.post(f"/v1/reviews/{other['id']}/put-off", json={"fence": other["fence"]})

    assert (decided.status_code, decided.json()["answer"]) == (200, "cannot_say")
    assert (late.status_code, late.json()["code"]) == (409, "no_longer_held")
    assert rested.status_code == 204
    assert desk.post("/v1/reviews/next").status_code == 204
    listed = desk.get(f"/v1/documents/{item['document_id']}/decisions").json()["decisions"]
    assert [row["comment"] for row in listed] == ["too small"]


def test_people_decide_on_a_page_and_go_on(desk: TestClient) -> None:
    def field(name: str, text: str) -> str:
        return text.partition(f'name="{name}" value="')[2].partition('"')[0]

    asked = desk.get("/review").text
    action = asked.partition('<form method="post" action="/review/')[2].partition('"')[0]
    answer = {"token": field("token", asked), "fence": field("fence", asked), "answer": "genuine"}
    following = desk.post(f"/review/{action}", data={**answer, "comment": "<b>"})
    last = {"fence": field("fence", following.text), "answer": "put_off", "token": answer["token"]}
    number = following.text.partition('<form method="post" action="/review/')[2].partition('"')[0]
    done = desk.post(f"/review/{number}", data=last)
    late = desk.post(f"/review/{action}", data=answer)

    assert "Is this the signature of Zoe?" in asked
    assert "Is this the signature of Zoe?" in following.text
    assert "Nothing is left for you to decide." in done.text
    assert late.status_code == 409
    assert "&lt;b&gt;" in desk.get("/documents/2").text


def test_a_claim_under_another_name_is_asked_beside_the_references_of_both(world: World) -> None:
    world.encoder = PartEncoder()
    for number, name in enumerate(("Zoe Old", "Zoe")):
        world.renderer.documents[b"%d" % number] = [page(0, marks=1)]
        world.enroll(name, f"{number}.png", b"%d" % number)
    with world.sessions() as session:
        old, new = (signers.signer_id(session, name) for name in ("Zoe Old", "Zoe"))
        people.merge_signer(session, old, new)
    world.through(world.arrive("a.pdf", [page(0, marks=1)], claims=("Zoe Old",)))
    set_outcome(world, 1, "forged")
    app = make_web_app(WebDeps(world.sessions, world.store, logins=False))

    with TestClient(guarded_app(app, Bounds()), BASE) as client:
        pages = [client.get(path).text for path in ("/review", "/documents/1")]
        region = "/v1/documents/1/pages/0/regions/0"
        pictures = [client.get(f"{region}/references/{number}/image") for number in (1, 2)]

    for text in pages:
        images = re.findall(rf'src="({region}/references/\d/image)" alt="Reference \d of Zoe Old"', text)
        assert sorted(images) == [f"{region}/references/{number}/image" for number in (1, 2)]
    assert [picture.status_code for picture in pictures] == [200, 200]


def test_a_key_needs_the_right_to_review(queue: World) -> None:
    app = guarded_app(make_web_app(WebDeps(queue.sessions, queue.store)), Bounds())
    secrets = [
        make_key(queue.sessions, name, rights, days=1) for name, rights in (("r", ()), ("v", (Right.REVIEW,)))
    ]

    with TestClient(app, BASE) as client:
        answers = [
            client.post("/v1/reviews/next", headers={"Authorization": f"Bearer {secret}"}).status_code
            for secret in secrets
        ]

    assert answers == [403, 200]

"""Claims changed by a person: a new answer without a new reading, and who said so and why."""

from __future__ import annotations

import pytest

from db import answers, events, people, reopening, signers
from db.answers import Asked
from db.claims import claimed_signers
from db.states import AnswerCause, Status
from producer.services.amend_claims import Amendment, ClaimAction, amend_claims
from producer.services.erase import StillAtWork
from tests.erasures import erased_signer, everything
from tests.fakes import page
from tests.world import World
from worker.errors import WrongUse
from worker.pipeline import QueueMessage
from worker.result.rows import document_result


def amend(world: World, name: str, action: str, signer: str, to: str | None = None) -> list[tuple[str, int]]:
    sent: list[QueueMessage] = []
    amendment = Amendment(action=ClaimAction(action), signer=signer, to=to, who="eve@desk", why="misread")
    amend_claims(world.sessions, sent.append, name, amendment)
    return [(message.stage.value, message.document_id) for message in sent]


@pytest.fixture
def answered(world: World) -> int:
    document_id = world.arrive("a.pdf", [page(0, marks=1)], claims=("Ann",))
    world.through(document_id)
    # Whoever renders again would find nothing.
    world.renderer.documents.clear()
    return document_id


def claims(world: World, document_id: int) -> dict[str, str | None]:
    with world.sessions() as session:
        return {claim.signer: claim.answer for claim in document_result(session, document_id).claims}


def test_a_changed_claim_is_answered_anew_without_reading_the_document_again(
    world: World, answered: int
) -> None:
    assert amend(world, "a.pdf", "correct", "Ann", "Anne") == [("verify", answered)]
    world.through(answered)

    assert claims(world, answered) == {"Anne": "no_reference"}
    assert world.document(answered).status is Status.DONE
    assert world.document(answered).pages_total == 1
    with world.sessions() as session:
        first, second = answers.of_document(session, answered)
    assert (first.number, second.cause, second.asked_by) == (1, AnswerCause.CHANGED_CLAIM, "eve@desk")
    assert [claim.signer for claim in first.claims] == ["Ann"]


def test_the_history_says_who_changed_a_claim_and_why(world: World, answered: int) -> None:
    amend(world, "a.pdf", "add", "Ben")

    with world.sessions() as session:
        (event,) = [event for event in events.history(session, answered) if event.event == "claim_added"]
    assert (event.who, event.detail, event.signer) == ("eve@desk", "Ben: misread", "Ben")


def test_a_claim_that_is_withdrawn_is_not_asked_any_more(world: World, answered: int) -> None:
    amend(world, "a.pdf", "withdraw", "Ann")
    world.through(answered)

    assert claims(world, answered) == {}


def test_a_document_that_shared_the_answer_is_read_for_itself(world: World) -> None:
    first = world.arrive("a.pdf", [page(0, marks=1)], claims=("Ann",), data=b"same")
    second = world.arrive("b.pdf", [page(0, marks=1)], claims=("Ann",), data=b"same")
    for document_id in (first, second):
        world.through(document_id)

    assert amend(world, "b.pdf", "add", "Ben") == [("render", second)]
    world.through(second)

    assert set(claims(world, second)) == {"Ann", "Ben"}
    assert set(claims(world, first)) == {"Ann"}


def test_a_document_that_waits_for_another_s_answer_takes_none_to_other_claims(world: World) -> None:
    first, second = (
        world.arrive(key, [page(0, marks=1)], claims=("Ann",), data=b"same") for key in ("a.pdf", "b.pdf")
    )
    for document_id in (first, second):
        world.through(document_id)
    with world.sessions() as session:
        reopening.start_again(session, [first], Asked(cause=AnswerCause.RETRY, who="eve@desk"))

    assert amend(world, "a.pdf", "add", "Ben") == [("render", second)]
    for document_id in (first, second):
        world.through(document_id)

    assert [set(claims(world, document_id)) for document_id in (first, second)] == [{"Ann", "Ben"}, {"Ann"}]
    with world.sessions() as session:
        told = [[claim.signer for claim in row.claims] for row in answers.of_document(session, second)]
    assert told == [["Ann"], ["Ann"]]


def test_a_reason_that_names_an_erased_signer_loses_the_name_and_no_more(world: World, answered: int) -> None:
    for action, signer, why in (("add", "Bob", "Ann was a slip of Annika"), ("add", "Cem", "by letter")):
        amendment = Amendment(action=ClaimAction(action), signer=signer, who="eve@desk", why=why)
        amend_claims(world.sessions, [].append, "a.pdf", amendment)
        world.through(answered)
    erased_signer(world, "Ann")

    with world.sessions() as session:
        told = [row.detail for row in events.history(session, answered) if row.event == "claim_added"]
    assert told == ["Bob: [erased] was a slip of Annika", "Cem: by letter"]


def test_a_document_that_waits_is_read_with_its_new_claims(world: World) -> None:
    document_id = world.arrive("a.pdf", [page(0)], claims=("Ann",))

    assert amend(world, "a.pdf", "add", "Ben") == []
    world.through(document_id)

    assert claims(world, document_id) == {"Ann": "not_found", "Ben": "not_found"}


def test_a_document_at_work_is_left_alone(world: World, answered: int) -> None:
    amend(world, "a.pdf", "add", "Ben")
    at_work = world.document(answered)

    with pytest.raises(StillAtWork, match="document 1 is at work; try again"):
        amend(world, "a.pdf", "add", "Cay")
    with world.sessions() as session:
        asked = Asked(cause=AnswerCause.CHANGED_CLAIM, who="eve@desk")
        assert reopening.verify_again(session, answered, asked) == []

    assert (world.document(answered).fence, world.open_chunks(answered)) == (at_work.fence, [1])


@pytest.mark.parametrize(
    ("words", "why"),
    [
        pytest.param(("add", "Ann"), "claims 'Ann' already", id="there already"),
        pytest.param(("withdraw", "Ben"), "does not claim 'Ben'", id="not there"),
        pytest.param(("correct", "Ann"), "takes two names", id="one name"),
        pytest.param(("add", "Ben", "Cay"), "takes two names", id="two names"),
    ],
)
def test_a_claim_that_cannot_be_changed_so_is_refused(
    world: World, answered: int, words: tuple[str, ...], why: str
) -> None:
    with pytest.raises(WrongUse, match=why):
        amend(world, "a.pdf", *words)

    with world.sessions() as session:
        assert claimed_signers(session, answered) == ["Ann"]


def test_two_names_of_one_person_are_one_claim(world: World, answered: int) -> None:
    with world.sessions() as session:
        ann, smith = (signers.signer_id(session, name) for name in ("Ann", "A. Smith"))
        people.merge_signer(session, smith, ann)

    with pytest.raises(WrongUse, match=r"claims 'A\. Smith' already, as 'Ann'"):
        amend(world, "a.pdf", "add", "A. Smith")
    amend(world, "a.pdf", "correct", "Ann", "A. Smith")

    with world.sessions() as session:
        assert claimed_signers(session, answered) == ["A. Smith"]


def test_an_unknown_document_is_refused(world: World) -> None:
    with pytest.raises(WrongUse, match="there is no document"):
        amend(world, "gone.pdf", "add", "Ben")


def test_an_erased_name_is_in_no_line_about_claims(world: World, answered: int) -> None:
    amend(world, "a.pdf", "correct", "Ann", "Zacharias")
    world.through(answered)

    erased_signer(world, "Zacharias")

    assert "Zacharias" not in everything(world)

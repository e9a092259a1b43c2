"""Claimed names that nobody on file has: near ones are named, and nothing is refused."""

from __future__ import annotations

import unicodedata

import pytest
from sqlalchemy import Engine, event

from db import people, signers
from db.roles import PRODUCER, grant
from producer.services.amend_claims import Amendment, ClaimAction, amend_claims
from producer.services.near_names import near_names, same_when_read
from tests.fakes import page
from tests.world import World


@pytest.fixture
def on_file(world: World) -> World:
    with world.sessions() as session:
        ids = [signers.signer_id(session, name) for name in ("John Smith", "Anna Kovács", "A. Kovács", "Bob")]
        people.merge_signer(session, ids[2], ids[1])
    return world


@pytest.mark.parametrize(
    ("claimed", "near"),
    [
        pytest.param("Jon Smiht", "'John Smith'", id="typing error"),
        pytest.param("JOHN  SMITH", "'John Smith'", id="letter case and spaces"),
        pytest.param("Anna Kovacs", "'Anna Kovács'", id="accent left out"),
        pytest.param(unicodedata.normalize("NFD", "Anna Kovács"), "'Anna Kovács'", id="other form"),
        pytest.param("A Kovacs", "'A. Kovács'", id="another name"),
    ],
)
def test_a_near_miss_is_named(on_file: World, claimed: str, near: str) -> None:
    (sentence,) = near_names(on_file.sessions, [claimed, claimed])

    assert sentence.startswith(f"no signer {claimed!r} is enrolled; near: {near}")


def test_a_name_on_file_and_one_that_is_like_none_are_no_news(on_file: World) -> None:
    assert near_names(on_file.sessions, ["John Smith", "A. Kovács", "Zacharias"]) == []


def test_a_changed_claim_says_so_and_is_changed(on_file: World) -> None:
    number = on_file.arrive("a.pdf", [page(0, marks=1)])
    amendment = Amendment(action=ClaimAction.ADD, signer="Jon Smith", who="eve", why="")
    withdrawn = Amendment(action=ClaimAction.WITHDRAW, signer="Jon Smith", who="eve", why="")

    amended = amend_claims(on_file.sessions, lambda message: None, "a.pdf", amendment)

    assert (amended.document_id, amended.notes) == (
        number,
        ("no signer 'Jon Smith' is enrolled; near: 'John Smith'",),
    )
    assert amend_claims(on_file.sessions, lambda message: None, "a.pdf", withdrawn).notes == ()


@pytest.mark.parametrize("engine", ["postgres"], indirect=True)
def test_the_intake_s_login_reads_no_names(on_file: World, engine: Engine) -> None:
    grant(engine, {})

    @event.listens_for(engine, "begin")
    def as_producer(connection: object) -> None:
        connection.exec_driver_sql(f"SET LOCAL ROLE {PRODUCER}")  # type: ignore[attr-defined]

    assert near_names(on_file.sessions, ["Jon Smith"]) == []


@pytest.mark.parametrize(
    "other",
    [
        pytest.param("john  SMITH", id="letter case and spaces"),
        pytest.param("John\u00a0Smith", id="space that does not break"),
        pytest.param("John Smith\u200b", id="space without a width"),
        pytest.param("Jo\u00adhn Smith", id="hyphen that does not show"),
        pytest.param("Jöhn Smith", id="accent"),
    ],
)
def test_a_signer_whose_name_looks_like_another_s_is_pointed_out(on_file: World, other: str) -> None:
    with on_file.sessions() as session:
        signers.signer_id(session, other)

    (sentence,) = same_when_read(on_file.sessions, [other, "Bob", other])

    assert sentence.startswith(f"{other!r} is another signer than 'John Smith'; `countersign signers merge` ")


def test_a_name_that_looks_like_no_other_costs_no_query(on_file: World, engine: Engine) -> None:
    names = ["Mia", "Noa", "Ole", "Pia"]
    with on_file.sessions() as session:
        for name in names:
            signers.signer_id(session, name)
    asked: list[str] = []
    event.listen(engine, "before_cursor_execute", lambda *words: asked.append(str(words[2])))

    assert same_when_read(on_file.sessions, names) == []

    assert len([statement for statement in asked if "signers" in statement]) == 1


def test_other_names_of_one_person_and_names_of_other_letters_are_no_news(on_file: World) -> None:
    with on_file.sessions() as session:
        first = signers.signer_id(session, "ANNA KOVACS")
        known = people.person_named(session, "Anna Kovács")
        assert known is not None
        people.merge_signer(session, first, known.id)
        for name in ("सुनीता", "सिनीता"):  # these differ in a vowel's sign alone
            signers.signer_id(session, name)

    assert same_when_read(on_file.sessions, ["Anna Kovács", "सुनीता", "Nobody"]) == []

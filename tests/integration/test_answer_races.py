"""Two writers come to the answers of one document at once: one waits, and none is mixed with another."""

from __future__ import annotations

import threading
from collections.abc import Callable

import pytest
from sqlalchemy import Engine, text
from sqlalchemy.exc import IntegrityError

from db import answers, documents
from db.answers import Given
from db.states import Status
from tests.fakes import page
from tests.waiting import until
from tests.world import World

FAILED = Given(status=Status.FAILED, reason="cancelled")


@pytest.fixture
def world(postgres: Engine) -> World:
    """SQLite has one writer at a time: here are two."""
    return World(postgres)


def a_rival_waits(engine: Engine, rival: Callable[[], object]) -> threading.Thread:
    """The rival in a thread of its own, once it waits for a lock."""

    def blocked() -> bool:
        waiting = "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'"
        with engine.connect() as connection:
            return bool(connection.scalar(text(f"{waiting} AND datname = current_database()")))

    thread = threading.Thread(target=rival, daemon=True)
    thread.start()
    until(blocked)
    return thread


def test_the_second_of_two_next_answers_is_refused(world: World) -> None:
    document_id = world.arrive("a.pdf", [page(0)])
    refused: list[IntegrityError] = []

    def rival() -> None:
        try:
            with world.sessions() as session:
                claim = {"signer": "Ann", "source": "file", "contradicted": False}
                answers.add_answer(session, document_id, Given(status=Status.DONE, claims=[claim]))
        except IntegrityError as error:
            refused.append(error)

    with world.sessions() as session:
        documents.close(session, document_id, FAILED)
        thread = a_rival_waits(world.engine, rival)
    thread.join(timeout=20)

    assert len(refused) == 1
    with world.sessions() as session:
        (answer,) = answers.of_document(session, document_id)
    assert (answer.status, answer.claims) == (Status.FAILED, [])


def test_who_is_given_up_while_the_original_closes_keeps_its_own_answer(world: World) -> None:
    first, second = (world.arrive(key, [page(0)], data=b"same") for key in ("a.pdf", "b.pdf"))
    world.before_closing(first)
    world.before_closing(second)
    assert world.document(second).original_id == first

    def close_first() -> None:
        with world.sessions() as session:
            documents.close(session, first, Given(status=Status.DONE))

    with world.sessions() as session:
        documents.quarantine(session, second, reason="cancelled", detail="by Eve")
        thread = a_rival_waits(world.engine, close_first)
    thread.join(timeout=20)

    assert world.document(first).status is Status.DONE
    assert (world.document(second).status, world.document(second).answer) == (Status.FAILED, 1)

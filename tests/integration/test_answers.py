"""Answers stay: each is added with its cause, none is replaced, and the database holds everybody to it."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence

import pytest
from sqlalchemy import Engine, text
from sqlalchemy.exc import IntegrityError

from db import answers, documents
from db.guards import details_may_follow, guards
from db.models import DocumentAnswer
from db.roles import WORKER, grant
from db.states import AnswerCause, DocumentStage, Status
from producer.services.retry import retry_documents
from tests.erasures import erased_document
from tests.fakes import page
from tests.late_details import LATE_DETAILS
from tests.world import World
from worker.errors import DamagedResult, WrongUse
from worker.result.answers import every_answer
from worker.result.rows import document_history
from worker.steps.finish import finish_document


def unsent(document_id: int) -> None:
    """The stages are called by hand."""


def given(world: World, document_id: int) -> Sequence[DocumentAnswer]:
    with world.sessions() as session:
        return answers.of_document(session, document_id)


def read_again(world: World, document_id: int) -> None:
    retry_documents(world.sessions, unsent, names=[str(document_id)], again=True, who="ann@desk")
    world.through(document_id)


@pytest.fixture
def answered(world: World) -> int:
    document_id = world.arrive("a.pdf", [page(0, marks=1)], claims=("Ann",))
    world.through(document_id)
    return document_id


def test_a_retry_adds_an_answer_and_keeps_the_one_before(world: World, answered: int) -> None:
    (before,) = given(world, answered)
    kept = world.store.objects[before.result_key or ""]

    read_again(world, answered)

    first, second = given(world, answered)
    assert (first.number, first.cause, first.asked_by) == (1, AnswerCause.FIRST_READING, None)
    assert (second.number, second.cause, second.asked_by) == (2, AnswerCause.RETRY, "ann@desk")
    assert world.store.objects[first.result_key or ""] == kept
    assert first.result_key != second.result_key
    assert world.document(answered).answer == 2


def test_a_document_with_an_answer_is_read_again_only_when_that_is_asked_for(
    world: World, answered: int
) -> None:
    with pytest.raises(WrongUse, match=r"is done by its answer 1. With --again .* answer 2"):
        retry_documents(world.sessions, unsent, names=[str(answered)])

    assert world.document(answered).status is Status.DONE


def test_a_document_that_is_named_twice_is_read_again_once(world: World, answered: int) -> None:
    names = ["a.pdf", str(answered)]

    retried = retry_documents(world.sessions, unsent, names=names, again=True)

    assert (retried.again, retried.at_work, retried.answered) == (1, 0, 1)


def test_the_history_says_who_asked_for_what_and_what_changed(world: World, answered: int) -> None:
    world.renderer.documents[b"a.pdf"] = [page(0)]

    read_again(world, answered)

    with world.sessions() as session:
        history = document_history(session, answered)
    (retried,) = [event for event in history.events if event.event == "retry"]
    assert (retried.stage, retried.who) == ("operator", "ann@desk")
    first, second = history.answers
    assert first.changes == ()
    assert second.changes == ("signed: yes, now no", "Ann: no_reference, now not_found")


def test_every_answer_is_read_back_as_it_was_given(world: World, answered: int) -> None:
    world.renderer.documents[b"a.pdf"] = [page(0), page(1)]
    read_again(world, answered)

    with world.sessions() as session:
        first, second = every_answer(session, answered, world.store)

    assert (first.answer, first.signed, len(first.pages)) == (1, True, 1)
    assert (second.answer, second.signed, len(second.pages)) == (2, False, 2)
    assert second.asked_by == "ann@desk"


def test_a_failed_answer_and_one_after_it_are_both_kept(world: World) -> None:
    document_id = world.arrive("a.pdf", [page(0)])
    with world.sessions() as session:
        documents.quarantine(session, document_id, reason="too_many_deliveries", detail="again and again")

    retry_documents(world.sessions, unsent, names=["a.pdf"])
    world.through(document_id)

    with world.sessions() as session:
        failed, done = every_answer(session, document_id, world.store)
    assert (failed.status, failed.reason, failed.pages) == (Status.FAILED, "too_many_deliveries", ())
    assert (done.status, done.reason, done.answer) == (Status.DONE, None, 2)


def test_a_late_writer_replaces_no_answer(world: World, answered: int) -> None:
    """What says another thing lies beside: no writer has the key of an answer that was given."""
    (before,) = given(world, answered)
    kept = dict(world.store.objects)
    read_again(world, answered)
    finish_document(answered, world.deps)

    assert len(given(world, answered)) == 2
    assert {key: data for key, data in world.store.objects.items() if key in kept} == kept
    assert before.result_key in kept


def test_an_answer_whose_object_was_changed_is_not_passed_off(world: World, answered: int) -> None:
    (answer,) = given(world, answered)
    forged = json.loads(world.store.objects[answer.result_key or ""])
    world.store.objects[answer.result_key or ""] = json.dumps({**forged, "signed": False}).encode()

    with world.sessions() as session, pytest.raises(DamagedResult, match="is not the answer"):
        list(every_answer(session, answered, world.store))


def test_documents_that_share_an_answer_get_the_next_one_with_it(world: World, answered: int) -> None:
    twin = world.arrive("b.pdf", [page(0, marks=1)], claims=("Ann",), data=b"a.pdf")
    world.through(twin)
    assert world.document(twin).original_id == answered

    retry_documents(world.sessions, unsent, names=[str(answered)], again=True, who="ann@desk")
    assert world.document(twin).stage is DocumentStage.LINKED
    world.through(answered)

    assert [answer.number for answer in given(world, twin)] == [1, 2]
    assert world.document(twin).status is Status.DONE
    with world.sessions() as session:
        first, _ = every_answer(session, twin, world.store)
    assert (first.document, first.id, first.linked_to) == ("b.pdf", twin, answered)


def test_an_answer_that_was_shared_outlives_the_document_that_it_came_from(
    world: World, answered: int
) -> None:
    twin = world.arrive("b.pdf", [page(0, marks=1)], claims=("Ann",), data=b"a.pdf")
    world.through(twin)

    assert erased_document(world, answered)
    world.through(twin)

    with world.sessions() as session:
        first, second = every_answer(session, twin, world.store)
    assert (first.signed, first.document) == (True, "b.pdf")
    assert (second.answer, second.cause, second.asked_by) == (2, AnswerCause.ERASURE, "ann@desk")


def test_an_erased_document_takes_all_its_answers_along(world: World, answered: int) -> None:
    read_again(world, answered)

    assert erased_document(world, answered)

    assert [key for key in world.store.objects if key.startswith(f"documents/{answered}/")] == []
    assert given(world, answered) == []


def run(engine: Engine, statement: str) -> None:
    with engine.begin() as connection:
        connection.execute(text(statement))


@pytest.mark.parametrize(
    ("statement", "why"),
    [
        pytest.param("DELETE FROM answers", "stays as it was given", id="deleted"),
        pytest.param("UPDATE answers SET status = 'partial'", "stays as it was given", id="changed"),
        pytest.param("UPDATE answers SET number = 7", "stays as it was given", id="renumbered"),
        pytest.param("UPDATE documents SET signed = NULL", "says what its newest answer says", id="twisted"),
        pytest.param("UPDATE documents SET answer = NULL", r"newest|earlier", id="lost"),
        pytest.param("UPDATE documents SET answer = 2", "says what its newest answer says", id="invented"),
        pytest.param(
            "INSERT INTO answers (document_id, number, at, cause, status)"
            " VALUES (1, 3, '2026-01-01', 'retry', 'done')",
            "must have the number that follows",
            id="gap",
        ),
        pytest.param(
            "UPDATE documents SET stage = 'finish', status = 'working';"
            " UPDATE documents SET stage = 'closed', status = 'done'",
            "closes with a new answer",
            id="closed without",
        ),
        pytest.param(
            "UPDATE documents SET stage = 'finish', status = 'working'; UPDATE documents SET answer = 2",
            "names an answer that it has",
            id="invented at work",
        ),
        pytest.param(
            "INSERT INTO documents (bucket, key, version, status, stage, registered_at, fence, deliveries,"
            " cause, answer) VALUES ('b', 'k', 'v', 'waiting', 'render', '2026-01-01', 0, 0, 'retry', 1)",
            r"names an answer that it has|closes with a new answer",
            id="invented at intake",
        ),
    ],
)
def test_the_database_refuses_a_lost_or_changed_answer(
    world: World, answered: int, statement: str, why: str
) -> None:
    with pytest.raises(IntegrityError, match=why), world.engine.begin() as connection:
        for part in statement.split(";"):
            connection.execute(text(part))

    assert [answer.status for answer in given(world, answered)] == [Status.DONE]


@pytest.mark.parametrize(
    "before",
    [
        pytest.param("SELECT 1", id="closed"),
        pytest.param("UPDATE documents SET stage = 'finish', status = 'working'", id="at work"),
    ],
)
def test_a_worker_adds_no_answer_that_its_document_does_not_name(
    postgres: Engine, as_role: Callable[[str], Engine], before: str
) -> None:
    world = World(postgres)
    document_id = world.arrive("a.pdf", [page(0, marks=1)], claims=("Ann",))
    world.through(document_id)
    grant(postgres, {})
    run(postgres, before)

    with pytest.raises(IntegrityError, match="must be named by its document"):
        run(
            as_role(WORKER),
            "INSERT INTO answers (document_id, number, at, cause, status, signed)"
            " VALUES (1, 2, '2026-01-01', 'retry', 'done', true)",
        )

    assert [answer.number for answer in given(world, document_id)] == [1]


@pytest.mark.parametrize("statement", LATE_DETAILS)
def test_a_file_takes_nothing_more_for_an_answer_that_was_given(sqlite: Engine, statement: str) -> None:
    """On PostgreSQL the owner of the tables may; the worker may not, see test_roles."""
    world = World(sqlite)
    world.through(world.arrive("a.pdf", [page(0, marks=1)], claims=("Ann",)))

    with pytest.raises(IntegrityError, match="says no more than it said"):
        run(sqlite, statement)


def test_what_an_older_release_has_not_written_is_added_and_the_guards_stand_again(sqlite: Engine) -> None:
    world = World(sqlite)
    world.through(world.arrive("a.pdf", [page(0, marks=1)], claims=("Ann",)))
    with sqlite.connect() as connection:
        standing = guards(connection)
    with pytest.raises(IntegrityError), sqlite.begin() as connection, details_may_follow(connection):
        for _ in range(2):
            connection.execute(text(LATE_DETAILS[0]))
    with sqlite.connect() as connection:
        assert guards(connection) == standing
    with sqlite.begin() as connection, details_may_follow(connection):
        connection.execute(text(LATE_DETAILS[0]))

    with sqlite.connect() as connection:
        assert guards(connection) == standing
        assert connection.scalar(text("SELECT count(*) FROM answered_claims")) == 2


def test_a_document_cannot_be_registered_as_answered(world: World) -> None:
    with pytest.raises(IntegrityError, match=r"closes with a new answer|says what its newest"):
        run(
            world.engine,
            "INSERT INTO documents (bucket, key, version, status, stage, fence, deliveries, registered_at)"
            " VALUES ('b', 'k', 'v', 'done', 'closed', 0, 0, '2026-01-01')",
        )

"""Each role of the database can do its work and nothing else, on a real Postgres."""

from __future__ import annotations

import io
import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import Engine, select, text
from sqlalchemy.engine import make_url
from sqlalchemy.exc import DBAPIError, IntegrityError, OperationalError, ProgrammingError

from db import documents, events, intake, signers
from db.base import Base
from db.documents import Object
from db.engine import make_engine, make_sessions
from db.models import Event, Reference, Region
from db.roles import PRODUCER, READER, ROLES, WEB, WORKER, grant
from db.states import ClaimSource, DocumentStage, EventSource, Status
from db.sweep import overdue
from producer.services import lifecycle
from producer.services.feed import START, export_changes
from producer.services.receive import FolderIntake, Received, receive
from producer.services.review import decide, list_decisions, next_review
from producer.services.status import histories
from tests.acceptance.commands import countersign
from tests.fakes import page
from tests.late_details import LATE_DETAILS
from tests.web.reviewers import ANN, ONE, set_outcome
from tests.world import World
from worker.result.decisions import DecisionOutcome
from worker.result.rows import document_result

As = Callable[[str], Engine]


@pytest.fixture
def granted(postgres: Engine) -> Engine:
    """The owner's engine of a database with one finished document and one reference, its roles made."""
    world = World(postgres)
    world.through(world.arrive("first.pdf", [page(0, marks=1)], claims=("Ann",)))
    with world.sessions() as session:
        signer_id = signers.signer_id(session, "Bob")
        facts = {"image_key": "k", "quality": {}, "embedding": b"1234", "encoder": "e"}
        signers.add_reference(session, signer_id, "digest", **facts)
    grant(postgres, {})
    return postgres


@pytest.fixture
def as_role(granted: Engine, as_role: As) -> As:
    """On that database."""
    return as_role


@contextmanager
def refused() -> Iterator[None]:
    with pytest.raises(ProgrammingError, match="permission denied"):
        yield


def run(engine: Engine, statement: str) -> None:
    with engine.begin() as connection:
        connection.execute(text(statement))


TABLES = sorted(Base.metadata.tables)


@pytest.mark.parametrize("table", TABLES)
def test_the_reader_writes_nowhere(as_role: As, table: str) -> None:
    engine = as_role(READER)

    for statement in (f'DELETE FROM "{table}"', f'UPDATE "{table}" SET id = 7', f'TRUNCATE "{table}"'):
        with refused():
            run(engine, statement)


def test_the_reader_reads_results_and_history_but_no_embedding(as_role: As) -> None:
    with make_sessions(as_role(READER))() as session:
        result = document_result(session, 1)
        assert result.status == "done"
        assert len(result.pages[0].regions) == 1
        assert events.history(session, 1)
        assert signers.enrolled(session) == [("Bob", 1)]
    for column in (Region.embedding, Reference.embedding):
        with refused(), make_sessions(as_role(READER))() as session:
            session.execute(select(column))


def test_the_reader_reads_the_feed_and_the_history_with_what_people_decided(
    granted: Engine, as_role: As
) -> None:
    owner, sessions = World(granted), make_sessions(as_role(READER))
    set_outcome(owner, 1, "forged")
    item = next_review(owner.sessions, ANN, ONE)
    assert item is not None
    decide(owner.sessions, ANN, item.id, fence=item.fence, answer=DecisionOutcome.GENUINE)
    out = io.BytesIO()

    export_changes(sessions, owner.store, START, out)

    last = json.loads(out.getvalue().splitlines()[-1])
    assert (last["change"], [decision["answer"] for decision in last["decisions"]]) == (
        "decided",
        ["genuine"],
    )
    (history,) = histories(sessions, "1")
    assert (history.events[-1].event, history.events[-1].who) == ("decided", "ann")


def test_the_producer_registers_documents_and_sees_what_is_known(as_role: As) -> None:
    source = Object("intake", "second.pdf", "v1")
    with make_sessions(as_role(PRODUCER))() as session:
        assert intake.unknown(session, [source, Object("intake", "first.pdf", "v1")]) == [source]
        document_id, new = documents.register(session, source, {"Ann": ClaimSource.KEY})
        events.record(session, document_id, EventSource.INTAKE, "registered")
        assert new
        assert documents.register(session, source, {}) == (document_id, False)


@pytest.mark.parametrize(
    "statement",
    [
        *(
            f'SELECT * FROM "{table}"'
            for table in ("pages", "regions", "verdicts", "suggestions", "references", "signers", "events")
        ),
        "UPDATE documents SET status = 'waiting'",
        "DELETE FROM documents",
        "DELETE FROM claims",
        "DELETE FROM events",
        "INSERT INTO verdicts (region_id) VALUES (1)",
        "INSERT INTO erasures (who) VALUES ('me')",
    ],
)
def test_the_producer_reads_no_answers_and_changes_none(as_role: As, statement: str) -> None:
    with refused():
        run(as_role(PRODUCER), statement)


def test_a_worker_can_do_all_that_the_stages_do(as_role: As, granted: Engine) -> None:
    """The work that the owner's world registers is done by another world with the worker's rights."""
    owner, worker = World(granted), World(as_role(WORKER))
    ids = {}
    for key, data in (("a.pdf", b"one"), ("b.pdf", b"one"), ("c.pdf", b"two")):
        rendered = [page(0, marks=2), page(1)]
        ids[key] = owner.arrive(key, rendered, data=data, claims=("Ann",))
        worker.store.objects[key] = data
        worker.renderer.documents[data] = rendered

    statuses = [worker.through(one).status for one in ids.values()]
    with worker.sessions() as session:
        overdue(session, DocumentStage.RENDER, resend_after=timedelta(0), limit=9)
        signers.embed_again(session, 1, b"5678", encoder="f", strokes=b"")
        documents.quarantine(session, ids["c.pdf"], reason="x", detail="y")

    assert statuses == [Status.DONE] * 3
    assert worker.document(ids["b.pdf"]).original_id == ids["a.pdf"]


@pytest.mark.parametrize(
    "statement",
    [
        # Who has gone silent is forgotten; that is no history.
        *(f'DELETE FROM "{table}"' for table in TABLES if table != "heartbeats"),
        "UPDATE events SET detail = ''",
        "UPDATE verdicts SET outcome = 'genuine'",
        "UPDATE claims SET signer = 'Eve'",
        "UPDATE answers SET result_key = 'eve'",
        "UPDATE answered_claims SET outcome = 'genuine'",
        "UPDATE answered_marks SET verdict = 'genuine'",
        "UPDATE documents SET cause = 'review'",
        "UPDATE documents SET asked_by = 'eve'",
        "UPDATE documents SET key = 'eve.pdf'",
        "UPDATE changes_head SET place = 0",
        "INSERT INTO changes (id) VALUES (7)",
        "TRUNCATE answers",
        "UPDATE versions SET content = '{}'",
        "UPDATE \"references\" SET image_key = 'eve'",
        "INSERT INTO documents (bucket) VALUES ('b')",
        "INSERT INTO signers (name) VALUES ('Eve')",
        "INSERT INTO erasures (who) VALUES ('me')",
    ],
)
def test_a_worker_deletes_nothing_and_rewrites_no_history(as_role: As, statement: str) -> None:
    with refused():
        run(as_role(WORKER), statement)


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE documents SET stage = 'finish', status = 'working';"
        " UPDATE documents SET stage = 'closed', status = 'done'",
        "UPDATE documents SET signed = false",
        "UPDATE documents SET answer = NULL",
    ],
)
def test_a_worker_neither_loses_nor_twists_an_answer(as_role: As, statement: str) -> None:
    with pytest.raises(IntegrityError, match="answer"):
        run(as_role(WORKER), statement)


#: What a closed document says of an answer that stands in a temporary table alone.
DECEIVED = (
    "UPDATE documents SET stage = 'finish', status = 'working';"
    " CREATE TEMPORARY TABLE answers (document_id int, number int, status text, signed bool, reason text);"
    " INSERT INTO answers VALUES (1, 2, 'failed', NULL, 'x');"
    " UPDATE documents SET stage = 'closed', status = 'failed', answer = 2, signed = NULL, reason = 'x'"
)
#: An answer that only a temporary document names.
UNNAMED = (
    "CREATE TEMPORARY TABLE documents (id bigint, answer bigint);"
    " INSERT INTO answers (document_id, number, at, cause, status) VALUES (1, 2, now(), 'retry', 'done')"
)


@pytest.mark.parametrize(
    ("statement", "why"),
    [(DECEIVED, "what its newest answer says"), (UNNAMED, "must be named by its document")],
)
def test_a_worker_deceives_no_guard_by_tables_of_its_own(as_role: As, statement: str, why: str) -> None:
    with pytest.raises(IntegrityError, match=why):
        run(as_role(WORKER), statement)


@pytest.mark.parametrize("role", ROLES)
def test_no_role_writes_the_feed_by_tables_of_its_own(granted: Engine, as_role: As, role: str) -> None:
    with refused():
        run(
            as_role(role),
            "CREATE TEMPORARY TABLE mine (id bigint, answer bigint);"
            " CREATE TRIGGER mine AFTER DELETE ON mine"
            " FOR EACH ROW EXECUTE FUNCTION guard_take_place('erased');"
            " INSERT INTO mine VALUES (1, 7); DELETE FROM mine",
        )

    with granted.connect() as connection:
        assert connection.scalar(text("SELECT count(*) FROM changes")) == 1


@pytest.mark.parametrize("role", [WORKER, WEB])
@pytest.mark.parametrize("statement", LATE_DETAILS)
def test_nobody_but_the_owner_adds_to_an_answer_that_was_given(
    granted: Engine, as_role: As, statement: str, role: str
) -> None:
    with pytest.raises(DBAPIError, match=r"says no more than it said|permission denied"):
        run(as_role(role), statement)

    run(granted, statement)


def test_the_web_does_with_documents_what_its_pages_offer(
    granted: Engine, as_role: As, tmp_path: Path
) -> None:
    """It takes one in, reads one once more, gives one up on which another waits, and asks people."""
    owner = World(granted)
    first, second = (owner.arrive(key, [page(0)], data=b"same") for key in ("a.pdf", "b.pdf"))
    owner.before_closing(first)
    owner.before_closing(second)
    done = owner.through(owner.arrive("d.pdf", [page(0)])).id
    sessions = make_sessions(as_role(WEB))
    intake = FolderIntake(tmp_path, sessions, [].append)
    (file := tmp_path / "c.pdf").write_bytes(b"%PDF-1.7")

    taken_in = receive(Received(("Ann",), file, "c.pdf"), intake, ANN, idempotency_key="k")
    ended = lifecycle.cancel(sessions, first, ANN)
    again = [lifecycle.begin_again(intake, document_id, ANN) for document_id in (done, second)]

    assert (ended, again) == (True, [True, False])
    assert taken_in.new is not None
    assert (owner.document(first).status, owner.document(taken_in.id).status) == (
        Status.FAILED,
        Status.WAITING,
    )
    assert (owner.document(second).original_id, owner.through(second).status) == (None, Status.DONE)
    assert (owner.document(done).cause, owner.document(done).asked_by) == ("retry", "ann")
    assert owner.through(done).answer == 2


def test_the_web_asks_people_and_asks_anew_for_another_reason(granted: Engine, as_role: As) -> None:
    owner, sessions = World(granted), make_sessions(as_role(WEB))

    for outcome in ("inconclusive", "forged"):
        set_outcome(owner, 1, outcome)
        item = next_review(sessions, ANN, ONE)
        assert item is not None
        assert item.why == outcome
        decide(sessions, ANN, item.id, fence=item.fence, answer=DecisionOutcome.GENUINE)

    assert [row.answer for row in list_decisions(sessions, 1, ANN)] == ["genuine"] * 2


@pytest.mark.parametrize(
    "statement",
    [
        *(
            f"UPDATE documents SET {column} = {column}"
            for column in ("id", "bucket", "key", "version", "bytes", "sha256", "format", "registered_at")
        ),
        "UPDATE documents SET completeness = NULL",
        "UPDATE documents SET holder = 'eve'",
        "DELETE FROM documents",
        "DELETE FROM decisions",
        "UPDATE claims SET signer = 'Eve'",
        "UPDATE answers SET result_key = 'eve'",
    ],
)
def test_the_web_changes_nothing_else_of_documents(as_role: As, statement: str) -> None:
    with refused():
        run(as_role(WEB), statement)


@pytest.mark.parametrize("role", ROLES)
def test_no_role_changes_the_schema(as_role: As, role: str) -> None:
    for statement in ("DROP TABLE events", "CREATE TABLE mine (id int)", "ALTER TABLE events ADD x int"):
        with pytest.raises(ProgrammingError, match=r"permission denied|must be owner"):
            run(as_role(role), statement)


def test_rights_that_somebody_added_by_hand_are_taken_back(granted: Engine, as_role: As) -> None:
    run(granted, "GRANT DELETE ON events TO countersign_worker")

    grant(granted, {})

    with refused():
        run(as_role(WORKER), "DELETE FROM events")
    with granted.connect() as connection:
        assert connection.scalar(select(Event.id).limit(1))


def test_the_command_makes_logins_with_the_given_passwords(
    database_url: str, given_servers, postgres: Engine
) -> None:
    if given_servers.database_url:
        pytest.skip("a given server keeps its roles")
    env = {"COUNTERSIGN_DATABASE_URL": database_url, "COUNTERSIGN_READER_PASSWORD": "it's a %canary"}

    finished = countersign("migrate", "--roles", env=env)
    again = countersign("migrate", "--roles", env=env)

    assert (finished.status, again.status) == (0, 0), finished.err + again.err
    assert "1 of them can log in" in finished.err
    assert "canary" not in finished.err + finished.out
    url = make_url(database_url).set(username=READER)
    reader = make_engine(url.set(password="it's a %canary").render_as_string(hide_password=False))
    with reader.connect() as connection:
        assert connection.scalar(text("SELECT count(*) FROM documents")) == 0
    wrong = make_engine(url.set(password="guess").render_as_string(hide_password=False))
    with pytest.raises(OperationalError, match="password authentication failed"):
        wrong.connect()


def test_the_doctor_of_a_producer_does_not_fail_for_what_it_may_not_see(
    database_url: str, given_servers, granted: Engine
) -> None:
    """The watcher's health check is the doctor, with the producer's login."""
    if given_servers.database_url:
        pytest.skip("a given server keeps its roles")
    grant(granted, {PRODUCER: "canary"})
    url = make_url(database_url).set(username=PRODUCER, password="canary")
    env = {"COUNTERSIGN_DATABASE_URL": url.render_as_string(hide_password=False)}

    findings = {row["check"]: row for row in countersign("doctor", "--json", env=env).objects}

    assert findings["database"]["ok"] is True
    assert findings["progress"]["ok"] is None
    assert findings["progress"]["found"] == "this login cannot ask the database for it"


def test_sqlite_says_that_it_has_no_roles(tmp_path) -> None:
    finished = countersign(
        "migrate", "--new-file", "--roles", env={"COUNTERSIGN_DATABASE_URL": f"sqlite:///{tmp_path / 'a.db'}"}
    )

    assert finished.status == 2
    assert "only Postgres has roles" in finished.err

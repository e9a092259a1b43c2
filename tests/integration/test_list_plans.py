"""Lists by filters on a filled table: PostgreSQL finds what is asked for by indexes."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import Engine, event, text
from sqlalchemy.orm import Session

from db.engine import make_sessions
from db.guards import lift_guards, set_guards
from db.guards.views import drop_views
from db.listing import ListFilter, document_ids
from db.progress import finished_within
from db.states import ClaimAnswer

#: Documents in the table; of every five thousand one has each of the rarer answers.
DOCUMENTS = 20_000
FILLED = (
    f"""INSERT INTO documents (id, bucket, key, version, status, stage, fence, deliveries, registered_at,
        finished_at, cause, answer, signed)
    SELECT n, 'b', 'k' || n, 'v', 'done', 'closed', 0, 0, now(), now() - n * interval '1 minute',
        'first_reading', 1, true
    FROM generate_series(1, {DOCUMENTS}) AS n""",
    """INSERT INTO answers (id, document_id, number, at, cause, status, signed)
    SELECT id, id, 1, now(), 'first_reading', 'done', true FROM documents""",
    """INSERT INTO answered_claims (answer_id, signer, source, outcome, contradicted)
    SELECT id, 'signer ' || id % 500, 'file', CASE id % 5000 WHEN 0 THEN 'not_found'
        WHEN 1 THEN 'inconclusive' WHEN 2 THEN 'no_reference'
        WHEN 3 THEN 'forged' ELSE 'genuine' END, false FROM answers""",
    "ANALYZE documents, answers, answered_claims",
)


@pytest.fixture
def filled(postgres: Engine) -> Engine:
    """A database with many documents, each with an answer of one claim."""
    with postgres.begin() as connection:
        drop_views(connection)
        lift_guards(connection)
        for statement in FILLED:
            connection.execute(text(statement))
        set_guards(connection)
    return postgres


def explained(engine: Engine, ask: Callable[[Session], object]) -> str:
    """The plan by which PostgreSQL answers what is asked last."""
    asked: list[tuple[str, Any]] = []

    @event.listens_for(engine, "before_cursor_execute")
    def note(*arguments: Any) -> None:
        asked.append((arguments[2], arguments[3]))

    with make_sessions(engine)() as session:
        ask(session)
    event.remove(engine, "before_cursor_execute", note)
    statement, parameters = asked[-1]
    with engine.connect() as connection:
        lines = connection.exec_driver_sql(f"EXPLAIN {statement}", parameters).scalars()
        return "\n".join(map(str, lines))


@pytest.mark.parametrize("answer", ["not_found", "inconclusive", "no_reference"])
def test_documents_are_found_by_what_became_of_a_claim(filled: Engine, answer: str) -> None:
    plan = explained(filled, lambda session: document_ids(session, ListFilter(claim=ClaimAnswer(answer))))

    assert "Index" in plan
    assert "Seq Scan" not in plan, plan


def test_documents_that_ended_lately_are_counted_without_reading_the_others(filled: Engine) -> None:
    plan = explained(filled, lambda session: finished_within(session, timedelta(hours=1)))

    assert "ix_documents_finished_at" in plan
    assert "Seq Scan" not in plan, plan

"""The schema: migrations and models say the same, and wrong rows are refused."""

from __future__ import annotations

from datetime import datetime

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Engine, text
from sqlalchemy.exc import IntegrityError, StatementError
from sqlalchemy.orm import Session

from db.base import Base
from db.migrate import pending, upgrade
from db.models import Document
from db.states import DocumentStage


def test_migrations_and_models_say_the_same(engine: Engine) -> None:
    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, Base.metadata) == []


def test_a_moment_without_a_time_zone_is_refused(engine: Engine) -> None:
    """The database would take it for its own zone, or forget it."""
    document = {"bucket": "b", "key": "k", "version": "v", "stage": DocumentStage.RENDER}
    wrong = Document(**document, registered_at=datetime(2026, 1, 1))

    with pytest.raises(StatementError, match="a timestamp needs a time zone"), Session(engine) as session:
        session.add(wrong)
        session.flush()


def test_a_second_migration_changes_nothing(engine: Engine) -> None:
    assert not pending(engine)
    upgrade(engine)
    assert not pending(engine)


DOCUMENT = """INSERT INTO documents
    (id, bucket, key, version, status, stage, reason, fence, deliveries, registered_at)
    VALUES ({id}, 'b', '{key}', 'v', '{status}', '{stage}', {reason}, 0, 0, '2026-01-01 00:00:00+00:00')"""
GOOD = {"id": 1, "key": "k", "status": "waiting", "stage": "render", "reason": "NULL"}


@pytest.mark.parametrize(
    "wrong",
    [
        pytest.param({"status": "lost"}, id="unknown status"),
        pytest.param({"stage": "limbo"}, id="unknown stage"),
        pytest.param({"status": "done"}, id="final but not closed"),
        pytest.param({"stage": "closed"}, id="closed but not final"),
        pytest.param({"status": "failed", "stage": "closed"}, id="failed without a reason"),
    ],
)
def test_the_database_refuses_a_wrong_document(engine: Engine, wrong: dict[str, str]) -> None:
    with pytest.raises(IntegrityError), engine.begin() as connection:
        connection.execute(text(DOCUMENT.format(**{**GOOD, **wrong})))


def test_the_database_refuses_a_second_row_for_an_object_version(engine: Engine) -> None:
    with engine.begin() as connection:
        connection.execute(text(DOCUMENT.format(**GOOD)))
    with pytest.raises(IntegrityError), engine.begin() as connection:
        connection.execute(text(DOCUMENT.format(**{**GOOD, "id": 2})))

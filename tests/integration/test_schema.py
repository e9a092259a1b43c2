"""The schema: migrations and models say the same, and wrong rows are refused."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, Engine, MetaData, inspect, text
from sqlalchemy.exc import IntegrityError, StatementError
from sqlalchemy.orm import Session

from db import migrate
from db.base import Base
from db.guards import guards, lift_guards, set_guards
from db.guards.views import drop_views
from db.migrate import pending, upgrade
from db.models import Document
from db.states import DocumentStage


def test_migrations_and_models_say_the_same(engine: Engine) -> None:
    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, Base.metadata) == []


Checks = dict[tuple[str, str | None], str]


def checks(connection: Connection) -> Checks:
    """What each CHECK of each table says, by their names."""
    schema = inspect(connection)
    return {
        (table, check["name"]): " ".join(check["sqltext"].split())
        for table in schema.get_table_names()
        for check in schema.get_check_constraints(table)
    }


@contextmanager
def bare(engine: Engine) -> Iterator[Connection]:
    """A connection on which tables can be made anew: without guards and views, references unchecked."""
    with engine.connect() as connection, migrate._references_unchecked(connection), connection.begin():
        drop_views(connection)
        lift_guards(connection)
        yield connection


def test_migrations_and_models_hold_rows_to_the_same(engine: Engine) -> None:
    """Alembic compares no CHECK, and loses those of a table that SQLite has to make anew."""
    with bare(engine) as connection:
        migrated = checks(connection)
        existing = MetaData()
        existing.reflect(connection)
        existing.drop_all(connection)
        Base.metadata.create_all(connection)

        assert checks(connection) == migrated


def test_a_migration_taken_back_leaves_the_rules_of_the_one_before(engine: Engine) -> None:
    with bare(engine) as connection:
        config = Config()
        config.set_main_option("script_location", str(migrate._SCRIPTS))
        config.attributes["connection"] = connection
        newest_first = [script.revision for script in ScriptDirectory.from_config(config).walk_revisions()]
        back: dict[str, Checks] = {}
        for revision in newest_first:
            command.downgrade(config, revision)
            back[revision] = checks(connection)
        command.downgrade(config, "base")
        for revision in reversed(newest_first):
            command.upgrade(config, revision)

            assert back[revision] == checks(connection), revision


def test_guards_are_lifted_and_set_again(engine: Engine) -> None:
    with engine.begin() as connection:
        standing = guards(connection)
        lift_guards(connection)
        lifted = guards(connection)
        set_guards(connection)

        assert (bool(standing), lifted, guards(connection)) == (True, {}, standing)


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


def test_migrations_are_numbered_in_the_order_in_which_they_run() -> None:
    scripts = ScriptDirectory(str(Path(migrate.__file__).parent / "migrations"))
    numbers = [script.revision for script in scripts.walk_revisions()]

    assert numbers == sorted(numbers, reverse=True)
    assert [int(number) for number in reversed(numbers)] == list(range(1, len(numbers) + 1))

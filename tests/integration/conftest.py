"""The database of a test: Postgres, and SQLite where the embedded form must do the same."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest
from sqlalchemy import Engine, event
from sqlalchemy.engine import make_url
from sqlalchemy.engine.interfaces import DBAPIConnection

from db.engine import make_engine
from db.migrate import upgrade
from tests.fakes import DarkBlocks, PartEncoder
from tests.faults.line import Line, engine_at
from tests.world import World
from worker.enrolling import Enroller


@pytest.fixture
def postgres(database_url: str) -> Iterator[Engine]:
    engine = make_engine(database_url)
    upgrade(engine)
    yield engine
    engine.dispose()


@pytest.fixture
def as_role(postgres: Engine, database_url: str) -> Iterator[Callable[[str], Engine]]:
    """Engines whose every statement runs with the rights of a role."""
    made = []

    def build(role: str) -> Engine:
        engine = make_engine(database_url)
        made.append(engine)

        @event.listens_for(engine, "connect")
        def take(connection: DBAPIConnection, _record: object) -> None:
            with closing(connection.cursor()) as cursor:
                cursor.execute(f"SET ROLE {role}")
            connection.commit()

        return engine

    yield build
    for engine in made:
        engine.dispose()


@pytest.fixture
def line_to_postgres(database_url: str) -> Iterator[Line]:
    port = make_url(database_url).port
    assert port is not None
    line = Line(port)
    yield line
    line.close()


@pytest.fixture
def sqlite(tmp_path: Path) -> Iterator[Engine]:
    engine = make_engine(f"sqlite:///{tmp_path / 'test.db'}")
    upgrade(engine)
    yield engine
    engine.dispose()


@pytest.fixture(params=["postgres", "sqlite"])
def engine(request: pytest.FixtureRequest) -> Engine:
    made: Engine = request.getfixturevalue(request.param)
    return made


@pytest.fixture
def far_world(postgres: Engine, database_url: str, line_to_postgres: Line) -> Iterator[World]:
    """Its database lies behind a line."""
    engine = engine_at(database_url, line_to_postgres.port)
    yield World(engine)
    engine.dispose()


@pytest.fixture
def world(engine: Engine) -> World:
    return World(engine)


@pytest.fixture
def enroller(world: World) -> Enroller:
    world.encoder = PartEncoder()
    return Enroller(world.verify_deps, world.renderer, DarkBlocks)

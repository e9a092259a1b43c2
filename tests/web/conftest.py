"""The app of a test, over documents that went through all stages."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import Engine

from tests.fakes import page
from tests.integration.conftest import postgres, sqlite, world  # noqa: F401 - fixtures
from tests.world import World
from web.app import guarded_app, make_web_app
from web.deps import WebDeps
from web.guard import Bounds
from worker.errors import EmptyDocument

#: How a browser on this machine calls the server.
BASE = "http://localhost:8020"


@pytest.fixture(params=["sqlite"])
def engine(request: pytest.FixtureRequest) -> Engine:
    """The embedded form's database; what depends on its kind chooses another, or both."""
    made: Engine = request.getfixturevalue(request.param)
    return made


@pytest.fixture
def documents(world: World) -> World:  # noqa: F811 - the fixture's name
    """Three documents: one with two pages that claims Ann, an unsigned one, and one in quarantine."""
    world.through(world.arrive("in/signed.pdf", [page(0, marks=2), page(1)], claims=("Ann <b>&",)))
    world.through(world.arrive("in/plain.pdf", [page(0)]))
    world.through(world.arrive("out/empty.pdf", EmptyDocument("no bytes")))
    return world


@pytest.fixture
def client(documents: World) -> Iterator[TestClient]:
    """A program that calls the app; faults of ours are answers, not exceptions."""
    app = make_web_app(WebDeps(documents.sessions, documents.store, logins=False))
    with TestClient(guarded_app(app, Bounds()), BASE, raise_server_exceptions=False) as made:
        yield made

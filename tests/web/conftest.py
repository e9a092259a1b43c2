"""The app of a test, over documents that went through all stages."""

from __future__ import annotations

import shutil
from collections.abc import Iterator

import pytest
from fastapi.testclient import TestClient
from playwright.sync_api import Browser, expect, sync_playwright
from sqlalchemy import Engine, update

from db.models import Verdict
from deploy.settings import Machine
from tests.fakes import page
from tests.integration.conftest import postgres, sqlite, world  # noqa: F401 - fixtures
from tests.world import World
from web.app import guarded_app, make_web_app
from web.deps import WebDeps
from web.guard import Bounds
from worker.errors import EmptyDocument

#: What Debian's package and others call the browser.
NAMES = ("chromium", "chromium-browser", "google-chrome")
#: How a browser on this machine calls the server.
BASE = "http://localhost:8020"

# A busy machine takes its time: what a page will show is waited for, never looked at once.
expect.set_options(timeout=30_000)


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


@pytest.fixture
def queue(world: World) -> World:  # noqa: F811 - the fixture's name
    """Two documents with a signature each: one held to be forged, one inconclusive."""
    for name in ("a.pdf", "b.pdf"):
        world.through(world.arrive(name, [page(0, marks=1)], claims=("Zoe",)))
    for number, outcome in ((1, "inconclusive"), (2, "forged")):
        with world.sessions() as session:
            session.execute(
                update(Verdict).where(Verdict.id == number).values(outcome=outcome, probability=0.4)
            )
    return world


@pytest.fixture
def desk(queue: World) -> Iterator[TestClient]:
    app = make_web_app(WebDeps(queue.sessions, queue.store, logins=False))
    with TestClient(guarded_app(app, Bounds()), BASE, raise_server_exceptions=False) as client:
        yield client


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """Chromium of the machine; a skip that says how to get it, a failure under CI."""
    program = next(filter(None, map(shutil.which, NAMES)), None)
    if program is None:
        reason = "needs a browser: apt-get install chromium"
        if Machine().is_ci:
            pytest.fail(f"CI has every program: {reason}", pytrace=False)
        pytest.skip(reason)
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=program, args=["--no-sandbox"])
        yield started
        started.close()

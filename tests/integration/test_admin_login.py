"""What takes the right `admin` is done by a login that may, where the console's own role may not."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import Engine
from sqlalchemy.exc import ProgrammingError

from db.engine import make_sessions
from db.roles import WEB, grant, may_change_references
from producer.services import enroll
from producer.services.enroll import OnlineEnroller
from tests.fakes import PartEncoder, page
from tests.web.conftest import BASE
from tests.world import World
from web.app import guarded_app, make_web_app
from web.deps import WebDeps
from web.guard import Bounds
from worker.enrolling import Enroller


@pytest.fixture
def console(postgres: Engine, as_role: Callable[[str], Engine]) -> Iterator[TestClient]:
    """A console whose login is that of its role, with the owner's for admins."""
    world = World(postgres, encoder=PartEncoder())
    world.through(world.arrive("a.pdf", [page(0, marks=1)], claims=("Zoe",)))
    for number in range(3):
        world.renderer.documents[b"%d" % number] = [page(number, marks=1)]
    grant(postgres, {})
    enroller = Enroller(world.verify_deps, world.renderer)
    deps = WebDeps(
        make_sessions(as_role(WEB)),
        world.store,
        admin_sessions=world.sessions,
        enroller=lambda: enroller,
        logins=False,
    )
    with TestClient(guarded_app(make_web_app(deps), Bounds()), BASE) as client:
        yield client


def test_references_are_enrolled_removed_and_merged_and_documents_erased(console: TestClient) -> None:
    for number, name in enumerate(("Zoe", "Zoe Old", "Zoe")):
        files = {"files": (f"{number}.png", b"%d" % number)}
        enrolled = console.post("/v1/signers", data={"name": name}, files=files)
        assert enrolled.status_code == 201, enrolled.text
    zoe, old = (row["id"] for row in console.get("/v1/signers").json()["signers"])
    token = console.get(f"/signers/{zoe}").text.partition('name="token" value="')[2].partition('"')[0]

    console.post(f"/signers/{zoe}/references/1/remove", data={"token": token})
    assert len(console.get(f"/v1/signers/{zoe}").json()["references"]) == 1
    console.post(f"/signers/{old}/merge", data={"token": token, "into": "Zoe"})
    assert [row["aliases"] for row in console.get("/v1/signers").json()["signers"]] == [["Zoe Old"]]
    console.post(f"/signers/{zoe}/retire", data={"token": token})
    assert console.get(f"/v1/signers/{zoe}").json()["references"] == []
    assert console.delete("/v1/documents/1").json() == {"erased": True}


def test_the_role_of_the_console_may_not_and_its_owner_may(
    postgres: Engine, as_role: Callable[[str], Engine]
) -> None:
    grant(postgres, {})
    web = make_sessions(as_role(WEB))

    with make_sessions(postgres)() as session:
        assert may_change_references(session)
    with web() as session:
        assert not may_change_references(session)
    with pytest.raises(ProgrammingError), web() as session:
        session.connection().exec_driver_sql("DELETE FROM documents")


def test_models_are_loaded_once_for_who_enrolls_first(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    opened: list[object] = []

    def build(*given: object) -> object:
        opened.append(given)
        return object()

    monkeypatch.setattr(enroll, "resolve_name", lambda _: build)
    online = OnlineEnroller(world.sessions, world.store)

    assert online.get() is online.get()
    assert opened == [(world.sessions, world.store)]


def test_whoever_holds_a_folder_may_change_its_references(sqlite: Engine) -> None:
    """A file has no logins."""
    with make_sessions(sqlite)() as session:
        assert may_change_references(session)

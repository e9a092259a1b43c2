"""The search by signature over HTTP, and as a page in a real browser."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from fastapi.testclient import TestClient
from playwright.sync_api import Browser, expect

from db.engine import make_engine
from db.migrate import upgrade
from producer.services.keys import make_key
from producer.services.run_folder import DATABASE, OBJECTS
from tests.fakes import page
from tests.web.conftest import BASE
from tests.web.test_browser import serving
from tests.world import World
from web.app import guarded_app, make_web_app
from web.deps import WebDeps
from web.guard import Bounds
from worker.engines import build_cleaner
from worker.settings import Verification
from worker.storage.folder import Folder


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A results folder with one signer on file, and two documents read with the shipped models."""
    root = tmp_path_factory.mktemp("results")
    engine = make_engine(f"sqlite:///{root / DATABASE}")
    upgrade(engine)
    world = World(engine, cleaner=build_cleaner(Verification()))
    world.encoder = world.verifier.encoder
    world.versions = {
        **world.versions,
        "encoder": world.verifier.embedding_version,
        "cleaner": world.cleaner.version,
    }
    world.renderer.documents[b"reference"] = [page(3, marks=1)]
    world.enroll("Zoe", "z.png", b"reference")
    for index in range(2):
        world.through(world.arrive(f"contract-{index}.pdf", [page(index, marks=1)]))
    store = Folder(root / OBJECTS)
    for key, data in world.store.objects.items():
        store.put(key, data)
    engine.dispose()
    return root


@pytest.fixture
def crop(folder: Path) -> bytes:
    """The mark on the second document, as it was cut out."""
    engine = make_engine(f"sqlite:///{folder / DATABASE}")
    with engine.begin() as connection:
        key = connection.exec_driver_sql("SELECT crop_key FROM regions ORDER BY id DESC").scalar()
    engine.dispose()
    return (folder / OBJECTS / str(key)).read_bytes()


@pytest.fixture
def client(folder: Path) -> Iterator[TestClient]:
    engine = make_engine(f"sqlite:///{folder / DATABASE}")
    world = World(engine)
    deps = WebDeps(world.sessions, Folder(folder / OBJECTS), logins=False)
    with TestClient(guarded_app(make_web_app(deps), Bounds()), BASE, raise_server_exceptions=False) as made:
        yield made
    engine.dispose()


def test_a_program_asks_who_signs_like_this(client: TestClient, crop: bytes) -> None:
    all_hits = client.post("/v1/search/signature", files={"file": ("x/a.png", crop)})
    nearest = client.post("/v1/search/signature", files={"file": ("a.png", crop)}, data={"limit": "1"})
    no_image = client.post("/v1/search/signature", files={"file": ("a.png", b"no image")})

    assert all_hits.status_code == 200, all_hits.text
    assert {hit["document_id"] for hit in all_hits.json()["regions"]} == {1, 2}
    assert [hit["document_id"] for hit in nearest.json()["regions"]] == [2]
    assert [hit["signer"] for hit in nearest.json()["signers"]] == ["Zoe"]
    assert no_image.json()["reason"] == "unusable_image"
    assert "/tmp" not in no_image.text


def test_a_key_for_its_own_documents_does_not_search_all(folder: Path, crop: bytes) -> None:
    engine = make_engine(f"sqlite:///{folder / DATABASE}")
    world = World(engine)
    secret = make_key(world.sessions, "scanner", (), days=1, own_only=True)
    app = make_web_app(WebDeps(world.sessions, Folder(folder / OBJECTS)))
    with TestClient(guarded_app(app, Bounds(direct_only=False)), BASE) as client:
        answer = client.post(
            "/v1/search/signature",
            files={"file": ("a.png", crop)},
            headers={"Authorization": f"Bearer {secret}"},
        )
        nobody = client.post("/v1/search/signature", files={"file": ("a.png", crop)})
    engine.dispose()

    assert (answer.status_code, nobody.status_code) == (403, 401)


def test_a_form_of_another_page_searches_nothing(client: TestClient, crop: bytes) -> None:
    answer = client.post("/search", files={"file": ("a.png", crop)}, data={"token": "guessed"})

    assert answer.status_code == 403


def test_a_person_sees_who_signs_like_this(
    browser: Browser, folder: Path, crop: bytes, tmp_path: Path
) -> None:
    picture, no_picture = tmp_path / "query.png", tmp_path / "no.png"
    picture.write_bytes(crop)
    no_picture.write_bytes(b"no image")
    copied = shutil.copytree(folder, tmp_path / "results")
    with serving(copied) as url, browser.new_context(base_url=url) as context:
        tab = context.new_page()
        tab.goto("/documents")
        tab.get_by_role("link", name="Search").click()
        tab.get_by_label("A picture of one signature").set_input_files(picture)
        tab.get_by_role("button", name="Search").click()

        expect(tab.get_by_role("img", name="Reference 1 of Zoe")).to_be_visible(timeout=90_000)
        expect(tab.get_by_role("img", name="of document 2")).to_be_visible()
        assert Axe().run(tab).response["violations"] == []
        tab.get_by_label("A picture of one signature").set_input_files(no_picture)
        tab.get_by_role("button", name="Search").click()
        expect(tab.get_by_role("alert")).to_be_visible()

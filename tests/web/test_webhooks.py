"""Webhooks over the API, and on the command line."""

from __future__ import annotations

from collections.abc import Iterator
from ipaddress import ip_network
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from db.engine import make_engine
from db.migrate import upgrade
from producer.services.keys import Right, make_key
from producer.services.receive import FolderIntake
from producer.services.run_folder import DATABASE
from tests.acceptance.commands import countersign
from tests.web.conftest import BASE
from tests.world import World
from web.app import guarded_app, make_web_app
from web.deps import WebDeps
from web.guard import Bounds

URL = "https://example.org/hook"


@pytest.fixture
def door(documents: World) -> Iterator[TestClient]:
    """The app where callers need a key."""
    deps = WebDeps(documents.sessions, documents.store, webhook_networks=[ip_network("10.0.0.0/8")])
    bounds = Bounds(direct_only=False)
    with TestClient(guarded_app(make_web_app(deps), bounds), BASE, raise_server_exceptions=False) as client:
        yield client


def holder(world: World, name: str, *scopes: Right, own_only: bool = False) -> dict[str, str]:
    secret = make_key(world.sessions, name, scopes, days=1, own_only=own_only)
    return {"Authorization": f"Bearer {secret}"}


@pytest.mark.parametrize("engine", ["sqlite", "postgres"], indirect=True)
def test_a_webhook_is_added_shown_rotated_and_removed(door: TestClient, documents: World) -> None:
    ann = holder(documents, "ann", Right.SUBMIT)

    made = door.post("/v1/webhooks", json={"url": URL, "events": ["document.done"]}, headers=ann)
    path = f"/v1/webhooks/{made.json()['id']}"
    looked_at = door.get(path, headers=ann)
    listed = door.get("/v1/webhooks", headers=ann)
    rotated = door.post(f"{path}/rotate", headers=ann)
    removed = door.delete(path, headers=ann)

    assert (made.status_code, rotated.status_code, removed.status_code) == (201, 200, 204)
    assert made.json()["secret"].startswith("whsec_")
    assert made.json()["secret"] != rotated.json()["secret"]
    assert looked_at.json() == listed.json()["webhooks"][0]
    assert "whsec_" not in looked_at.text + listed.text
    assert door.get(path, headers=ann).status_code == 404


def test_what_was_missed_is_sent_again_and_the_log_is_read_in_pages(
    door: TestClient, documents: World
) -> None:
    from db.deliveries import write_deliveries  # noqa: PLC0415 - what the deliverer does

    ann = holder(documents, "ann", Right.SUBMIT)
    number = door.post("/v1/webhooks", json={"url": URL}, headers=ann).json()["id"]
    path = f"/v1/webhooks/{number}"
    first = door.post(f"{path}/replay", json={"since": "start"}, headers=ann)
    with documents.sessions() as session:
        write_deliveries(session, number, limit=9)
    again = door.post(f"{path}/replay", json={}, headers=ann)
    page = door.get(f"{path}/deliveries?limit=2", headers=ann).json()
    rest = door.get(page["next"], headers=ann).json()

    assert (first.json(), again.json()) == ({"due": 0}, {"due": 3})
    assert [row["type"] for row in page["deliveries"]] == ["document.failed", "document.done"]
    assert (len(rest["deliveries"]), rest["next"]) == (1, None)
    assert door.post(f"{path}/replay", json={"since": "x"}, headers=ann).status_code == 422


def test_others_webhooks_are_not_there_and_administrators_see_all(door: TestClient, documents: World) -> None:
    ann, bob, boss, reader, alone = (
        holder(documents, "ann", Right.SUBMIT),
        holder(documents, "bob", Right.SUBMIT),
        holder(documents, "boss", Right.SUBMIT, Right.ADMIN),
        holder(documents, "reader"),
        holder(documents, "alone", Right.SUBMIT, Right.ADMIN, own_only=True),
    )
    path = f"/v1/webhooks/{door.post('/v1/webhooks', json={'url': URL}, headers=ann).json()['id']}"

    for stranger in (bob, alone):
        for method, tail in (("GET", ""), ("GET", "/deliveries"), ("POST", "/rotate"), ("DELETE", "")):
            assert door.request(method, path + tail, headers=stranger).status_code == 404
        assert door.post(f"{path}/replay", json={}, headers=stranger).status_code == 404
        assert door.get("/v1/webhooks", headers=stranger).json()["webhooks"] == []
    assert door.get(path, headers=boss).status_code == 200
    assert door.get("/v1/webhooks", headers=reader).status_code == 403
    alone_hook = door.post("/v1/webhooks", json={"url": URL}, headers=alone).json()
    assert (alone_hook["own_only"], alone_hook["who"]) == (True, "alone")


@pytest.mark.parametrize(
    "url",
    [
        "https://127.0.0.1/",
        "https://169.254.169.254/latest/meta-data",
        "https://[::1]/",
        "file:///etc/passwd",
        "https://user:pass@example.org/",
        "https://example.org/ x",
    ],
)
def test_what_must_not_be_called_is_refused_when_it_is_added(
    door: TestClient, documents: World, url: str
) -> None:
    answer = door.post("/v1/webhooks", json={"url": url}, headers=holder(documents, "ann", Right.SUBMIT))

    assert (answer.status_code, answer.json()["code"]) == (422, "wrong_use")
    assert "pass@" not in answer.text


def test_callbacks_get_a_secret_once_and_are_named_with_a_document(documents: World, tmp_path: Path) -> None:
    ann = holder(documents, "ann", Right.SUBMIT)
    sent: list[int] = []
    intake = FolderIntake(tmp_path, documents.sessions, sent.append)
    app = make_web_app(WebDeps(documents.sessions, documents.store, intake))
    door = TestClient(guarded_app(app, Bounds(direct_only=False)), BASE)

    def submit(callback: str) -> int:
        files = {"file": ("a.pdf", b"%PDF-1.7")}
        return door.post("/v1/documents", data={"callback": callback}, files=files, headers=ann).status_code

    early = submit(URL)
    made = door.post("/v1/webhooks", json={"callbacks": True}, headers=ann)
    again = door.post("/v1/webhooks", json={"callbacks": True}, headers=ann)

    assert (early, made.status_code, again.status_code) == (422, 201, 422)
    assert (made.json()["url"], made.json()["secret"][:6]) == (None, "whsec_")
    assert submit(URL) == 202
    hostile = ("https://127.0.0.1/", "https://[::1]/", "https://169.254.169.254/", "file:///etc/passwd")
    assert [submit(url) for url in (*hostile, "https://user:pass@example.org/", "gopher://x")] == [422] * 6
    assert len(sent) == 1
    for wrong in ({}, {"url": URL, "callbacks": True}):
        assert door.post("/v1/webhooks", json=wrong, headers=ann).status_code == 422


def test_webhooks_are_kept_by_hand_too(tmp_path: Path) -> None:
    engine = make_engine(f"sqlite:///{tmp_path / DATABASE}")
    upgrade(engine)
    engine.dispose()
    here = ("--run", tmp_path)

    added = countersign("webhooks", "add", URL, "--event", "document.done", *here)
    other = countersign("webhooks", "add", URL, "--json", *here)
    listed = countersign("webhooks", *here)
    as_json = countersign("webhooks", "list", "--json", *here)
    rotated = countersign("webhooks", "rotate", 1, *here)
    replayed = countersign("webhooks", "replay", 1, "--since", "start", *here)
    log = countersign("webhooks", "log", 1, *here)
    empty = countersign("webhooks", "log", 1, "--json", *here)
    removed = countersign("webhooks", "remove", 1, *here)

    callbacks = countersign("webhooks", "add", "--callbacks", *here)

    assert added.out.startswith("whsec_"), added.err
    assert callbacks.out.startswith("whsec_"), callbacks.err
    assert "callbacks" in countersign("webhooks", *here).out
    assert other.objects[0]["secret"].startswith("whsec_")
    assert "example.org" in listed.out
    assert [row["events"] for row in as_json.objects] == [["document.done"], []]
    assert "whsec_" not in listed.out + as_json.out
    assert rotated.out != added.out
    assert (replayed.status, log.status, empty.out, removed.status) == (0, 0, "", 0)
    assert "0 messages sent again" in replayed.err
    for wrong in (("add",), ("remove",), ("remove", "x"), ("log", 1)):
        assert countersign("webhooks", *wrong, *here).status == 2

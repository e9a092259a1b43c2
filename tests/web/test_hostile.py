"""What somebody sends who means harm: headers, names and addresses that are meant for somebody else."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient

from producer.services.keys import Right, make_key
from producer.services.receive import FolderIntake
from tests.web.conftest import BASE
from tests.world import World
from web.app import guarded_app, make_web_app
from web.deps import WebDeps
from web.guard import Bounds

PDF = b"%PDF-1.7 not a real one"


@pytest.fixture
def http(documents: World, tmp_path: Path) -> Iterator[TestClient]:
    intake = FolderIntake(tmp_path / "results", documents.sessions, lambda _: None)
    app = make_web_app(WebDeps(documents.sessions, documents.store, intake))
    bounds = Bounds(direct_only=False)
    with TestClient(guarded_app(app, bounds), BASE, raise_server_exceptions=False) as client:
        yield client


def key(world: World, name: str, *scopes: Right, own_only: bool = False) -> dict[str, str]:
    secret = make_key(world.sessions, name, scopes, days=1, own_only=own_only)
    return {"Authorization": f"Bearer {secret}"}


@pytest.mark.parametrize(
    "headers",
    [
        pytest.param({"X-HTTP-Method-Override": "DELETE"}, id="another method"),
        pytest.param({"X-Original-URL": "/v1/documents/2"}, id="another path"),
        pytest.param({"X-Rewrite-URL": "/v1/documents/2"}, id="another path rewritten"),
        pytest.param({"Prefer": "wait=-1, wait=99999999999"}, id="a wait without end"),
        pytest.param({"If-None-Match": '"' + "x" * 4000}, id="a tag that does not end"),
        pytest.param({"Range": "bytes=0-0,1-1,2-2"}, id="ranges"),
        pytest.param({"Accept": "../../etc/passwd"}, id="a type that is none"),
    ],
)
def test_headers_change_nothing_of_what_is_asked(
    http: TestClient, documents: World, headers: dict[str, str]
) -> None:
    ann = key(documents, "ann", Right.ADMIN)

    answer = http.get("/v1/documents/1", headers={**ann, **headers})

    assert (answer.status_code, answer.json()["id"]) == (200, 1)
    assert http.get("/v1/documents/2", headers=ann).status_code == 200


@pytest.mark.parametrize(
    "credentials",
    ["", "Basic YTpi", "Bearer", "Bearer  ", "Bearer cs_" + "x" * 5000, "Bearer ' OR 1=1 --", "bearer null"],
)
def test_what_is_no_key_opens_nothing(http: TestClient, credentials: str) -> None:
    answer = http.get("/v1/documents", headers={"Authorization": credentials})

    assert (answer.status_code, answer.json()["code"]) == (401, "not_logged_in")


def test_names_of_files_reach_no_header_and_no_folder(
    http: TestClient, documents: World, tmp_path: Path
) -> None:
    ann = key(documents, "ann", Right.SUBMIT)
    body = (
        b'--x\r\nContent-Disposition: form-data; name="file"; '
        b'filename="..%2f..%2fa.pdf%0d%0aSet-Cookie: a=b"\r\n\r\n' + PDF + b"\r\n--x--\r\n"
    )
    sent = {**ann, "Content-Type": "multipart/form-data; boundary=x"}

    answer = http.post("/v1/documents", content=body, headers=sent)

    assert answer.status_code == 202
    assert "set-cookie" not in answer.headers
    (kept,) = [path for path in (tmp_path / "results").rglob("*") if path.is_file()]
    assert kept.parent == tmp_path / "results" / "received"


@pytest.mark.parametrize(
    ("method", "tail", "body"),
    [
        ("GET", "", None),
        ("GET", "/result", None),
        ("GET", "/history", None),
        ("GET", "/decisions", None),
        ("GET", "/pages/0", None),
        ("GET", "/pages/0/image", None),
        ("GET", "/pages/0/overlay", None),
        ("GET", "/pages/0/regions/0/crop", None),
        ("POST", "/retry", None),
        ("POST", "/cancel", None),
        ("DELETE", "", None),
    ],
)
def test_another_key_s_document_is_not_there_whatever_is_asked_of_it(
    http: TestClient, documents: World, method: str, tail: str, body: Any
) -> None:
    alone = key(documents, "alone", Right.SUBMIT, Right.ADMIN, own_only=True)

    theirs = http.request(method, f"/v1/documents/1{tail}", headers=alone)
    nobodys = http.request(method, f"/v1/documents/99{tail}", headers=alone)

    assert (theirs.status_code, nobodys.status_code) == (404, 404)
    assert theirs.json()["code"] == nobodys.json()["code"] == "not_found"
    assert http.get("/v1/documents/1", headers=key(documents, "boss")).status_code == 200

"""Who may call: keys with their rights, browsers that log in, and what is refused to everybody else."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import update

from db.models import ApiKey, WebSession
from producer.services.keys import Right, list_keys, make_key, withdraw_key
from tests.web.conftest import BASE
from tests.world import World
from web.app import guarded_app, make_web_app
from web.auth import COOKIE
from web.deps import WebDeps
from web.guard import Bounds
from worker.errors import WrongUse


@pytest.fixture
def http(documents: World) -> Iterator[TestClient]:
    """The app where callers need a key."""
    app = make_web_app(WebDeps(documents.sessions, documents.store))
    with TestClient(
        guarded_app(app, Bounds(direct_only=False)), BASE, raise_server_exceptions=False
    ) as client:
        yield client


def bearer(secret: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {secret}"}


def key(world: World, name: str = "ann", *scopes: Right, alone: bool = False) -> str:
    return make_key(world.sessions, name, scopes, days=1, own_only=alone)


OPEN = {"/v1/health", "/v1/openapi.json", "/static/console.css", "/login"}


def test_without_a_key_nothing_is_shown_but_the_way_in(http: TestClient) -> None:
    for path in (
        "/v1/documents",
        "/v1/documents/1",
        "/v1/documents/1/pages/0/image",
        "/v1/overview",
        "/v1/signers",
    ):
        answer = http.get(path)
        assert (answer.status_code, answer.json()["code"]) == (401, "not_logged_in")
        assert answer.headers["www-authenticate"] == "Bearer"
    assert {path: http.get(path).status_code for path in OPEN} == dict.fromkeys(OPEN, 200)


def test_without_a_key_nothing_is_changed(http: TestClient) -> None:
    for method, path in (
        ("POST", "/v1/documents"),
        ("POST", "/v1/documents/1/retry"),
        ("DELETE", "/v1/documents/1"),
    ):
        assert http.request(method, path).status_code == 401


def test_a_key_opens_what_its_rights_say(http: TestClient, documents: World) -> None:
    reader = bearer(key(documents))

    assert http.get("/v1/documents/1", headers=reader).status_code == 200
    assert http.post("/v1/documents/1/retry", headers=reader).json()["code"] == "not_allowed"
    assert (
        http.delete("/v1/documents/1", headers=bearer(key(documents, "b", Right.SUBMIT))).status_code == 403
    )


@pytest.mark.parametrize("how", ["revoked", "expired", "wrong", "empty"])
def test_a_key_that_is_none_any_more_opens_nothing(http: TestClient, documents: World, how: str) -> None:
    secret = key(documents)
    if how == "revoked":
        withdraw_key(documents.sessions, "ann")
    elif how == "expired":
        with documents.sessions() as session:
            session.execute(update(ApiKey).values(expires_at=datetime.now(UTC) - timedelta(seconds=1)))
    else:
        secret = secret[:-1] if how == "wrong" else "x"

    assert http.get("/v1/documents", headers=bearer(secret)).status_code == 401


def test_only_the_digest_of_a_key_is_kept_and_its_use_is_noted(http: TestClient, documents: World) -> None:
    secret = key(documents)
    before = list_keys(documents.sessions)[0].last_used_at
    http.get("/v1/documents", headers=bearer(secret))

    assert before is None
    assert list_keys(documents.sessions)[0].last_used_at is not None
    with documents.engine.connect() as connection:
        assert secret not in str(connection.exec_driver_sql("SELECT * FROM api_keys").all())


def test_a_key_for_its_own_documents_is_told_of_no_others(http: TestClient, documents: World) -> None:
    scanner = bearer(key(documents, "scanner", Right.SUBMIT, alone=True))

    assert http.get("/v1/documents", headers=scanner).json()["documents"] == []
    for path in (
        "/v1/documents/1",
        "/v1/documents/1/result",
        "/v1/documents/1/pages/0/image",
        "/documents/1",
    ):
        assert http.get(path, headers=scanner).status_code == 404
    assert http.post("/v1/documents/1/retry", headers=scanner).status_code == 404
    assert {http.get(path, headers=scanner).status_code for path in ("/v1/overview", "/v1/signers")} == {403}


def test_keys_are_named_once_and_last_so_many_days(documents: World) -> None:
    key(documents)

    for name, days in (("ann", 1), ("", 1), ("b", 0), ("b", 10_000), ("a\nb", 1)):
        with pytest.raises(WrongUse):
            make_key(documents.sessions, name, (), days=days)
    with pytest.raises(WrongUse):
        withdraw_key(documents.sessions, "nobody")


def test_a_browser_logs_in_and_out(http: TestClient, documents: World) -> None:
    secret = key(documents)

    sent_away = http.get("/documents", follow_redirects=False)
    inside = http.post("/login", data={"key": secret, "next": "/documents"})
    token = inside.text.partition('name="token" value="')[2].partition('"')[0]
    left = http.post("/logout", data={"token": token})

    assert (sent_away.status_code, sent_away.headers["location"]) == (303, "/login?next=%2Fdocuments")
    assert "signed.pdf" in inside.text
    assert "Log out ann" in inside.text
    assert str(left.url).endswith("/login")
    assert http.get("/v1/documents").status_code == 401


def test_the_cookie_is_out_of_reach_of_scripts_and_other_sites(http: TestClient, documents: World) -> None:
    answer = http.post("/login", data={"key": key(documents)}, follow_redirects=False)

    cookie = answer.headers["set-cookie"].lower()
    assert "httponly" in cookie
    assert "samesite=strict" in cookie


def test_a_cookie_that_somebody_planted_is_not_the_session(http: TestClient, documents: World) -> None:
    http.cookies.set(COOKIE, "planted")
    http.post("/login", data={"key": key(documents)})

    assert [value for value in http.cookies.jar if value.value == "planted"] != list(http.cookies.jar)
    fresh = TestClient(http.app, BASE, cookies={COOKIE: "planted"})
    assert fresh.get("/v1/documents").status_code == 401


def test_who_logs_in_again_leaves_no_session_behind(http: TestClient, documents: World) -> None:
    secret = key(documents)
    for _ in range(2):
        http.post("/login", data={"key": secret})

    with documents.sessions() as session:
        assert session.query(WebSession).count() == 1


def test_a_wrong_key_logs_nobody_in(http: TestClient) -> None:
    answer = http.post("/login", data={"key": "cs_wrong"})

    assert answer.status_code == 403
    assert "set-cookie" not in answer.headers


@pytest.mark.parametrize(
    "onward", ["//evil.example", "https://evil.example", "/\\evil.example", "/a\r\nX: y"]
)
def test_nobody_is_sent_to_another_site(http: TestClient, documents: World, onward: str) -> None:
    answer = http.post("/login", data={"key": key(documents), "next": onward}, follow_redirects=False)

    assert answer.headers["location"] == "/"


def test_a_form_of_another_page_changes_nothing(http: TestClient, documents: World) -> None:
    http.post("/login", data={"key": key(documents, "ann", Right.SUBMIT)})

    answer = http.post("/documents/1/cancel", data={"token": "guessed"})

    assert answer.status_code == 403

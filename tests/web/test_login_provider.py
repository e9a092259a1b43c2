"""People log in with their organisation: a real provider over HTTP, and a real browser."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from urllib.parse import parse_qsl, urlsplit

import pytest
from fastapi.testclient import TestClient
from joserfc.jwk import RSAKey
from playwright.sync_api import Browser, expect
from sqlalchemy import select, update

from db.engine import now
from db.models import WebSession
from tests.web.conftest import BASE
from tests.web.consoles import filled, serving
from tests.web.identities import CLIENT, SECRET, Provider, identity_provider
from tests.world import World
from web.app import guarded_app, make_web_app
from web.auth import COOKIE
from web.deps import WebDeps
from web.guard import Bounds
from web.identity import IdentityProvider
from worker.settings import Identities


@pytest.fixture
def provider() -> Iterator[Provider]:
    with identity_provider() as started:
        yield started


def settings(provider: Provider, **others: object) -> Identities:
    values = {"oidc_issuer": provider.issuer, "oidc_client_id": CLIENT, "oidc_client_secret": SECRET}
    return Identities.model_validate({**values, "oidc_rights": {"desk": ["review"]}, **others})


@pytest.fixture
def console(queue: World, provider: Provider) -> Iterator[Callable[..., TestClient]]:
    opened: list[TestClient] = []

    def start(**others: object) -> TestClient:
        identities = IdentityProvider(settings(provider, **others))
        app = make_web_app(WebDeps(queue.sessions, queue.store, identities=identities))
        client = TestClient(guarded_app(app, Bounds()), BASE, raise_server_exceptions=False)
        opened.append(client)
        return client

    yield start
    for client in opened:
        client.close()


def come_back(console: TestClient, provider: Provider, onward: str = "/review") -> tuple[int, str]:
    """Log in as a browser does, the provider's redirect followed by hand."""
    begun = console.get("/login/provider", params={"next": onward}, follow_redirects=False)
    assert begun.status_code == 303, begun.text
    address = provider.authorize(dict(parse_qsl(urlsplit(begun.headers["Location"]).query)))
    answer = console.get(address.replace("http://localhost:8020", ""), follow_redirects=False)
    return answer.status_code, answer.text


def test_a_browser_logs_in_goes_on_and_decides_under_the_person_s_name(
    browser: Browser, provider: Provider, tmp_path: Path
) -> None:
    environment = {
        "COUNTERSIGN_OIDC_ISSUER": provider.issuer,
        "COUNTERSIGN_OIDC_CLIENT_ID": CLIENT,
        "COUNTERSIGN_OIDC_CLIENT_SECRET": SECRET,
        "COUNTERSIGN_OIDC_RIGHTS": json.dumps({"desk": ["review"]}),
    }
    with serving(filled(tmp_path), "--login", environment=environment) as url:
        assert provider.asked == []
        with browser.new_context(base_url=url) as context:
            tab = context.new_page()
            tab.goto("/review")
            tab.get_by_role("link", name="Log in with your organisation").click()
            expect(tab).to_have_url(re.compile(r"/review$"))
            expect(tab.get_by_text("Is this the signature of Zoe?")).to_be_visible()
            (cookie,) = [row for row in context.cookies() if row.get("name") == COOKIE]
            with tab.expect_navigation():
                tab.keyboard.press("1")
            tab.goto("/review/back")
            expect(tab.get_by_text("You said")).to_be_visible()
            tab.get_by_role("button", name="Log out anna").click()
            expect(tab.get_by_role("heading", name="Log in")).to_be_visible()

    assert (cookie.get("httpOnly"), cookie.get("sameSite")) == (True, "Strict")


def test_rights_are_those_of_the_groups(console: Callable[..., TestClient], provider: Provider) -> None:
    client = console()

    assert come_back(client, provider)[0] == 200
    assert client.post("/v1/reviews/next").status_code == 200
    assert client.delete("/v1/documents/1").status_code == 403


def test_without_rules_for_groups_everybody_may_read(
    console: Callable[..., TestClient], provider: Provider
) -> None:
    client = console(oidc_rights={})
    provider.claims["groups"] = "desk"

    assert come_back(client, provider)[0] == 200
    assert client.get("/v1/documents").status_code == 200
    assert client.post("/v1/reviews/next").status_code == 403


def test_a_session_ends(console: Callable[..., TestClient], provider: Provider, queue: World) -> None:
    client = console()
    come_back(client, provider)
    with queue.sessions() as session:
        (row,) = session.execute(select(WebSession)).scalars()
        assert (row.person, row.key_id, row.scopes) == ("anna", None, ["read", "review"])
        session.execute(update(WebSession).values(expires_at=now(session) - timedelta(seconds=1)))

    assert client.get("/v1/documents").status_code == 401
    come_back(client, provider)
    with queue.sessions() as session:
        assert len(session.execute(select(WebSession)).all()) == 1


@pytest.mark.parametrize(
    ("wrong", "named"),
    [
        pytest.param({"iss": "https://other.example"}, "iss", id="issuer"),
        pytest.param({"aud": "another"}, "aud", id="audience"),
        pytest.param({"exp": 1}, "expired", id="expired"),
        pytest.param({"nonce": "of another login"}, "nonce", id="nonce"),
        pytest.param({"groups": ["elsewhere"]}, "groups", id="group"),
        pytest.param({"preferred_username": ""}, "preferred_username", id="no name"),
    ],
)
def test_a_token_that_is_not_for_us_opens_nothing(
    console: Callable[..., TestClient], provider: Provider, wrong: dict[str, object], named: str
) -> None:
    client = console()
    provider.wrong = wrong

    status, text = come_back(client, provider)

    assert (status, named in text) == (403, True)
    assert client.get("/v1/documents").status_code == 401


def test_a_token_that_another_key_has_signed_opens_nothing(
    console: Callable[..., TestClient], provider: Provider
) -> None:
    client = console()
    provider.signs = RSAKey.generate_key(2048, {"kid": "1"})

    assert come_back(client, provider)[0] == 403


def test_a_code_counts_once_and_only_in_its_own_browser(
    console: Callable[..., TestClient], provider: Provider
) -> None:
    mine, other = console(), console()
    begun = mine.get("/login/provider", follow_redirects=False)
    stolen = {"code": "guessed", "state": begun.headers["Location"].partition("state=")[2].partition("&")[0]}

    assert mine.get("/login/return", params=stolen).status_code == 403
    assert other.get("/login/return", params=stolen).status_code == 403
    assert mine.get("/login/return", params={"code": "x", "state": "another"}).status_code == 403


def test_nobody_is_sent_on_to_another_site(console: Callable[..., TestClient], provider: Provider) -> None:
    _, text = come_back(console(), provider, onward="//evil.example/")

    assert 'content="0; url=/"' in text


def test_a_provider_that_is_away_is_said(console: Callable[..., TestClient], provider: Provider) -> None:
    gone = console(oidc_issuer="http://localhost:1")
    renamed = console(oidc_issuer=provider.issuer + "/")

    assert gone.get("/login/provider").status_code == 503
    assert renamed.get("/login/provider").status_code == 403


def test_a_provider_that_goes_away_meanwhile_is_said(
    console: Callable[..., TestClient], provider: Provider
) -> None:
    client = console()
    provider.token_endpoint = "http://localhost:1/token"

    assert come_back(client, provider)[0] == 503


def test_without_a_provider_there_is_none(desk: TestClient) -> None:
    assert desk.get("/login/provider").status_code == 404
    assert "organisation" not in desk.get("/login").text

"""Hostile requests: foreign names, other sites, bodies that are too long or too slow, HTML in names."""

from __future__ import annotations

import asyncio
import re

from fastapi.testclient import TestClient

from web.guard import Bounds, Guard


def test_a_server_of_this_machine_answers_to_no_foreign_name(client: TestClient) -> None:
    for host in ("evil.example", "localhost.evil.example", "127.0.0.1.evil.example:8020", ""):
        answer = client.get("/v1/documents", headers={"Host": host})
        assert answer.status_code == 421
        assert answer.headers["content-type"] == "application/problem+json"
        assert answer.json() == {
            "type": "urn:countersign:wrong_host",
            "title": "Misdirected Request",
            "status": 421,
            "code": "wrong_host",
            "detail": "this server is not called by that name",
        }


def test_it_answers_to_each_of_its_names(client: TestClient) -> None:
    for host in ("localhost", "LOCALHOST:8020", "127.0.0.1:1", "[::1]:8020", "[::1]"):
        assert client.get("/v1/health", headers={"Host": host}).status_code == 200


def test_without_logins_no_proxy_is_answered(client: TestClient) -> None:
    answer = client.get("/v1/documents", headers={"X-Forwarded-For": "203.0.113.9"})

    assert (answer.status_code, answer.json()["code"]) == (403, "behind_a_proxy")


def test_another_site_cannot_write(client: TestClient) -> None:
    for name, value in (
        ("Sec-Fetch-Site", "cross-site"),
        ("Sec-Fetch-Site", "same-site"),
        ("Origin", "https://evil.example"),
        ("Origin", "null"),
    ):
        answer = client.post("/v1/documents", headers={name: value})
        assert (answer.status_code, answer.json()["code"]) == (403, "cross_site")


def test_a_path_that_climbs_reaches_no_file(client: TestClient) -> None:
    for path in ("/static/..%2f..%2fapp.py", "/static/%2e%2e/pages.py", "/static/htmx.min.js%00.css"):
        assert client.get(path).status_code in (404, 422)


def test_names_and_claims_are_shown_as_text(client: TestClient) -> None:
    page = client.get("/documents/1").text

    assert "Ann &lt;b&gt;&amp;" in page
    assert "Ann <b>" not in page


def test_pages_run_no_script_but_ours_and_nothing_inline(client: TestClient) -> None:
    first, second = (client.get("/documents") for _ in range(2))
    policy = first.headers["content-security-policy"]
    nonce = re.search(r"script-src 'nonce-([^']+)'", policy)

    assert nonce is not None
    assert re.findall(r"<script[^>]*>", first.text) == [
        f'<script src="/static/htmx.min.js" nonce="{nonce.group(1)}" defer>'
    ]
    assert policy != second.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert re.findall(r"\s(?:style|on\w+)=", first.text + client.get("/documents/1").text) == []


def test_nothing_of_the_evidence_is_kept_by_browsers(client: TestClient) -> None:
    for path in ("/documents/1", "/v1/documents/1/pages/0/image", "/v1/documents"):
        answer = client.get(path)
        assert "no-store" in answer.headers["cache-control"]
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["cross-origin-resource-policy"] == "same-origin"


async def _echo(scope, receive, send) -> None:
    """An app that reads its whole body."""
    more = True
    while more:
        more = (await receive()).get("more_body", False)
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": b""})


def answered(bounds: Bounds, *pieces: bytes | None, headers: tuple[tuple[bytes, bytes], ...] = ()) -> int:
    """The status of a request whose body comes in these pieces; None never comes."""
    sent, left = [], list(pieces)

    async def receive():
        piece = left.pop(0)
        if piece is None:
            await asyncio.Event().wait()
        return {"type": "http.request", "body": piece, "more_body": bool(left)}

    async def send(message) -> None:
        sent.append(message)

    scope = {"type": "http", "method": "POST", "path": "/", "headers": [(b"host", b"localhost"), *headers]}
    asyncio.run(Guard(_echo, bounds)(scope, receive, send))
    return sent[0]["status"]


def test_a_body_that_is_announced_too_long_is_not_read() -> None:
    assert answered(Bounds(body_bytes=10), headers=((b"content-length", b"11"),)) == 413
    assert answered(Bounds(body_bytes=10), headers=((b"content-length", b"-1"),)) == 413


def test_a_body_is_counted_whatever_it_announces() -> None:
    assert answered(Bounds(body_bytes=10), b"12345", b"12345") == 200
    assert answered(Bounds(body_bytes=10), b"12345", b"123456") == 413


def test_a_slow_body_is_given_up() -> None:
    assert answered(Bounds(body_seconds=0.05), b"12345", None) == 408

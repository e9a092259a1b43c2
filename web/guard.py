"""What every request passes: whose name it calls us by, where it comes from, and how much it may send.

Pages of other sites reach a server on this machine through the browser of whoever sits at it. So requests
that call us by a foreign name (DNS rebinding), and writes that another site has sent, are refused.
"""

from __future__ import annotations

import asyncio
import json
import secrets
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from web.problem_details import MEDIA_TYPE, make_problem
from web.rates import rate_headers

#: Names of this machine, as a browser writes them without the port.
LOOPBACK = frozenset({"localhost", "127.0.0.1", "[::1]", "::1"})
#: Methods that change nothing.
_SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
#: What a browser says of a request that a page of ours, or a person's own hand, has made.
_OURS = frozenset({"same-origin", "none"})

_HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=()",
}


@dataclass(frozen=True)
class Bounds:
    """What a request may cost, and by which names we may be called; any where none is given."""

    names: Collection[str] = field(default=LOOPBACK)
    #: Bytes of a body, and seconds in which it must have come.
    body_bytes: int = 256 * 1024 * 1024
    body_seconds: float = 60.0
    #: Whether requests that passed a proxy are refused: behind one, loopback says nothing of who asks.
    direct_only: bool = True


class Guard:
    """An ASGI app around another."""

    def __init__(self, app: ASGIApp, bounds: Bounds) -> None:
        self._app = app
        self._bounds = bounds

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Refuse, or hand on with a nonce for scripts and with bounds on the body."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        nonce = secrets.token_urlsafe(16)
        scope["state"] = {**scope.get("state", {}), "nonce": nonce}
        out = _with_headers(send, nonce, scope["state"])
        refusal = self._refusal(scope["method"], Headers(scope=scope))
        if refusal is not None:
            await _answer(out, *refusal)
            return
        body = _Body(receive, self._bounds)
        try:
            await self._app(scope, body.receive, body.watch(out))
        except _Refused as refused:
            if not body.answered:
                await _answer(out, *refused.problem)

    def _refusal(self, method: str, headers: Headers) -> tuple[int, str, str] | None:
        host = headers.get("host", "")
        if self._bounds.names and _name(host) not in self._bounds.names:
            return 421, "wrong_host", "this server is not called by that name"
        if self._bounds.direct_only and ("forwarded" in headers or "x-forwarded-for" in headers):
            return 403, "behind_a_proxy", "without logins this server answers no proxy"
        if method not in _SAFE and not _from_us(headers, host):
            return 403, "cross_site", "another site has sent this request"
        length = headers.get("content-length", "0")
        if not length.isdecimal() or int(length) > self._bounds.body_bytes:
            return 413, "too_large", f"a request may have {self._bounds.body_bytes} bytes"
        return None


class _Refused(Exception):
    def __init__(self, status: int, code: str, detail: str) -> None:
        super().__init__(status, code, detail)
        self.problem = status, code, detail


class _Body:
    """A body that is counted and timed while it comes in."""

    def __init__(self, receive: Receive, bounds: Bounds) -> None:
        self._receive = receive
        self._bounds = bounds
        self._bytes = 0
        self._done = False
        self._deadline = asyncio.get_running_loop().time() + bounds.body_seconds
        #: Whether an answer has begun.
        self.answered = False

    async def receive(self) -> Message:
        """The next piece. _Refused when the body is too long or too slow."""
        if self._done:
            return await self._receive()
        try:
            async with asyncio.timeout_at(self._deadline):
                message = await self._receive()
        except TimeoutError as error:
            raise _Refused(408, "too_slow", "the request did not come in time") from error
        self._bytes += len(message.get("body", b""))
        self._done = not message.get("more_body", False)
        if self._bytes > self._bounds.body_bytes:
            raise _Refused(413, "too_large", f"a request may have {self._bounds.body_bytes} bytes")
        return message

    def watch(self, send: Send) -> Send:
        """Note when the answer begins."""

        async def watched(message: Message) -> None:
            self.answered = True
            await send(message)

        return watched


def _name(host: str) -> str:
    """A Host header without its port, in lower case."""
    bare, _, port = host.lower().rpartition(":")
    return bare if port.isdecimal() and bare else host.lower()


def _from_us(headers: Headers, host: str) -> bool:
    """Whether no other site has sent it: by Fetch Metadata, else by Origin; programs send neither."""
    site = headers.get("sec-fetch-site")
    if site is not None:
        return site in _OURS
    origin = headers.get("origin")
    return origin is None or origin.partition("://")[2].lower() == host.lower()


def _with_headers(send: Send, nonce: str, state: Mapping[str, object]) -> Send:
    policy = (
        f"default-src 'none'; script-src 'nonce-{nonce}'; style-src 'self'; img-src 'self'; "
        "connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    )

    async def sent(message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = MutableHeaders(scope=message)
            headers.update({**_HEADERS, "Content-Security-Policy": policy, **rate_headers(state.get("rate"))})
            # What is shown here is evidence: no copy of it stays in a browser or a proxy.
            headers.setdefault("Cache-Control", "no-store")
        await send(message)

    return sent


async def _answer(send: Send, status: int, code: str, detail: str) -> None:
    body = json.dumps(make_problem(status, code, detail).json_object()).encode()
    headers = [
        (b"content-type", MEDIA_TYPE.encode()),
        (b"content-length", str(len(body)).encode()),
        (b"connection", b"close"),
    ]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})

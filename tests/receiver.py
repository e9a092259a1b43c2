"""An HTTP server of a test that is told by webhooks: it keeps what came, and answers as it is asked to."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

#: What the server does with a request: writes an answer, or anything else.
Conduct = Callable[[BaseHTTPRequestHandler], None]


@dataclass(frozen=True)
class Told:
    """One request that came."""

    path: str
    headers: Mapping[str, str]
    body: bytes

    @property
    def message(self) -> str:
        return self.headers["webhook-id"]

    @property
    def content(self) -> dict[str, Any]:
        content: dict[str, Any] = json.loads(self.body)
        return content


def status(code: int, **headers: str) -> Conduct:
    def answer(request: BaseHTTPRequestHandler) -> None:
        request.send_response(code)
        for name, value in headers.items():
            request.send_header(name, value)
        request.send_header("Content-Length", "0")
        request.end_headers()

    return answer


def raw(data: bytes) -> Conduct:
    """Bytes as they are, and the end of the connection."""

    def answer(request: BaseHTTPRequestHandler) -> None:
        request.wfile.write(data)

    return answer


TAKEN = status(204)


@dataclass
class Receiver:
    """What came, in order; `conducts` are used up one by one, then `otherwise` holds."""

    port: int = 0
    told: list[Told] = field(default_factory=list)
    conducts: list[Conduct] = field(default_factory=list)
    otherwise: Conduct = TAKEN
    #: Set when the test ends: conducts that stand still wait for it.
    ending: threading.Event = field(default_factory=threading.Event)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/hook"

    @property
    def messages(self) -> list[str]:
        return [one.message for one in self.told]

    def stand_still(self, request: BaseHTTPRequestHandler) -> None:
        """Answer nothing until the test ends."""
        self.ending.wait(60)

    def drip(self, request: BaseHTTPRequestHandler) -> None:
        """One byte of a head at a time, for as long as somebody listens."""
        request.wfile.write(b"HTTP/1.1 200 OK\r\nX: ")
        while not self.ending.wait(0.05):
            request.wfile.write(b"x")


@contextmanager
def receiving() -> Iterator[Receiver]:
    """A receiver that listens on loopback while the block runs."""
    receiver = Receiver()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            receiver.told.append(Told(self.path, {k.lower(): v for k, v in self.headers.items()}, body))
            conduct = receiver.conducts.pop(0) if receiver.conducts else receiver.otherwise
            try:
                conduct(self)
            except ConnectionError:
                self.close_connection = True

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    receiver.port = server.server_port
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield receiver
    finally:
        receiver.ending.set()
        server.shutdown()
        server.server_close()
        thread.join()

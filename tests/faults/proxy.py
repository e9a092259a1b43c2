"""An HTTP proxy before the object store that fails on demand, by seeded chance, as stores do."""

from __future__ import annotations

import http.client
import random
import socket
import struct
import threading
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import unquote, urlsplit

#: Answers with a status of their own: the status and the S3 error code.
ERRORS = {
    "500": (500, "InternalError"),
    "503": (503, "SlowDown"),
    "missing": (404, "NoSuchKey"),
    # What MinIO says when its disks are full.
    "disk_full": (507, "XMinioStorageFull"),
}
#: What only some requests can meet.
METHODS = {"missing": ("GET", "HEAD"), "disk_full": ("PUT",), "truncated": ("GET",)}
#: Seconds that a slow answer takes.
SLOW = 1.5


#: The status, the S3 error code and the sentence of a refusal.
Refusal = tuple[int, str, str]


class Weather:
    """How the store fails at present: chances by kind. What was done is counted."""

    def __init__(self) -> None:
        self._chances: Mapping[str, float] = {}
        self._random = random.Random(0)
        self._lock = threading.Lock()
        self._refused: dict[str, Mapping[str, Refusal]] = {}
        self._left: Counter[str] = Counter()
        self.done: Counter[str] = Counter()

    def refuse(self, path: str, *, times: int | None = None, **refusals: Refusal) -> None:
        """Refuse this path from now on, by method: `/bucket/key`, or `/bucket` for the bucket itself.

        `times` is how many of its requests are refused before the path is served again.
        """
        self._refused[path] = refusals
        self._left[path] = -1 if times is None else times

    def refusal(self, method: str, target: str) -> Refusal | None:
        """What this request is refused with."""
        path = unquote(urlsplit(target).path)
        with self._lock:
            refusal = self._refused.get(path, {}).get(method)
            if refusal is None or self._left[path] == 0:
                return None
            self._left[path] -= 1
            self.done["refused"] += 1
            return refusal

    def turn(self, seed: int, **chances: float) -> None:
        """Fail so from now on."""
        with self._lock:
            self._random, self._chances = random.Random(seed), chances

    def draw(self, method: str) -> str:
        """The kind of failure that this request meets, or nothing."""
        with self._lock:
            for kind, chance in self._chances.items():
                if method in METHODS.get(kind, (method,)) and self._random.random() < chance:
                    self.done[kind] += 1
                    return kind
        return ""


class _Handler(BaseHTTPRequestHandler):
    """One connection of a client."""

    protocol_version = "HTTP/1.1"
    weather: Weather
    server_port: int

    def serve(self) -> None:
        """Answer one request, whatever its method."""
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        refusal = self.weather.refusal(self.command, self.path)
        kind = self.weather.draw(self.command)
        if refusal is not None or kind in ERRORS:
            status, code, sentence = refusal or (*ERRORS[kind], kind)
            body = f"<Error><Code>{code}</Code><Message>{sentence}</Message></Error>".encode()
            self._answer(status, {}, body)
        elif kind == "garbage":
            self._answer(502, {"Content-Type": "text/html"}, b"<html><body>Bad gateway<br></body></html>")
        elif kind == "cut":
            self._reset()
        else:
            if kind == "slow":
                threading.Event().wait(SLOW)
            self._pass_on(body, kind)

    def _pass_on(self, body: bytes, kind: str) -> None:
        upstream = http.client.HTTPConnection("127.0.0.1", self.server_port, timeout=60)
        headers = {name: value for name, value in self.headers.items() if name.lower() != "expect"}
        upstream.request(self.command, self.path, body or None, headers)
        answer = upstream.getresponse()
        data = answer.read()
        upstream.close()
        if kind == "lost_answer":
            self._reset()
        else:
            self._answer(answer.status, dict(answer.getheaders()), data, cut=kind == "truncated")

    def _answer(self, status: int, headers: Mapping[str, str], data: bytes, *, cut: bool = False) -> None:
        ours = {"transfer-encoding", "connection", "content-length", "date", "server"}
        length = headers.get("Content-Length", str(len(data))) if self.command == "HEAD" else str(len(data))
        self.send_response(status)
        for name, value in headers.items():
            if name.lower() not in ours:
                self.send_header(name, value)
        self.send_header("Content-Length", length)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(data[: len(data) // 2] if cut else data)
        if cut:
            self.wfile.flush()
            self._reset()

    def _reset(self) -> None:
        self.close_connection = True
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.connection.shutdown(socket.SHUT_RDWR)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - as in http.server
        """Say nothing: the suite counts what was done."""


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A worker that was killed in the middle of a request is what this is for."""


@contextmanager
def failing_proxy(server_port: int) -> Iterator[tuple[str, Weather]]:
    """Yield the endpoint of a proxy to the store on that port, and what decides how it fails."""
    weather = Weather()
    methods = {f"do_{name}": _Handler.serve for name in ("GET", "PUT", "HEAD", "POST", "DELETE")}
    handler = type("Handler", (_Handler,), {"weather": weather, "server_port": server_port, **methods})
    server = _Server(("127.0.0.1", 0), handler)
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.1}, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}", weather
    finally:
        server.shutdown()
        server.server_close()

"""Runs the app: on which address, and until when."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from socket import socket
from types import FrameType

import uvicorn

from web.app import guarded_app, make_web_app
from web.deps import WebDeps
from web.guard import LOOPBACK, Bounds

#: Seconds that requests may take to end once the server is told to.
CLOSING_SECONDS = 10
#: Seconds after which a connection that says nothing is closed, and requests that are at work at once.
KEEP_ALIVE, MOST_REQUESTS = 5, 256


@dataclass(frozen=True, slots=True)
class Address:
    """Where the server listens."""

    host: str
    port: int

    @property
    def is_loopback(self) -> bool:
        """Whether only this machine reaches it."""
        return self.host in LOOPBACK

    @property
    def url(self) -> str:
        """The address for a browser."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"http://{host}:{self.port}"


class _Server(uvicorn.Server):
    """Lets requests that wait for a document go, as soon as it is told to end."""

    def __init__(self, config: uvicorn.Config, deps: WebDeps, on_start: Callable[[int], None]) -> None:
        super().__init__(config)
        self._deps = deps
        self._on_start = on_start

    async def startup(self, sockets: list[socket] | None = None) -> None:
        """Listen, and say on which port."""
        await super().startup(sockets)
        if self.started:
            self._on_start(self.servers[0].sockets[0].getsockname()[1])

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """A signal has come."""
        self._deps.stopping.set()
        super().handle_exit(sig, frame)


def serve_app(deps: WebDeps, address: Address, bounds: Bounds, *, on_start: Callable[[int], None]) -> None:
    """Serve until a signal comes; port 0 takes a free one. `on_start` is told the port."""
    config = uvicorn.Config(
        guarded_app(make_web_app(deps), bounds),
        host=address.host.strip("[]"),
        port=address.port,
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=False,
        timeout_keep_alive=KEEP_ALIVE,
        timeout_graceful_shutdown=CLOSING_SECONDS,
        limit_concurrency=MOST_REQUESTS,
    )
    _Server(config, deps, on_start).run()

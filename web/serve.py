"""Runs the app: over what, on which address, and until when."""

from __future__ import annotations

import math
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from pkgutil import resolve_name
from socket import socket
from types import FrameType
from typing import TYPE_CHECKING

import uvicorn

from db.states import ReviewReason
from producer.services.background import BackgroundReader
from producer.services.enroll import OnlineEnroller
from producer.services.intake import connect_bucket
from producer.services.keys import list_keys
from producer.services.receive import BucketIntake, FolderIntake
from producer.services.review import ReviewRules
from producer.services.run_folder import results_folder
from web.app import guarded_app, make_web_app
from web.deps import WebDeps
from web.guard import LOOPBACK, Bounds
from web.rates import RateLimit
from worker import connections
from worker.settings import Identities, Reading, Web, Webhooks

if TYPE_CHECKING:
    from web.identity import IdentityProvider

#: Seconds that requests may take to end once the server is told to.
CLOSING_SECONDS = 10
#: Seconds after which a connection that says nothing is closed, and requests that are at work at once.
KEEP_ALIVE, MOST_REQUESTS = 5, 256
#: Seconds after which a thread lets others go on. A request waits for servers some fifteen times, each time
#: also for its turn here: at the usual five milliseconds these turns are most of what it takes.
SWITCH_SECONDS = 0.0005
#: Bytes of a request beside the document in it.
_AROUND = 1024 * 1024


@dataclass(frozen=True, slots=True)
class ServeOptions:
    """What is served, and on which address."""

    host: str = "127.0.0.1"
    port: int = 8020
    #: A results folder; None for the configured servers.
    results: Path | None = None
    #: Host names by which browsers may call it.
    names: tuple[str, ...] = ()
    login: bool = False
    read_only: bool = False
    tls_in_front: bool = False
    four_eyes: bool = False
    four_eyes_for: frozenset[ReviewReason] = frozenset()
    four_eyes_from: float = math.inf
    sample: float = 0.0
    planted: float = 0.0

    @property
    def rules(self) -> ReviewRules:
        """What the review queue asks for."""
        return ReviewRules(self.four_eyes, self.four_eyes_for, self.four_eyes_from, self.sample, self.planted)

    @property
    def asks_for_keys(self) -> bool:
        """Not on a results folder that only this machine reaches."""
        return self.login or self.results is None or self.host not in LOOPBACK

    def url(self, port: int) -> str:
        """The address for a browser."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"http://{host}:{port}"

    @property
    def bounds(self) -> Bounds:
        """What a request may cost, and by which names it may call us.

        Where keys are asked for, a foreign name helps nobody: browsers keep the cookie for its own name.
        """
        names = frozenset({*self.names, *LOOPBACK}) if self.names else frozenset[str]()
        return Bounds(
            names=names if self.asks_for_keys else LOOPBACK | names,
            body_bytes=Reading().max_bytes + _AROUND,
            direct_only=not self.asks_for_keys,
        )


@dataclass(frozen=True, slots=True)
class ServedApp:
    """The app's dependencies, and whether nobody could log in yet."""

    deps: WebDeps
    needs_first_key: bool


@contextmanager
def open_app(options: ServeOptions) -> Iterator[ServedApp]:
    """Open what is served; closed behind the block. WrongUse."""
    with ExitStack() as exits:
        if options.results is None:
            deps = _deps_of_servers(options)
        else:
            deps = exits.enter_context(_deps_of_folder(options.results, options))
        yield ServedApp(deps, options.asks_for_keys and not list_keys(deps.sessions))


def _deps_of_servers(options: ServeOptions) -> WebDeps:
    store, admin, settings = connections.store(), connections.admin_sessions(), Web()
    deps = WebDeps(
        connections.sessions(),
        store,
        None if options.read_only else BucketIntake(connect_bucket()),
        admin_sessions=admin,
        rules=options.rules,
        rates=RateLimit(settings.web_rate, connections.request_counter()),
        webhook_networks=Webhooks().webhook_networks,
        secure_cookies=options.tls_in_front,
        identities=_identities(),
        public_url=Webhooks().public_url,
        flower_url=settings.flower_url,
    )
    if admin is None or options.read_only:
        return deps
    return replace(deps, enroller=OnlineEnroller(admin, store).get)


def _identities() -> IdentityProvider | None:
    settings = Identities()
    if settings.oidc_issuer is None:
        return None
    # It needs the extra `web`, and nothing else does.
    build: Callable[[Identities], IdentityProvider] = resolve_name("web.identity:IdentityProvider")
    return build(settings)


@contextmanager
def _deps_of_folder(results: Path, options: ServeOptions) -> Iterator[WebDeps]:
    """Those of a results folder; unless it is only looked at, its unfinished documents are read on."""
    with results_folder(results) as folder, _reader(results) as reader:
        deps = WebDeps(
            folder.sessions,
            folder.store,
            rules=options.rules,
            rates=RateLimit(Web().web_rate),
            logins=options.asks_for_keys,
            webhook_networks=Webhooks().webhook_networks,
            secure_cookies=options.tls_in_front,
            identities=_identities() if options.asks_for_keys else None,
            public_url=Webhooks().public_url,
        )
        if not options.read_only:
            reader.start_unfinished(folder.sessions)
            intake = FolderIntake(results, folder.sessions, reader.start)
            deps = replace(deps, intake=intake, enroller=lambda: reader.workspace.enroller)
        yield deps


def serve_app(options: ServeOptions, app: ServedApp, *, on_start: Callable[[str], None]) -> None:
    """Serve until a signal comes. `on_start` is told the address."""
    sys.setswitchinterval(SWITCH_SECONDS)
    config = uvicorn.Config(
        guarded_app(make_web_app(app.deps), options.bounds),
        host=options.host.strip("[]"),
        port=options.port,
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=False,
        timeout_keep_alive=KEEP_ALIVE,
        timeout_graceful_shutdown=CLOSING_SECONDS,
        limit_concurrency=MOST_REQUESTS,
    )
    _Server(config, app.deps, lambda port: on_start(options.url(port))).run()


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


@contextmanager
def _reader(root: Path) -> Iterator[BackgroundReader]:
    reader = BackgroundReader(root)
    try:
        yield reader
    finally:
        reader.close()

"""What the routes are handed: built once at the entry point."""

from __future__ import annotations

from dataclasses import dataclass
from threading import BoundedSemaphore, Event
from typing import Annotated

from fastapi import Depends, Request

from db.engine import Sessions
from worker.storage.port import Store

#: Requests that may wait for a document at the same time; further ones are answered at once.
MOST_WAITING = 16


@dataclass(frozen=True)
class WebDeps:
    """The database, the store, and what bounds the work of this process."""

    sessions: Sessions
    store: Store
    #: Set when the server ends: who waits for a document is answered then.
    stopping: Event
    waiting: BoundedSemaphore


def make_web_deps(sessions: Sessions, store: Store) -> WebDeps:
    """On this database and store."""
    return WebDeps(sessions, store, Event(), BoundedSemaphore(MOST_WAITING))


def _web_deps(request: Request) -> WebDeps:
    deps = request.app.state.deps
    assert isinstance(deps, WebDeps)
    return deps


#: A route's parameter of this type is what the app was made with.
Deps = Annotated[WebDeps, Depends(_web_deps)]

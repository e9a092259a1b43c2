"""What the routes are handed: built once at the entry point."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from threading import BoundedSemaphore, Event
from typing import TYPE_CHECKING, Annotated

from fastapi import Depends, Request

from db.engine import Sessions
from producer.services.opinions import Opinions
from producer.services.receive import DocumentIntake
from producer.services.review import ReviewRules
from web.rates import RateLimit
from worker.settings import IPNetwork
from worker.storage.port import Store

if TYPE_CHECKING:
    from web.identity import IdentityProvider
    from worker.enrolling import Enroller

#: Requests that may wait for a document at the same time; further ones are answered at once.
MOST_WAITING = 16


@dataclass(frozen=True)
class WebDeps:
    """The database, the store, the intake, and what bounds the work of this process."""

    sessions: Sessions
    store: Store
    #: Where documents are put that come in; None where none do.
    intake: DocumentIntake | None = None
    #: Transactions by a login that changes signers and erases, where the first may not.
    admin_sessions: Sessions | None = None
    #: Puts references on file; None where this server enrolls nobody.
    enroller: Callable[[], Enroller] | None = None
    opinions: Opinions = field(default_factory=Opinions)
    #: Private networks whose addresses may be webhooks.
    webhook_networks: Sequence[IPNetwork] = ()
    #: How often each key may call.
    rates: RateLimit = field(default_factory=RateLimit)
    #: What the review queue asks for.
    rules: ReviewRules = field(default_factory=ReviewRules)
    #: Where people log in without a key; None where they do not, and the address under which they reach us.
    identities: IdentityProvider | None = None
    public_url: str | None = None
    #: Whether callers need a key. Without, whoever reaches the server may do everything.
    logins: bool = True
    #: Whether pages are reached over TLS, so that browsers send the cookie nowhere else.
    secure_cookies: bool = False
    #: Set when the server ends: who waits for a document is answered then.
    stopping: Event = field(default_factory=Event)
    waiting: BoundedSemaphore = field(default_factory=lambda: BoundedSemaphore(MOST_WAITING))
    #: Where Flower is, for a link.
    flower_url: str | None = None
    #: Stands in forms where there are no sessions that could have tokens of their own.
    form_token: str = field(default_factory=lambda: secrets.token_urlsafe(16))

    @property
    def changing(self) -> Sessions:
        """Transactions in which signers are changed and documents erased."""
        return self.admin_sessions or self.sessions


# What waits for nothing runs in the loop: a thread for it would cost more than it does.
async def _web_deps(request: Request) -> WebDeps:
    deps = request.app.state.deps
    assert isinstance(deps, WebDeps)
    return deps


#: A route's parameter of this type is what the app was made with.
Deps = Annotated[WebDeps, Depends(_web_deps)]

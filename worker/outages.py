"""Which errors say that the database, the queues or the store are away, and how long to wait for them."""

from __future__ import annotations

import random
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import count

from worker.errors import BrokerUnavailable, NotificationsUnavailable, StorageUnavailable

#: What libraries raise, by module.
_Raised = Mapping[str, tuple[str, ...]]
#: Connection refused or lost, shutting down, no free connection, a full disk, a lock that is never released,
#: and transactions that Postgres asks to run again. A statement that is wrong is not among it.
_DATABASE_AWAY: _Raised = {"sqlalchemy.exc": ("OperationalError", "InterfaceError", "TimeoutError")}
_CLIENTS: _Raised = {
    "kombu.exceptions": ("OperationalError",),
    "redis.exceptions": ("RedisError",),
    "botocore.exceptions": ("BotoCoreError", "ClientError"),
}
#: Whatever the database answers, an error of its own included.
_DATABASE: _Raised = {"sqlalchemy.exc": ("DBAPIError", "TimeoutError")}

Errors = tuple[type[Exception], ...]


def database_away() -> Errors:
    """The database is away or overloaded."""
    return _loaded(_DATABASE_AWAY)


def outages() -> Errors:
    """What surrounds a document is away, as the stages see it: they must not burn its attempts."""
    return (StorageUnavailable, BrokerUnavailable, *database_away())


def unavailable() -> Errors:
    """The same, for intake: of stores, queues and notifications our errors, of the database its library's."""
    return (StorageUnavailable, NotificationsUnavailable, BrokerUnavailable, OSError, *database_away())


def server_errors() -> Errors:
    """All that the servers' libraries raise: away, overloaded, or refusing."""
    return _loaded({**_DATABASE, **_CLIENTS})


def _loaded(raised: _Raised) -> Errors:
    """The classes whose library is loaded: a library that is not loaded has raised nothing."""
    return tuple(
        getattr(sys.modules[module], name)
        for module, names in raised.items()
        if module in sys.modules
        for name in names
    )


@dataclass(frozen=True, slots=True)
class Backoff:
    """Pauses between attempts, in seconds: doubling, bounded, with jitter so that a crowd spreads out."""

    first: float
    longest: float

    def pause(self, attempt: int) -> float:
        """The pause after that attempt, from 1: between half of the full one and all of it."""
        # Beyond that the longest pause is reached anyway, and a float overflows in the end.
        full = min(self.first * 2.0 ** min(attempt - 1, 64), self.longest)
        return full * random.uniform(0.5, 1.0)

    def pauses(self) -> Iterator[float]:
        """The pauses after the first attempt and all that follow, without end."""
        return (self.pause(attempt) for attempt in count(1))

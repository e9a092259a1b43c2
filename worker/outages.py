"""Which errors say that the database, the queues or the store are away, and how long to wait for them."""

from __future__ import annotations

import random
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import count

from worker.errors import BrokerUnavailable, NotificationsUnavailable, StorageUnavailable

Errors = tuple[type[Exception], ...]

#: By module of a server's library the errors that it raises, whatever the server did.
_LIBRARY_ERRORS = {
    "sqlalchemy.exc": ("DBAPIError", "TimeoutError"),
    "kombu.exceptions": ("OperationalError",),
    "redis.exceptions": ("RedisError",),
    "botocore.exceptions": ("BotoCoreError", "ClientError"),
}


def is_read_only(error: Exception) -> bool:
    """Whether somebody wanted to write into the database of a results folder that can only be read."""
    return str(getattr(error, "orig", "")).startswith("attempt to write a readonly database")


def database_away() -> Errors:
    """The database is away or overloaded; nothing where no database was opened."""
    if "sqlalchemy" not in sys.modules:
        return ()
    from db.errors import DATABASE_AWAY  # noqa: PLC0415 - front doors load without SQLAlchemy

    return DATABASE_AWAY


def outages() -> Errors:
    """What surrounds a document is away, as the stages see it: they must not burn its attempts."""
    return (StorageUnavailable, BrokerUnavailable, *database_away())


def unavailable() -> Errors:
    """The same, for intake: of stores, queues and notifications our errors, of the database its library's."""
    return (StorageUnavailable, NotificationsUnavailable, BrokerUnavailable, OSError, *database_away())


def server_errors() -> Errors:
    """All that the servers' libraries raise: away, overloaded, or refusing.

    A library that is not loaded has raised nothing, and not all of them need be installed.
    """
    return tuple(
        getattr(sys.modules[module], name)
        for module, names in _LIBRARY_ERRORS.items()
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

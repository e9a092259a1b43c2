"""Which errors mean that the database is away or overloaded, not that a statement is wrong."""

from __future__ import annotations

from sqlalchemy.exc import InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout

#: Connection refused or lost, shutting down, no free connection, a full disk, a lock that nobody lets go,
#: and transactions that Postgres asks to run again: deadlocks and serialization failures.
AWAY: tuple[type[Exception], ...] = (OperationalError, InterfaceError, PoolTimeout)

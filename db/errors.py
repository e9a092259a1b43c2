"""What the database's library raises, sorted by what it means for whoever asked."""

from __future__ import annotations

from sqlalchemy.exc import InterfaceError, OperationalError, TimeoutError  # noqa: A004 - its name

#: Away or overloaded: connection refused or lost, shutting down, no free connection, a full disk, a lock that
#: is never released, and transactions that Postgres asks to run again. A wrong statement is not among it.
DATABASE_AWAY = (OperationalError, InterfaceError, TimeoutError)

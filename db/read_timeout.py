"""A read timeout for PostgreSQL: libpq itself waits forever on a connection that is half-open.

The server's own limits do not reach a client that the server cannot reach, and keepalives do not find a
proxy or a pooler that is up but passes nothing on. So every wait goes through `select.poll` with a limit.
"""

from __future__ import annotations

import select

import psycopg2  # type: ignore[import-untyped]
from psycopg2 import extensions

#: Seconds that opening a connection may take.
CONNECT = 10.0
_OPEN = (extensions.STATUS_READY, extensions.STATUS_BEGIN, extensions.STATUS_PREPARED)


class Connection(extensions.connection):  # type: ignore[misc]
    """A connection that is given up when the server is silent for too long."""

    #: Seconds; None waits forever.
    answer_within: float | None = None


def connection_class(answer_within: float | None) -> type[Connection]:
    """The class of connections with that limit."""
    return type("TimedConnection", (Connection,), {"answer_within": answer_within})


def _wait(connection: extensions.connection) -> None:
    """Let one exchange with the server happen. OperationalError when it falls silent."""
    limit = connection.answer_within if isinstance(connection, Connection) else None
    if connection.status not in _OPEN:
        limit = CONNECT
    while (state := connection.poll()) != extensions.POLL_OK:
        poll = select.poll()
        poll.register(connection.fileno(), select.POLLIN if state == extensions.POLL_READ else select.POLLOUT)
        if not poll.poll(None if limit is None else limit * 1000):
            raise psycopg2.OperationalError(f"PostgreSQL said nothing for {limit:g} s")


extensions.set_wait_callback(_wait)

"""Connections of a pool that were lent a moment ago are lent again without a question to the server.

A question before each transaction costs as much as a statement. One that the server has closed is told by its
socket; one that rested for longer is asked.
"""

from __future__ import annotations

import select
import time

from sqlalchemy import Engine, event, exc
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.pool import ConnectionPoolEntry

#: Seconds after which a connection is asked whether it still answers.
RESTED = 1.0
_RETURNED = "returned_at"


def ask_rested(engine: Engine) -> None:
    """Replace connections of this engine that are gone, before a transaction begins on them."""

    @event.listens_for(engine, "checkin")
    def returned(_connection: DBAPIConnection | None, entry: ConnectionPoolEntry) -> None:
        entry.info[_RETURNED] = time.monotonic()

    @event.listens_for(engine, "checkout")
    def lent(connection: DBAPIConnection, entry: ConnectionPoolEntry, _lent: object) -> None:
        moment = entry.info.pop(_RETURNED, None)
        if moment is None:
            return
        try:
            if time.monotonic() - moment >= RESTED or _has_word(connection):
                engine.dialect.do_ping(connection)
        except engine.dialect.loaded_dbapi.Error as error:
            # All that were opened before it are asked for nothing any more.
            raise exc.InvalidatePoolError from error


def _has_word(connection: DBAPIConnection) -> bool:
    """Whether something waits to be read, such as its end. The driver's error on one that is closed."""
    poll = select.poll()
    poll.register(connection.fileno(), select.POLLIN)
    return bool(poll.poll(0))

"""What travels on the queues: task names, their queues, and the courier that sends ids."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from celery import Celery, chain
from kombu.exceptions import KombuError
from redis.exceptions import RedisError

from worker.errors import BrokerUnavailable

RENDER = "documents.render"
DETECT = "pages.detect"
VERIFY = "pages.verify"
FINISH = "documents.finish"
SWEEP = "upkeep.sweep"

#: Which queue carries which task; there is one queue per stage.
ROUTES = {
    RENDER: {"queue": "render"},
    DETECT: {"queue": "detect"},
    VERIFY: {"queue": "verify"},
    FINISH: {"queue": "finish"},
    SWEEP: {"queue": "upkeep"},
}


#: What Flower and the events show in place of a task's arguments; `countersign status TASK` knows them.
HIDDEN = "(see countersign status)"


class CeleryCourier:
    """Sends ids through Celery. Call it after the rows are committed, never before.

    Raises BrokerUnavailable.
    """

    def __init__(self, app: Celery) -> None:
        self._app = app

    def render(self, document_id: int) -> None:
        """Have the document rendered."""
        with _translated():
            self._app.send_task(RENDER, (document_id,), argsrepr=HIDDEN)

    def pages(self, chunk_id: int, document_id: int) -> None:
        """One Celery chain over three queues, so that Flower shows parents and roots."""
        steps = [(DETECT, chunk_id), (VERIFY, chunk_id), (FINISH, document_id)]
        links = [
            self._app.signature(name, args=(row_id,), immutable=True, argsrepr=HIDDEN, **ROUTES[name])
            for name, row_id in steps
        ]
        with _translated():
            chain(*links, app=self._app).apply_async()

    def finish(self, document_id: int) -> None:
        """Have the document finished if its last chunk is closed."""
        with _translated():
            self._app.send_task(FINISH, (document_id,), argsrepr=HIDDEN)

    def depth(self, stage: str) -> int:
        """Messages that wait in the queue of a stage; 0 when there is no such queue yet."""
        # A broker that holds the line and says nothing must not hold up who asks.
        bounded = {"socket_timeout": 10}
        with _translated(), self._app.connection_for_read(transport_options=bounded) as connection:
            channel: Any = connection.default_channel  # its stubs know no queue_declare
            try:
                return int(channel.queue_declare(stage, passive=True).message_count)
            except connection.channel_errors:
                return 0


@contextmanager
def _translated() -> Iterator[None]:
    """Turns what the broker's libraries raise into ours."""
    try:
        yield
    except (KombuError, RedisError, OSError) as error:
        raise BrokerUnavailable(str(error)) from error

"""The way onto the queues: ids of committed rows, sent through Celery. Loads no model."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any

from celery import Celery, Signature, chain
from kombu.exceptions import KombuError
from redis.exceptions import RedisError

from db.states import FIRST_STAGE
from worker.app import app
from worker.errors import BrokerUnavailable
from worker.pipeline import PIPELINE, QueueMessage, Stage

#: What Flower and the events show in place of a task's arguments; `countersign status TASK` knows them.
HIDDEN = "(see countersign status)"


class CeleryPublisher:
    """Sends ids through Celery. Call it after the rows are committed, never before.

    Raises BrokerUnavailable.
    """

    def __init__(self, app: Celery) -> None:
        self._app = app

    def start(self, document_id: int) -> None:
        """Send a document that was registered to its first stage."""
        self.send(QueueMessage(stage=FIRST_STAGE, document_id=document_id))

    def send(self, message: QueueMessage) -> None:
        """Send a document, or a chunk of it, to its stage and those that follow.

        One Celery chain over several queues, so that Flower shows parents and roots.
        """
        links = [self._link(stage, message.row_id(stage.name)) for stage in PIPELINE.chain(message.stage)]
        with _translated():
            chain(*links, app=self._app).apply_async()

    def depth(self, queue: str) -> int:
        """Messages that wait in a queue; 0 when there is no such queue yet."""
        # A broker that holds the line and says nothing must not hold up who asks.
        bounded = {"socket_timeout": 10}
        with _translated(), self._app.connection_for_read(transport_options=bounded) as connection:
            channel: Any = connection.default_channel  # its stubs know no queue_declare
            try:
                return int(channel.queue_declare(queue, passive=True).message_count)
            except connection.channel_errors:
                return 0

    def served(self, *, within: float) -> set[str]:
        """Queues from which somebody takes messages, as workers say that answer within so many seconds."""
        bounded = {"socket_timeout": 10, "max_retries": 1}
        with _translated(), self._app.connection_for_write(transport_options=bounded) as connection:
            told = self._app.control.inspect(timeout=within, connection=connection).active_queues()
        return {queue["name"] for queues in (told or {}).values() for queue in queues}

    def _link(self, stage: Stage, row_id: int) -> Signature[None]:
        return self._app.signature(
            stage.task, args=(row_id,), immutable=True, argsrepr=HIDDEN, queue=stage.name.value
        )


@cache
def open_publisher() -> CeleryPublisher:
    """The publisher of this process, on the configured queues."""
    return CeleryPublisher(app)


@contextmanager
def _translated() -> Iterator[None]:
    """Turns what the broker's libraries raise into ours."""
    try:
        yield
    except (KombuError, RedisError, OSError) as error:
        raise BrokerUnavailable(str(error)) from error

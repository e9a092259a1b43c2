"""Requests of the API, counted in Redis for all processes that answer them. Loads no model."""

from __future__ import annotations

import time
from collections.abc import Callable

from redis import Redis
from redis.backoff import NoBackoff
from redis.exceptions import RedisError
from redis.retry import Retry

from worker.log import logger
from worker.settings import Broker

#: What names of counters in Redis begin with, and the seconds after which they are forgotten.
_PREFIX, _FORGET_AFTER = "countersign:rate", 120
#: Seconds that Redis may take to answer, and for which it is not asked again when it has not.
_ANSWER_WITHIN, _REST = 0.5, 5.0


class RedisCounter:
    """Counts for all processes. While Redis is away nothing is counted, and requests are answered."""

    def __init__(self, client: Redis, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._client, self._clock = client, clock
        self._rests_until = clock()

    def count(self, holder: str, window: int) -> int | None:
        """The number of this request of a holder in a window, from 1; None when nobody can say."""
        if self._clock() < self._rests_until:
            return None
        key = f"{_PREFIX}:{holder}:{window}"
        try:
            with self._client.pipeline() as pipeline:
                pipeline.incr(key)
                pipeline.expire(key, _FORGET_AFTER)
                return int(pipeline.execute()[0])
        except RedisError as error:
            self._rests_until = self._clock() + _REST
            logger.warning("requests are not counted", extra={"reason": type(error).__name__})
            return None


def open_request_counter(broker: Broker) -> RedisCounter:
    """A counter on the Redis of the queues."""
    client = Redis.from_url(
        broker.broker_url.get_secret_value(),
        socket_timeout=_ANSWER_WITHIN,
        socket_connect_timeout=_ANSWER_WITHIN,
        retry=Retry(NoBackoff(), 0),
    )
    return RedisCounter(client)

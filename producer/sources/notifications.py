"""Where notifications arrive: an SQS queue, or a Redis list that MinIO writes to.

A message stays until it is acknowledged, after the rows it led to are committed.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import boto3
import redis
from botocore.exceptions import BotoCoreError, ClientError

from producer.sources.port import Message, NotificationSource
from worker.errors import NotificationsUnavailable, WrongUse
from worker.settings import Broker, Intake, Storage

if TYPE_CHECKING:
    from mypy_boto3_sqs.client import SQSClient

#: Messages that SQS gives or takes in one request.
_SQS_MOST = 10
#: Seconds that SQS lets a request wait.
_SQS_LONGEST = 20


class SqsNotifications:
    """An SQS queue. An unacknowledged message comes back when its visibility timeout ends."""

    def __init__(self, client: SQSClient, url: str) -> None:
        self.name = "the SQS queue"
        self._client = client
        self._url = url

    def check(self) -> None:
        """WrongUse when there is no such queue or no access to it."""
        with _translated(self.name):
            try:
                self._client.get_queue_attributes(QueueUrl=self._url, AttributeNames=["QueueArn"])
            except ClientError as error:
                if error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 500) >= 500:
                    raise
                raise WrongUse(f"the SQS queue {self._url} cannot be read: {error}") from error

    def receive(self, *, most: int, wait: float) -> list[Message]:
        """A long poll, then what else is there."""
        messages = self._poll(most, wait)
        while 0 < len(messages) < most and (more := self._poll(most - len(messages), 0)):
            messages += more
        return messages

    def acknowledge(self, messages: Sequence[Message]) -> None:
        """Delete them; one that stays comes back and finds its documents known."""
        for few in _slices(messages, _SQS_MOST):
            entries = [
                {"Id": str(number), "ReceiptHandle": str(message.token)} for number, message in enumerate(few)
            ]
            with _translated(self.name):
                self._client.delete_message_batch(QueueUrl=self._url, Entries=entries)  # type: ignore[arg-type]

    def _poll(self, most: int, wait: float) -> list[Message]:
        with _translated(self.name):
            answer = self._client.receive_message(
                QueueUrl=self._url,
                MaxNumberOfMessages=min(most, _SQS_MOST),
                WaitTimeSeconds=min(math.ceil(wait), _SQS_LONGEST),
            )
        return [Message(one["Body"], one["ReceiptHandle"]) for one in answer.get("Messages", [])]


class RedisNotifications:
    """A Redis list, read through a second list that holds what is being worked on.

    What a watcher left in the second list when it died is taken up again by the next that starts. Two
    watchers may then hold the same message: it is removed by its content, and only after that was committed.
    """

    def __init__(self, client: redis.Redis, key: str) -> None:
        self.name = "the Redis list of notifications"
        self._client = client
        self._key = key
        self._taken = f"{key}:taken"
        self._left: deque[bytes] | None = None

    def check(self) -> None:
        """WrongUse when the key holds something that is not a list."""
        with _translated(self.name):
            kind = _text(self._client.type(self._key))
        if kind not in ("list", "none"):
            raise WrongUse(
                f"the Redis key {self._key!r} is a {kind}, not a list: "
                "have MinIO write its notifications in the format `access`"
            )

    def receive(self, *, most: int, wait: float) -> list[Message]:
        """First what was left behind, then what is new. After an error everything may be left behind."""
        try:
            with _translated(self.name):
                bodies = self._left_behind(most) or self._new(most, wait)
        except NotificationsUnavailable:
            self._left = None
            raise
        return [Message(body, body) for body in bodies]

    def acknowledge(self, messages: Sequence[Message]) -> None:
        """Take them off the second list."""
        with _translated(self.name), self._client.pipeline(transaction=False) as pipe:
            for message in messages:
                pipe.lrem(self._taken, 1, message.token)  # type: ignore[arg-type]
            pipe.execute()

    def _left_behind(self, most: int) -> list[bytes]:
        if self._left is None:
            self._left = deque(_bytes(body) for body in self._client.lrange(self._taken, 0, -1))
        return [self._left.popleft() for _ in range(min(most, len(self._left)))]

    def _new(self, most: int, wait: float) -> list[bytes]:
        # A timeout of 0 would wait forever.
        seconds: Any = wait  # the stubs know whole seconds only
        first = self._client.blmove(self._key, self._taken, seconds, "LEFT", "RIGHT") if wait > 0 else None
        with self._client.pipeline(transaction=False) as pipe:
            for _ in range(most - (first is not None)):
                pipe.lmove(self._key, self._taken, "LEFT", "RIGHT")
            rest = pipe.execute() if len(pipe) else []
        return [_bytes(body) for body in (first, *rest) if body is not None]


def configured(intake: Intake, broker: Broker, storage: Storage) -> list[NotificationSource]:
    """The notifications that the settings name: none, one or both. The list is on the Redis of the queues."""
    sources: list[NotificationSource] = []
    if intake.sqs_url:
        sources.append(sqs_notifications(intake.sqs_url, storage))
    if intake.notice_key:
        sources.append(redis_notifications(broker.broker_url.get_secret_value(), intake.notice_key))
    return sources


def sqs_notifications(url: str, storage: Storage) -> SqsNotifications:
    """Notifications from a queue URL, which says where to ask; the credentials are the store's."""
    parts = urlsplit(url)
    host = (parts.hostname or "").split(".")
    on_aws = len(host) > 2 and host[0] == "sqs"
    keys = (storage.s3_access_key, storage.s3_secret_key)
    access, secret = (None if key is None else key.get_secret_value() for key in keys)
    client = boto3.client(
        "sqs",
        endpoint_url=f"{parts.scheme}://{parts.netloc}",
        region_name=host[1] if on_aws else storage.s3_region,
        aws_access_key_id=access,
        aws_secret_access_key=secret,
    )
    return SqsNotifications(client, url)


def redis_notifications(url: str, key: str, *, poll: float = 5.0) -> RedisNotifications:
    """Notifications from a list on that Redis; `poll` is the longest wait of `receive`."""
    client = redis.Redis.from_url(
        url,
        socket_connect_timeout=5,
        socket_timeout=poll + 10,
        socket_keepalive=True,
        health_check_interval=25,
    )
    return RedisNotifications(client, key)


@contextmanager
def _translated(name: str) -> Iterator[None]:
    """Turns what the libraries raise into NotificationsUnavailable."""
    try:
        yield
    except (redis.RedisError, BotoCoreError, ClientError, OSError) as error:
        raise NotificationsUnavailable(name, str(error)) from error


def _text(answer: str | bytes) -> str:
    return answer.decode() if isinstance(answer, bytes) else answer


def _bytes(answer: str | bytes) -> bytes:
    return answer.encode() if isinstance(answer, str) else answer


def _slices(messages: Sequence[Message], size: int) -> Iterator[Sequence[Message]]:
    return (messages[start : start + size] for start in range(0, len(messages), size))

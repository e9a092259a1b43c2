"""A watcher's intake: a bucket, a database, a queue that notes what is sent, and notifications."""

from __future__ import annotations

import pytest
import redis

from db.engine import make_sessions
from producer.deps import IntakeDeps
from producer.mailboxes import redis_mailbox
from tests.intake import ONCE, Mail, Queue
from worker.settings import Intake


@pytest.fixture
def queue():
    return Queue()


@pytest.fixture
def deps(postgres, s3, queue):
    return IntakeDeps(
        make_sessions(postgres), s3.client, queue.send, queue.depth, Intake(list_seconds=ONCE), s3.name
    )


@pytest.fixture
def mail(redis_url):
    with redis.Redis.from_url(redis_url) as client:
        yield Mail(client, redis_mailbox(redis_url, "bucketevents", poll=1.0))

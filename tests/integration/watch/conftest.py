"""A watcher's intake: a bucket, a database, a queue that notes what is sent, and notifications."""

from __future__ import annotations

import pytest
import redis

from db.engine import make_sessions
from producer.services.deps import IntakeDeps
from producer.sources.notifications import redis_notifications
from producer.sources.s3 import S3Source
from tests.intake import ONCE, Mail, Queue
from worker.settings import Intake


@pytest.fixture
def queue():
    return Queue()


@pytest.fixture
def deps(postgres, s3, queue):
    source = S3Source(s3.client, s3.name)
    return IntakeDeps(make_sessions(postgres), source, queue.send, queue.depth, Intake(list_seconds=ONCE))


@pytest.fixture
def mail(redis_url):
    with redis.Redis.from_url(redis_url) as client:
        yield Mail(client, redis_notifications(redis_url, "bucketevents", poll=1.0))

"""Notifications are read from Redis and SQS, and acknowledged only when taken in."""

from __future__ import annotations

import secrets

import boto3
import pytest

from producer.sources.notifications import Message, configured, sqs_notifications
from tests.intake import first_taken, put, registered, watching
from tests.notifications import TEST_EVENT, aws, sns
from tests.waiting import until
from worker.errors import WrongUse
from worker.settings import Broker, Intake, Storage


def test_a_message_leaves_redis_only_when_it_is_acknowledged(mail):
    box = mail.box
    mail.tell("one", "two", "three")

    first = box.receive(most=2, wait=0)
    waiting = box.receive(most=9, wait=0.05)
    box.acknowledge(first)

    assert first == [Message(b"one", b"one"), Message(b"two", b"two")]
    assert waiting == [Message(b"three", b"three")]
    assert mail.client.lrange("bucketevents:taken", 0, -1) == [b"three"]
    assert box.receive(most=9, wait=0) == []


def test_a_redis_key_of_another_kind_is_wrong_use(deps, mail):
    mail.client.hset("bucketevents", "intake/a.pdf", "{}")

    with pytest.raises(WrongUse, match="format `access`"), watching(deps, [mail.box]) as watcher:
        until(lambda: watcher.error)


@pytest.fixture
def sqs(s3):
    settings = {
        "endpoint_url": s3.endpoint,
        "region_name": s3.region,
        "aws_access_key_id": s3.access_key,
        "aws_secret_access_key": s3.secret_key,
    }
    client = boto3.client("sqs", **settings)
    url = client.create_queue(QueueName=f"events-{secrets.token_hex(6)}")["QueueUrl"]
    yield client, url
    client.delete_queue(QueueUrl=url)


def sqs_box(s3, url):
    storage = Storage(s3_access_key=s3.access_key, s3_secret_key=s3.secret_key, s3_region=s3.region)
    return sqs_notifications(url, storage)


def in_sqs(client, url):
    names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
    counts = client.get_queue_attributes(QueueUrl=url, AttributeNames=names)["Attributes"]
    return sum(int(counts[name]) for name in names)


def test_notifications_from_sqs_are_taken_in_and_deleted(deps, queue, s3, sqs):
    client, url = sqs
    put(s3, "first.pdf")
    with watching(deps, [sqs_box(s3, url)]):
        first_taken(queue)
        told = put(s3, *(f"{number}.pdf" for number in range(12)))
        client.send_message(QueueUrl=url, MessageBody=TEST_EVENT)
        for notification in told[:6]:
            client.send_message(QueueUrl=url, MessageBody=aws(notification, notification))
        for notification in told[6:]:
            client.send_message(QueueUrl=url, MessageBody=sns(aws(notification)))
        until(lambda: len(queue.sent) == 13)
        until(lambda: in_sqs(client, url) == 0)

    assert len(registered(deps.sessions)) == 13


def test_a_message_of_sqs_comes_back_when_nobody_acknowledges_it(s3, sqs):
    client, url = sqs
    client.set_queue_attributes(QueueUrl=url, Attributes={"VisibilityTimeout": "0"})
    client.send_message(QueueUrl=url, MessageBody="one")
    box = sqs_box(s3, url)

    (first,) = box.receive(most=1, wait=1)
    (again,) = box.receive(most=1, wait=1)
    box.acknowledge([again])

    assert first.body == again.body == "one"
    assert in_sqs(client, url) == 0


def test_an_sqs_queue_that_is_not_there_is_wrong_use(deps, s3, sqs):
    box = sqs_box(s3, f"{sqs[1]}-none")

    with pytest.raises(WrongUse, match="cannot be read"), watching(deps, [box]) as watcher:
        until(lambda: watcher.error)


def test_the_settings_say_where_notifications_are_read(s3, sqs, mail, redis_url):
    keys = {"s3_access_key": s3.access_key, "s3_secret_key": s3.secret_key}
    sources = Broker(broker_url=redis_url), Storage(**keys)
    mail.tell("from redis")
    sqs[0].send_message(QueueUrl=sqs[1], MessageBody="from sqs")

    both = configured(Intake(sqs_url=sqs[1], notice_key="bucketevents"), *sources)

    assert [box.receive(most=9, wait=0.05)[0].body for box in both] == ["from sqs", b"from redis"]
    assert configured(Intake(), *sources) == []

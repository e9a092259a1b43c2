"""A watcher takes in everything that arrives, once, through lost notifications, full queues and outages."""

from __future__ import annotations

import json
import os
import secrets
import signal
import subprocess
import sys
from contextlib import ExitStack
from dataclasses import dataclass, replace
from threading import Event
from urllib.parse import urlsplit

import boto3
import pytest
import redis
from botocore.config import Config
from sqlalchemy.engine import make_url

from db.engine import make_engine, make_sessions
from producer.deps import IntakeDeps
from producer.mailboxes import Message, RedisMailbox, configured, redis_mailbox, sqs_mailbox
from producer.outages import Pace
from producer.pulse import Pulse, beats
from producer.submit import BATCH, Counts
from producer.watch import watch
from tests.intake import PACE, Queue, keys, registered, watching
from tests.lines import line_to
from tests.notifications import TEST_EVENT, aws, minio, record, sns
from tests.waiting import until
from worker.errors import WrongUse
from worker.settings import Broker, Intake, Storage

#: So rare that a test sees the listing at the start only.
ONCE = 3600.0
#: So often that what notifications lost is found at once.
OFTEN = 0.05


@pytest.fixture
def queue():
    return Queue()


@pytest.fixture
def deps(postgres, s3, queue):
    return IntakeDeps(
        make_sessions(postgres), s3.client, queue.send, queue.depth, Intake(list_seconds=ONCE), s3.name
    )


def but(deps, **settings):
    return replace(deps, settings=deps.settings.model_copy(update=settings))


def put(s3, *names, data=b"%PDF-1.4"):
    """Upload; answer the records that a store would send."""
    answers = [s3.client.put_object(Bucket=s3.name, Key=name, Body=data) for name in names]
    return [
        record(name, bucket=s3.name, version=answer.get("VersionId"), etag=answer["ETag"].strip('"'))
        for name, answer in zip(names, answers, strict=True)
    ]


@dataclass(frozen=True)
class Mail:
    """A Redis list of notifications, seen by its writer and by its reader."""

    client: redis.Redis
    box: RedisMailbox

    def tell(self, *bodies):
        self.client.rpush("bucketevents", *bodies)

    def is_done(self):
        return self.client.llen("bucketevents") == 0 == self.client.llen("bucketevents:taken")


@pytest.fixture
def mail(redis_url):
    with redis.Redis.from_url(redis_url) as client:
        yield Mail(client, redis_mailbox(redis_url, "bucketevents", poll=1.0))


def first_taken(queue):
    """Until the listing at the start has found what lay there; there is no other for an hour."""
    until(lambda: queue.sent)


def turns(watcher, number):
    """Until the watcher has gone round so many times more."""
    for _ in range(number):
        last = watcher.pulse.last
        until(lambda: watcher.pulse.last > last)  # noqa: B023 - called at once


def test_what_lies_in_the_bucket_is_taken_in_at_the_start(deps, queue, s3):
    put(s3, "a.pdf", "in/b.tif", "a.pdf.json")

    with watching(deps):
        until(lambda: len(queue.sent) == 2)

    assert keys(deps.sessions) == ["a.pdf", "in/b.tif"]


def test_a_lost_notification_costs_an_interval_not_a_document(deps, queue, s3, mail):
    with watching(but(deps, list_seconds=OFTEN), [mail.box]):
        put(s3, "lost.pdf")

        until(lambda: len(queue.sent) == 1)

    assert keys(deps.sessions) == ["lost.pdf"]


def test_only_what_is_below_the_prefix_is_taken_in(deps, queue, s3, mail):
    put(s3, "in/a.pdf", "out/b.pdf")

    with watching(replace(deps, prefix="in/"), [mail.box]):
        first_taken(queue)
        (ours,), (other,) = put(s3, "in/c.pdf"), put(s3, "out/d.pdf")
        mail.tell(minio(other), minio({**ours}))
        until(lambda: len(queue.sent) == 2)

    assert keys(deps.sessions) == ["in/a.pdf", "in/c.pdf"]


@pytest.mark.parametrize("versions", [False, True], ids=["etags", "versions"])
def test_notification_and_listing_name_a_document_alike(deps, queue, s3, mail, versions):
    if versions:
        setting = {"Status": "Enabled"}
        s3.client.put_bucket_versioning(Bucket=s3.name, VersioningConfiguration=setting)

    with watching(but(deps, list_seconds=OFTEN), [mail.box]) as watcher:
        for name in ("a b+c.pdf", "é/%41.pdf"):
            mail.tell(*(minio(one) for one in put(s3, name)))
        until(lambda: len(queue.sent) == 2)
        until(mail.is_done)
        counts = watcher.end()

    assert counts.new == 2
    assert keys(deps.sessions) == ["a b+c.pdf", "é/%41.pdf"]


def test_duplicates_other_events_and_nonsense_change_nothing(deps, queue, s3, mail, caplog):
    put(s3, "first.pdf")
    with watching(deps, [mail.box]):
        first_taken(queue)
        early, late = put(s3, "early.pdf", "late.pdf")
        (gone,) = put(s3, "gone.pdf")
        s3.client.delete_object(Bucket=s3.name, Key="gone.pdf")
        removed = record("gone.pdf", bucket=s3.name, event="ObjectRemoved:Delete")
        elsewhere = record("x.pdf", bucket="another")
        sidecar = record("early.pdf.json", bucket=s3.name)
        folder = record("folder/", bucket=s3.name)
        mail.tell(TEST_EVENT, "nonsense", b"\xff", aws(removed, gone), minio(late, late))
        mail.tell(minio(elsewhere), minio(sidecar), minio(folder), minio(early), minio(late))
        until(lambda: len(queue.sent) == 3)
        until(mail.is_done)

    assert keys(deps.sessions) == ["early.pdf", "first.pdf", "late.pdf"]
    assert caplog.text.count("a notification says nothing usable") == 2


def test_the_sidecar_of_a_key_without_ending_is_no_document(deps, queue, s3, mail):
    with watching(deps, [mail.box]):
        scan, beside, alone = put(s3, "scan", "scan.json", "alone.json")
        mail.tell(minio(beside), minio(alone), minio(scan))
        until(lambda: len(queue.sent) == 2)

    assert keys(deps.sessions) == ["alone.json", "scan"]


def test_what_a_dead_watcher_had_taken_is_taken_up_again(deps, queue, s3, mail):
    put(s3, "first.pdf")
    with watching(deps):
        first_taken(queue)
    told = put(s3, "a.pdf", "b.pdf")
    mail.tell(*(minio(one) for one in told))
    assert len(RedisMailbox(mail.client, "bucketevents").receive(most=10, wait=0)) == 2

    with watching(but(deps, list_seconds=ONCE), [mail.box]):
        until(mail.is_done)

    assert keys(deps.sessions) == ["a.pdf", "b.pdf", "first.pdf"]


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


def test_a_bucket_that_is_not_there_is_wrong_use(deps):
    with pytest.raises(WrongUse, match="no bucket"), watching(replace(deps, bucket="none")) as watcher:
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
    return sqs_mailbox(url, storage)


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
        for one in told[:6]:
            client.send_message(QueueUrl=url, MessageBody=aws(one, one))
        for one in told[6:]:
            client.send_message(QueueUrl=url, MessageBody=sns(aws(one)))
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


def test_two_watchers_register_everything_once(deps, queue, s3, mail, redis_url):
    """Each hears of every document, so both are after all of them."""
    lists = [f"events-of-{name}" for name in ("one", "two")]
    boxes = [redis_mailbox(redis_url, name, poll=1.0) for name in lists]

    with watching(deps, boxes[:1]) as one, watching(deps, boxes[1:]) as two:
        for number in range(30):
            for told in put(s3, f"{number}.pdf"):
                for name in lists:
                    mail.client.rpush(name, minio(told))
        until(lambda: not any(mail.client.llen(f"{name}{end}") for name in lists for end in ("", ":taken")))
        counts = [one.end(), two.end()]

    # A document that neither heard of for the first time was in the listing at the start.
    assert all(one.new + one.known >= 30 for one in counts)
    assert sum(one.new for one in counts) == 30
    assert sorted(queue.sent) == [document.id for document in registered(deps.sessions)]


def test_the_slowest_stage_holds_the_intake_back(deps, queue, s3, caplog):
    caplog.set_level("INFO", logger="countersign")
    put(s3, "one.pdf")
    depths = {"render": 0, "detect": 10, "verify": 0}

    slow = replace(but(deps, queue_ceiling=10, list_seconds=OFTEN), depth=lambda stage: depths[stage])
    with watching(slow):
        until(lambda: "the detect queue is full" in caplog.text)
        held = len(queue.sent)
        depths["detect"] = 0
        until(lambda: len(queue.sent) == 1)

    assert held == 0


def test_a_full_queue_pauses_the_intake_until_there_is_room(deps, queue, s3, mail, caplog):
    caplog.set_level("INFO", logger="countersign")
    put(s3, *(f"{number}.pdf" for number in range(6)))
    queue.waiting = 8

    with watching(but(deps, queue_ceiling=10, list_seconds=OFTEN), [mail.box]) as watcher:
        until(lambda: len(queue.sent) == 2)
        queue.waiting = 10
        until(lambda: "the render queue is full" in caplog.text)
        taken = len(queue.sent)
        mail.tell(*(minio(told) for told in put(s3, "told.pdf")))
        turns(watcher, 5)
        still = len(queue.sent)
        queue.waiting = 0
        until(lambda: len(queue.sent) == 7)

    assert still == taken <= 6
    assert "intake goes on" in caplog.text
    assert len(keys(deps.sessions)) == 7


def test_the_batch_in_hand_is_finished_and_no_other_begun(deps, queue, s3):
    put(s3, *(f"{number}.pdf" for number in range(BATCH + 10)))
    stop = Event()

    def send_and_stop(document_id):
        stop.set()
        queue.send(document_id)

    counts = watch(replace(deps, send=send_and_stop), stop=stop, pace=PACE)

    assert counts == Counts(new=BATCH)
    assert len(queue.sent) == len(registered(deps.sessions)) == BATCH


def through(line, url: str) -> str:
    return make_url(url).set(port=line.port).render_as_string(hide_password=False)


def impatient(s3, port):
    return boto3.client(
        "s3",
        endpoint_url=f"http://127.0.0.1:{port}",
        aws_access_key_id=s3.access_key,
        aws_secret_access_key=s3.secret_key,
        region_name=s3.region,
        config=Config(connect_timeout=2, read_timeout=5, retries={"total_max_attempts": 1}),
    )


@pytest.mark.parametrize("cut", ["store", "database"])
def test_an_outage_is_waited_out_and_told_once(deps, s3, database_url, caplog, cut):
    caplog.set_level("INFO", logger="countersign")
    store, database = urlsplit(s3.endpoint), make_url(database_url)
    with ExitStack() as stack:
        lines = {
            "store": stack.enter_context(line_to(store.hostname, store.port)),
            "database": stack.enter_context(line_to(database.host, database.port)),
        }
        engine = make_engine(through(lines["database"], database_url))
        stack.callback(engine.dispose)
        fragile = replace(
            but(deps, list_seconds=OFTEN),
            client=impatient(s3, lines["store"].port),
            sessions=make_sessions(engine),
        )
        put(s3, "before.pdf")
        watcher = stack.enter_context(watching(fragile))
        until(lambda: len(registered(deps.sessions)) == 1)

        lines[cut].cut()
        put(s3, "during.pdf")
        until(lambda: lines[cut].refused >= 3)
        during = len(registered(deps.sessions))
        lines[cut].mend()
        until(lambda: len(registered(deps.sessions)) == 2)

        assert watcher.thread.is_alive()
    assert during == 1
    assert caplog.text.count("the store or the database does not answer") == 1
    assert caplog.text.count("the store or the database answers again") == 1


def test_a_mailbox_that_is_away_does_not_hold_up_the_listing(deps, s3, mail, redis_url, caplog):
    caplog.set_level("INFO", logger="countersign")
    address = make_url(redis_url)
    with line_to(address.host, address.port) as line:
        box = redis_mailbox(through(line, redis_url), "bucketevents", poll=1.0)
        line.cut()
        with watching(but(deps, list_seconds=OFTEN), [box]):
            put(s3, "listed.pdf")
            until(lambda: keys(deps.sessions) == ["listed.pdf"])
            (told,) = put(s3, "told.pdf")
            mail.tell(minio(told))
            line.mend()
            until(mail.is_done)

    assert keys(deps.sessions) == ["listed.pdf", "told.pdf"]
    assert caplog.text.count("the Redis list of notifications does not answer") == 1


def test_a_broker_that_is_away_is_waited_for(deps, queue, s3, caplog):
    away = [ConnectionError("no broker")] * 3

    def depth(stage):
        if away:
            raise away.pop()
        return 0

    put(s3, "a.pdf")
    with watching(replace(deps, depth=depth)):
        until(lambda: len(queue.sent) == 1)

    assert caplog.text.count("the broker does not answer") == 1


def test_a_stop_ends_the_wait_for_a_server_that_never_comes_back(deps, s3):
    with line_to("127.0.0.1", 9) as line:
        line.cut()
        dead = replace(deps, client=impatient(s3, line.port))
        with watching(dead, pace=Pace(first_pause=30)) as watcher:
            until(lambda: line.refused)

            assert watcher.end() == Counts()


def test_progress_is_seen_from_outside(tmp_path):
    pulse = Pulse(tmp_path / "alive")

    assert not beats(tmp_path / "alive", within=60)
    pulse()
    assert beats(tmp_path / "alive", within=60)
    os.utime(tmp_path / "alive", (0, 0))
    assert not beats(tmp_path / "alive", within=60)


def test_each_turn_is_a_sign_of_life(deps):
    with watching(deps) as watcher:
        turns(watcher, 3)


PROGRAM = """
import json, sys
from pathlib import Path
import boto3
from db.engine import make_engine, make_sessions
from producer.deps import IntakeDeps
from producer.outages import Pace
from producer.pulse import Pulse
from producer.watch import stop_on_signals, watch
from worker.settings import Intake
given = json.loads(sys.argv[1])
client = boto3.client("s3", **given["client"])
sessions = make_sessions(make_engine(given["database"]))
deps = IntakeDeps(sessions, client, lambda _: None, lambda _: 0, Intake(list_seconds=3600), given["bucket"])
with stop_on_signals() as stop:
    counts = watch(deps, stop=stop, pulse=Pulse(Path(given["pulse"])))
print(counts.new)
"""


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_the_watch_in_good_order(deps, s3, database_url, tmp_path, number):
    put(s3, "a.pdf")
    given = {
        "client": {
            "endpoint_url": s3.endpoint,
            "aws_access_key_id": s3.access_key,
            "aws_secret_access_key": s3.secret_key,
            "region_name": s3.region,
        },
        "database": database_url,
        "bucket": s3.name,
        "pulse": str(tmp_path / "alive"),
    }
    process = subprocess.Popen(
        [sys.executable, "-c", PROGRAM, json.dumps(given)], stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    until(lambda: registered(deps.sessions), within=60)

    process.send_signal(number)
    output, errors = process.communicate(timeout=30)

    assert (process.returncode, output.strip()) == (0, b"1"), errors.decode()
    assert (tmp_path / "alive").exists()

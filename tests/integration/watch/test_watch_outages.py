"""A watcher waits out stores, databases, brokers and notification sources that are away."""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import replace
from urllib.parse import urlsplit

import boto3
import pytest
from botocore.config import Config
from sqlalchemy.engine import make_url

from db.engine import make_engine, make_sessions
from producer.services.submit import Counts
from producer.sources.notifications import redis_notifications
from producer.sources.s3 import S3Source
from producer.waiting import Pace
from tests.intake import OFTEN, but, keys, put, registered, watching
from tests.lines import line_to
from tests.notifications import minio
from tests.records import times
from tests.waiting import until

AWAY = "a server does not answer, the listing goes on without"


def through(line, url: str) -> str:
    return make_url(url).set(port=line.port).render_as_string(hide_password=False)


def client_with_short_timeouts(s3, port):
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
            source=S3Source(client_with_short_timeouts(s3, lines["store"].port), s3.name),
            sessions=make_sessions(engine),
        )
        put(s3, "before.pdf")
        watcher = stack.enter_context(watching(fragile))
        until(lambda: len(registered(deps.sessions)) == 1)

        lines[cut].cut()
        put(s3, "during.pdf")
        until(lambda: lines[cut].refused >= 3)
        during = len(registered(deps.sessions))
        lines[cut].repair()
        until(lambda: len(registered(deps.sessions)) == 2)

        assert watcher.thread.is_alive()
    assert during == 1
    assert times(caplog, "a server does not answer, waiting", server="the store or the database") == 1
    assert times(caplog, "a server answers again", server="the store or the database") == 1


def test_a_notification_source_that_is_away_does_not_hold_up_the_listing(deps, s3, mail, redis_url, caplog):
    caplog.set_level("INFO", logger="countersign")
    address = make_url(redis_url)
    with line_to(address.host, address.port) as line:
        box = redis_notifications(through(line, redis_url), "bucketevents", poll=1.0)
        line.cut()
        with watching(but(deps, list_seconds=OFTEN), [box]):
            put(s3, "listed.pdf")
            until(lambda: keys(deps.sessions) == ["listed.pdf"])
            (told,) = put(s3, "told.pdf")
            mail.tell(minio(told))
            line.repair()
            until(mail.is_done)

    assert keys(deps.sessions) == ["listed.pdf", "told.pdf"]
    assert times(caplog, AWAY, server="the Redis list of notifications") == 1


def test_a_broker_that_is_away_is_waited_for(deps, queue, s3, caplog):
    away = [ConnectionError("no broker")] * 3

    def depth(stage):
        if away:
            raise away.pop()
        return 0

    put(s3, "a.pdf")
    with watching(replace(deps, depth=depth)):
        until(lambda: len(queue.sent) == 1)

    assert times(caplog, "a server does not answer, waiting", server="the broker") == 1


def test_a_stop_ends_the_wait_for_a_server_that_never_comes_back(deps, s3):
    with line_to("127.0.0.1", 9) as line:
        line.cut()
        dead = replace(deps, source=S3Source(client_with_short_timeouts(s3, line.port), s3.name))
        with watching(dead, pace=Pace(first_pause=30)) as watcher:
            until(lambda: line.refused)

            assert watcher.end() == Counts()

"""A watcher takes in everything that arrives, once, through lost notifications."""

from __future__ import annotations

from dataclasses import replace

import pytest

from producer.sources.notifications import RedisNotifications
from producer.sources.s3 import S3Source
from tests.intake import OFTEN, ONCE, but, first_taken, keys, put, watching
from tests.notifications import TEST_EVENT, aws, minio, record
from tests.waiting import until
from worker.errors import WrongUse


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

    with watching(replace(deps, source=S3Source(s3.client, s3.name, "in/")), [mail.box]):
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


def test_a_sidecar_is_no_document_whatever_its_document_is_named(deps, queue, s3, mail):
    with watching(deps, [mail.box]):
        scan, beside, alone = put(s3, "scan", "scan.json", "alone.json")
        (early,) = put(s3, "not-yet-there.gif.json")
        mail.tell(minio(beside), minio(alone), minio(early), minio(scan))
        until(lambda: len(queue.sent) == 2)

    assert keys(deps.sessions) == ["alone.json", "scan"]


def test_what_a_dead_watcher_had_taken_is_taken_up_again(deps, queue, s3, mail):
    put(s3, "first.pdf")
    with watching(deps):
        first_taken(queue)
    told = put(s3, "a.pdf", "b.pdf")
    mail.tell(*(minio(one) for one in told))
    assert len(RedisNotifications(mail.client, "bucketevents").receive(most=10, wait=0)) == 2

    with watching(but(deps, list_seconds=ONCE), [mail.box]):
        until(mail.is_done)

    assert keys(deps.sessions) == ["a.pdf", "b.pdf", "first.pdf"]


def test_a_bucket_that_is_not_there_is_wrong_use(deps, s3):
    with (
        pytest.raises(WrongUse, match="no bucket"),
        watching(replace(deps, source=S3Source(s3.client, "none"))) as watcher,
    ):
        until(lambda: watcher.error)

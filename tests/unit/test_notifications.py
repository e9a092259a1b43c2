"""Notifications become object references, whoever wrote them, and nothing they hold raises."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from db.documents import Object
from producer.sources.events import BadNotification, read_notification
from tests.notifications import TEST_EVENT, aws, event_bridge, minio, record, sns

ONE = Object("intake", "a.pdf", "etag:d41d8cd9", 1024)
TIME = "2026-11-03T10:00:00.000Z"


@pytest.mark.parametrize(
    "body",
    [
        pytest.param(aws(record("a.pdf")), id="aws"),
        pytest.param(aws(record("a.pdf")).encode(), id="bytes"),
        pytest.param(sns(aws(record("a.pdf"))), id="sns"),
        pytest.param(minio(record("a.pdf")), id="minio list"),
        pytest.param(event_bridge("a.pdf"), id="event bridge"),
        pytest.param(sns(event_bridge("a.pdf")), id="event bridge by sns"),
        pytest.param(json.dumps([TIME, [record("a.pdf")]]), id="minio list, formerly"),
        pytest.param(json.dumps([TIME, {"Records": [record("a.pdf")]}]), id="minio list, as documented"),
        pytest.param(
            aws(record("a.pdf", event="s3:ObjectCreated:CompleteMultipartUpload")), id="minio namespace"
        ),
    ],
)
def test_every_known_shape_says_the_same(body):
    assert read_notification(body) == [ONE]


@pytest.mark.parametrize(
    "body",
    [
        pytest.param(TEST_EVENT, id="test event"),
        pytest.param(sns(TEST_EVENT), id="test event in sns"),
        pytest.param(aws(record("a.pdf", event="ObjectRemoved:Delete")), id="removed"),
        pytest.param(aws(record("a.pdf", event="s3:ObjectRemoved:DeleteMarkerCreated")), id="marker"),
        pytest.param(aws(record("a.pdf", event="s3:ObjectAccessed:Get")), id="read"),
        pytest.param(aws(record("a.pdf", event="ObjectRestore:Completed")), id="restored"),
        pytest.param(event_bridge("a.pdf", kind="Object Deleted"), id="removed, from the bridge"),
        pytest.param(aws(), id="no records"),
        pytest.param("[]", id="empty list"),
    ],
)
def test_events_that_bring_no_document_say_nothing(body):
    assert read_notification(body) == []


@pytest.mark.parametrize(
    ("version", "etag", "expected"),
    [
        pytest.param("3HL4kqtJ", "abc", "3HL4kqtJ", id="version"),
        pytest.param("null", "abc", "etag:abc", id="null version"),
        pytest.param(None, "abc", "etag:abc", id="no version"),
        pytest.param("", '"abc-3"', "etag:abc-3", id="quoted multipart etag"),
    ],
)
def test_the_version_is_the_stores_own_or_else_the_etag(version, etag, expected):
    (notification,) = read_notification(aws(record("a.pdf", version=version, etag=etag)))

    assert notification == Object("intake", "a.pdf", expected, 1024)


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        pytest.param("no json", "not JSON", id="text"),
        pytest.param("", "not JSON", id="empty"),
        pytest.param(b"\xff\xfe\x00", "not JSON", id="bytes"),
        pytest.param("[" * 100_000, "not JSON", id="bomb of brackets"),
        pytest.param(sns("no json"), "not JSON", id="envelope around text"),
        pytest.param("7", "neither an object nor a list", id="number"),
        pytest.param('{"detail-type": "Object Created"}', "no records", id="another service's event"),
        pytest.param('{"source": "aws.s3", "detail-type": "Object Created"}', "without bucket", id="bridge"),
        pytest.param(sns(sns(sns(sns(aws())))), "too deep", id="envelopes without end"),
        pytest.param(aws("text"), "without an event name", id="record of another type"),
        pytest.param(aws(record("")), "without bucket or key", id="no key"),
        pytest.param(aws(record("a.pdf", bucket="")), "without bucket or key", id="no bucket"),
        pytest.param(aws(record("a.pdf", etag=None)), "neither version nor ETag", id="no version"),
        pytest.param(aws(record("a\0.pdf")), "a name that no store gives", id="null character"),
        pytest.param(aws(record("a" * 1025)), "a name that no store gives", id="too long"),
    ],
)
def test_what_says_nothing_usable_is_a_value_with_its_reason(body, reason):
    (notification,) = read_notification(body)

    assert isinstance(notification, BadNotification)
    assert reason in notification.reason


def test_the_etag_may_be_written_in_lower_case():
    lower = record("a.pdf", etag=None)
    lower["s3"]["object"]["etag"] = "d41d8cd9"

    assert read_notification(aws(lower)) == [ONE]


def test_event_bridge_writes_keys_as_they_are_and_names_versions():
    (notification,) = read_notification(event_bridge("in/100%+1 ü.pdf", version="3HL4kqtJ"))

    assert notification == Object("intake", "in/100%+1 ü.pdf", "3HL4kqtJ", 1024)


def test_a_key_that_is_not_utf_8_is_refused():
    broken = record("a.pdf")
    broken["s3"]["object"]["key"] = "a%ff.pdf"

    (notification,) = read_notification(aws(broken))

    assert notification == BadNotification("a key that is not UTF-8", notification.excerpt)


def test_a_bad_record_does_not_hide_its_neighbours():
    notifications = read_notification(aws(record("a.pdf"), {"eventName": 7}, record("b.pdf")))

    assert [getattr(one, "key", None) for one in notifications] == ["a.pdf", None, "b.pdf"]


@pytest.mark.parametrize("size", [-1, 2**63, "10", True, None, 1.5])
def test_a_size_that_is_none_is_left_out(size):
    (notification,) = read_notification(aws(record("a.pdf", size=size)))

    assert notification.bytes is None


KEYS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), min_size=1, max_size=200)


@given(keys=st.lists(KEYS, min_size=1, max_size=4), wrap=st.sampled_from([aws, minio]))
def test_keys_come_out_as_they_went_in(keys, wrap):
    body = wrap(*(record(key) for key in keys))

    assert [one.key for one in read_notification(body)] == keys
    assert [one.key for one in read_notification(sns(body))] == keys


FIELDS = st.sampled_from(
    ["Records", "Event", "Type", "Message", "eventName", "s3", "bucket", "name", "object", "key", "versionId"]
)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(FIELDS | st.text(), inner),
)


@given(content=JSON)
def test_no_json_raises(content):
    notifications = read_notification(json.dumps(content))

    assert all(isinstance(one, Object | BadNotification) for one in notifications)


@given(values=st.dictionaries(st.sampled_from(["key", "versionId", "eTag", "size"]), JSON), bucket=JSON)
def test_no_record_raises_whatever_its_fields_hold(values, bucket):
    bad = {"eventName": "ObjectCreated:Put", "s3": {"bucket": {"name": bucket}, "object": values}}

    (notification,) = read_notification(aws(bad))

    assert isinstance(notification, Object | BadNotification)


@given(body=st.binary() | st.text())
def test_no_bytes_raise(body):
    assert all(isinstance(one, Object | BadNotification) for one in read_notification(body))


@given(key=st.text(min_size=1), version=st.text())
def test_what_is_read_can_be_stored(key, version):
    described = {"key": key, "versionId": version, "eTag": "e"}

    (notification,) = read_notification(
        aws({**record("x"), "s3": {"bucket": {"name": "b"}, "object": described}})
    )

    assert (
        isinstance(notification, BadNotification)
        or "\0" not in (notification.key + notification.version).encode().decode()
    )

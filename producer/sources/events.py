"""S3 event notifications to object references: pure, and never an exception, whatever arrives.

Understood are the events of AWS (from SQS: bare, inside an SNS envelope, or by way of EventBridge) and those
of MinIO's Redis target in both its formats. A notification only hastens what a listing would find: what is
not understood is no loss.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from urllib.parse import unquote_plus

from db.documents import Object
from producer.sources.naming import size_of, storable, version_of
from producer.text import visible

#: Envelopes inside envelopes: SNS, then the event; MinIO's list, then its entry. More is nobody's format.
_DEEPEST = 3


@dataclass(frozen=True, slots=True)
class BadNotification:
    """A notification, or a record of one, that says nothing usable; `reason` says why."""

    reason: str
    excerpt: str


def read_notification(body: str | bytes) -> list[Object | BadNotification]:
    """Objects that a notification says were created, in its order; removals and test events say none.

    A bad record does not hide its neighbours. Duplicates stay: registering is what happens once.
    """
    try:
        content = json.loads(body)
        return list(_read(content, depth=0))
    except (ValueError, RecursionError) as error:
        text = body if isinstance(body, str) else body.decode(errors="replace")
        return [BadNotification(f"not JSON: {type(error).__name__}", visible(text))]


def _read(content: object, *, depth: int) -> Iterator[Object | BadNotification]:
    if depth > _DEEPEST:
        yield _bad("envelopes nested too deep", content)
    elif isinstance(content, list):
        yield from _read_list(content, depth=depth)
    elif isinstance(content, dict):
        yield from _read_mapping(content, depth=depth)
    else:
        yield _bad("neither an object nor a list", content)


def _read_list(content: list[object], *, depth: int) -> Iterator[Object | BadNotification]:
    """MinIO's access format: [{"Event": [event], "EventTime": time}], formerly [time, [event]].

    Its documentation also speaks of [time, {"Records": [event]}].
    """
    entries = content[1:] if content and isinstance(content[0], str) else content
    for entry in entries:
        yield from _read(entry, depth=depth + 1)


def _read_mapping(content: dict[str, object], *, depth: int) -> Iterator[Object | BadNotification]:
    if content.get("Event") == "s3:TestEvent":
        return
    message = content.get("Message")
    if content.get("Type") == "Notification" and isinstance(message, str):
        yield from _read(json.loads(message), depth=depth + 1)
        return
    records = content.get("Records", content.get("Event"))
    if isinstance(records, list):
        for record in records:
            yield from _record(record)
    elif "s3" in content:
        yield from _record(content)
    elif content.get("source") == "aws.s3":
        yield from _event_of_bridge(content)
    else:
        yield _bad("no records", content)


def _record(record: object) -> Iterator[Object | BadNotification]:
    """AWS says `ObjectCreated:Put`, MinIO `s3:ObjectCreated:Put`; other events bring no new document."""
    name = record.get("eventName") if isinstance(record, dict) else None
    if not isinstance(record, dict) or not isinstance(name, str):
        yield _bad("a record without an event name", record)
    elif name.removeprefix("s3:").startswith("ObjectCreated:"):
        yield _created(record)


def _event_of_bridge(event: dict[str, object]) -> Iterator[Object | BadNotification]:
    """EventBridge speaks of `Object Created`, writes keys as they are, and names the same facts otherwise."""
    if event.get("detail-type") == "Object Created":
        version = version_of(
            _text(event, "detail", "object", "version-id"), _text(event, "detail", "object", "etag")
        )
        yield _object(event, "detail", version=version)


def _created(record: dict[str, object]) -> Object | BadNotification:
    tag = _text(record, "s3", "object", "eTag") or _text(record, "s3", "object", "etag")
    version = version_of(_text(record, "s3", "object", "versionId"), tag)
    try:
        return _object(record, "s3", version=version, encoded=True)
    except UnicodeDecodeError:
        return _bad("a key that is not UTF-8", record)


def _object(
    record: dict[str, object], part: str, *, version: str | None, encoded: bool = False
) -> Object | BadNotification:
    bucket, key = _text(record, part, "bucket", "name"), _text(record, part, "object", "key")
    if not bucket or not key:
        return _bad("a record without bucket or key", record)
    if version is None:
        return _bad("a record with neither version nor ETag", record)
    if encoded:
        key = unquote_plus(key, errors="strict")
    if not all(map(storable, (bucket, key, version))):
        return _bad("a name that no store gives", record)
    return Object(bucket, key, version, size_of(_inside(record, part, "object", "size")))


def _text(record: dict[str, object], *path: str) -> str | None:
    text = _inside(record, *path)
    return text if isinstance(text, str) else None


def _inside(record: dict[str, object], *path: str) -> object:
    value: object = record
    for name in path:
        if not isinstance(value, dict):
            return None
        value = value.get(name)
    return value


def _bad(reason: str, content: object) -> BadNotification:
    return BadNotification(reason, visible(json.dumps(content, ensure_ascii=True)))

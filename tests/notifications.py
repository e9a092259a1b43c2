"""Notifications as S3 and MinIO write them."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import quote_plus


def record(
    key: str,
    *,
    bucket: str = "intake",
    event: str = "ObjectCreated:Put",
    version: str | None = None,
    etag: str | None = "d41d8cd9",
    size: int | None = 1024,
) -> dict[str, Any]:
    """One record; the key is given plain and stands in it encoded."""
    described: dict[str, Any] = {"key": quote_plus(key), "size": size, "sequencer": "0055AED6DCD90281E5"}
    described |= {"versionId": version} if version is not None else {}
    described |= {"eTag": etag} if etag is not None else {}
    return {
        "eventVersion": "2.1",
        "eventSource": "aws:s3",
        "eventTime": "2026-11-03T10:00:00.000Z",
        "eventName": event,
        "s3": {"s3SchemaVersion": "1.0", "bucket": {"name": bucket}, "object": described},
    }


def aws(*records: Any) -> str:
    """The event as SQS carries it."""
    return json.dumps({"Records": list(records)})


def sns(body: str) -> str:
    """The event inside the envelope that SNS puts around it."""
    return json.dumps(
        {"Type": "Notification", "MessageId": "1", "TopicArn": "arn:aws:sns:x", "Message": body}
    )


def event_bridge(key: str, *, kind: str = "Object Created", version: str | None = None) -> str:
    """The event that EventBridge hands to SQS; its keys are not encoded."""
    described = {"key": key, "size": 1024, "etag": "d41d8cd9", "sequencer": "00617F08299329D189"}
    detail = {
        "version": "0",
        "bucket": {"name": "intake"},
        "object": described | ({"version-id": version} if version is not None else {}),
        "requester": "123456789012",
        "reason": "PutObject",
    }
    return json.dumps(
        {
            "version": "0",
            "id": "17793124-05d4-b198-2fde-7ededc63b103",
            "detail-type": kind,
            "source": "aws.s3",
            "account": "123456789012",
            "time": "2026-11-03T10:00:00Z",
            "region": "us-east-1",
            "resources": ["arn:aws:s3:::intake"],
            "detail": detail,
        }
    )


def minio(*records: dict[str, Any]) -> str:
    """An entry of MinIO's Redis list, format `access`."""
    named = [{**one, "eventName": f"s3:{one['eventName']}"} for one in records]
    return json.dumps([{"Event": named, "EventTime": "2026-11-03T10:00:00.000Z"}])


#: What S3 sends when notifications are set up.
TEST_EVENT = json.dumps(
    {"Service": "Amazon S3", "Event": "s3:TestEvent", "Time": "2026-11-03T10:00:00.000Z", "Bucket": "intake"}
)

"""What is sent to webhooks: a thin message with CloudEvents' names, signed as Standard Webhooks has it.

https://www.standardwebhooks.com, https://cloudevents.io
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import secrets
from collections.abc import Mapping, Sequence
from datetime import datetime

from db.deliveries import ClaimedDelivery
from db.feed import FeedHead
from producer.services.feed import written
from worker.version import code_version

#: What secrets begin with.
WRITTEN_AS = "whsec_"
_SECRET_BYTES = 32
#: The change that leaves nothing to link to.
_ERASED = "document.erased"


def make_secret() -> str:
    """A new secret: 32 bytes of chance."""
    return WRITTEN_AS + base64.b64encode(secrets.token_bytes(_SECRET_BYTES)).decode()


def message_id(feed: str, webhook_id: int, place: int) -> str:
    """The id of a message: the same with each attempt, and of no other message."""
    return f"msg_{feed}_{webhook_id}_{place}"


def message_body(claimed: ClaimedDelivery, feed: str, *, public_url: str | None) -> bytes:
    """The message as JSON; the same bytes with each attempt."""
    link = f"/v1/documents/{claimed.document_id}/result"
    data = {
        "document": claimed.document_id,
        "status": claimed.status,
        "answer": claimed.answer,
        "token": written(FeedHead(feed, claimed.place)),
        "link": None if claimed.type == _ERASED else (public_url or "").rstrip("/") + link,
    }
    message = {
        "specversion": "1.0",
        "id": message_id(feed, claimed.webhook_id, claimed.place),
        "source": (public_url or "").rstrip("/") + "/v1",
        "type": claimed.type,
        "subject": f"documents/{claimed.document_id}",
        "time": claimed.at.isoformat(),
        "datacontenttype": "application/json",
        "data": data,
    }
    return json.dumps(message).encode()


def message_headers(
    message: str, body: bytes, signing: Sequence[str], *, moment: datetime
) -> Mapping[str, str]:
    """The headers of one attempt, signed with each of these secrets."""
    timestamp = str(int(moment.timestamp()))
    signatures = (signature(secret, message, timestamp, body) for secret in signing)
    return {
        "content-type": "application/json",
        "user-agent": f"countersign/{code_version()}",
        "webhook-id": message,
        "webhook-timestamp": timestamp,
        "webhook-signature": " ".join(signatures),
    }


def signature(secret: str, message: str, timestamp: str, body: bytes) -> str:
    """`v1,` and the HMAC-SHA256 of id, time and body in base64."""
    key = base64.b64decode(secret.removeprefix(WRITTEN_AS))
    signed = b".".join((message.encode(), timestamp.encode(), body))
    return "v1," + base64.b64encode(hmac.digest(key, signed, hashlib.sha256)).decode()

"""A webhook of the lab: it refuses, hangs and breaks off; what came is held against the feed of changes."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler
from random import Random
from typing import TYPE_CHECKING

from sqlalchemy import select

from db.engine import Sessions
from db.feed import feed_head
from db.models import DocumentChange
from producer.services.keys import LOCAL
from producer.services.webhook_messages import message_id
from producer.services.webhooks import add_webhook
from tests.receiver import TAKEN, Receiver, Told, raw, receiving, status
from tests.webhooks import LOOPBACK

if TYPE_CHECKING:
    from tests.faults.lab import Lab

#: One in so many messages is not taken.
_REFUSED = 5


class Listener:
    """A receiver that takes most messages, and knows which it took."""

    def __init__(self, receiver: Receiver, rng: Random, webhook: int) -> None:
        self.receiver, self.webhook = receiver, webhook
        self.taken: set[str] = set()
        self._rng = rng
        self._refusals = (status(500), status(503), raw(b""), raw(b"HTTP/1.1 2"), receiver.stand_still)
        receiver.otherwise = self._answer

    def _answer(self, request: BaseHTTPRequestHandler) -> None:
        if self._rng.randrange(_REFUSED) == 0:
            self._rng.choice(self._refusals)(request)
            return
        # Whoever is killed behind this line sends it again, under the same id.
        TAKEN(request)
        self.taken.add(request.headers["webhook-id"])


@contextmanager
def listening(sessions: Sessions) -> Iterator[Listener]:
    """A listener whose webhook is on file, while the block runs."""
    with receiving() as receiver:
        webhook = add_webhook(sessions, LOCAL, receiver.url, networks=LOOPBACK)
        yield Listener(receiver, Random(1), webhook.id)


def untold(lab: Lab) -> list[str]:
    """Changes of the feed, as places, of which the webhook has taken no message."""
    with lab.sessions() as session:
        feed = feed_head(session).feed
        places = session.execute(select(DocumentChange.id).order_by(DocumentChange.id)).scalars().all()
    missing = [
        place for place in places if message_id(feed, lab.listener.webhook, place) not in lab.listener.taken
    ]
    return [f"place {place}" for place in missing]


def renamed(told: Iterable[Told]) -> list[str]:
    """Messages of which two attempts differ: another id for one change, or other words under one id."""
    ids, words = defaultdict[str, set[str]](set), defaultdict[str, set[bytes]](set)
    for attempt in told:
        ids[attempt.content["data"]["token"]].add(attempt.message)
        words[attempt.message].add(attempt.body)
    twice = [token for token, messages in ids.items() if len(messages) > 1]
    return [*twice, *(message for message, bodies in words.items() if len(bodies) > 1)]

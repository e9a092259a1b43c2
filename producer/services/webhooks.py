"""Webhooks: added, listed, removed, given new secrets, and told once more of what they missed.

`countersign deliver` sends; this only keeps who is to be told what. Secrets are answered once, when made.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy.orm import Session

from db import deliveries, webhooks
from db.deliveries import MESSAGE_TYPES
from db.engine import Sessions
from db.feed import FeedHead, feed_head
from db.models import Delivery, DeliveryAttempt, Webhook
from producer.services.browse import checked_id
from producer.services.feed import place_of, written
from producer.services.keys import Caller, Right
from producer.services.missing import NotFound
from producer.services.web_addresses import check_address
from producer.services.webhook_messages import make_secret, message_id
from producer.text import counted
from worker.errors import WrongUse
from worker.result.webhooks import AttemptResult, DeliveryResult, NewWebhookResult, WebhookResult
from worker.settings import IPNetwork

#: How long messages are signed with the earlier secret, too.
OVERLAP = timedelta(hours=24)
#: Webhooks that one holder may have.
MOST_WEBHOOKS = 50

__all__ = ["MESSAGE_TYPES"]


@dataclass(frozen=True, slots=True)
class DeliveryList:
    """One page of a list of deliveries, and where the next one begins; None at the end."""

    deliveries: tuple[DeliveryResult, ...]
    before: int | None


def add_webhook(
    sessions: Sessions,
    caller: Caller,
    url: str,
    events: Sequence[str] = (),
    *,
    networks: Sequence[IPNetwork] = (),
) -> NewWebhookResult:
    """Have an address told of what changes from now on; with the secret that signs. WrongUse.

    A key for its own documents has the address told of those alone.
    """
    check_address(url, networks)
    _check_events(events)
    with sessions() as session:
        if len(webhooks.webhooks_on_file(session, holder=caller.submitter)) >= MOST_WEBHOOKS:
            raise WrongUse(f"there are {counted(MOST_WEBHOOKS, 'webhook')} already: remove some first")
        row = webhooks.insert_webhook(
            session,
            url=url,
            events=list(dict.fromkeys(events)),
            holder=caller.submitter,
            who=caller.name,
            own_only=caller.own_only,
        )
        return _with_secret(session, row)


def add_callbacks(sessions: Sessions, caller: Caller, events: Sequence[str] = ()) -> NewWebhookResult:
    """Have the callbacks of the caller's documents told; with the secret that signs. WrongUse."""
    _check_events(events)
    with sessions() as session:
        row = webhooks.insert_callbacks(
            session, events=list(dict.fromkeys(events)), holder=caller.submitter, who=caller.name
        )
        if row is None:
            raise WrongUse("callbacks have a webhook already; `rotate` makes it a new secret")
        return _with_secret(session, row)


def check_callback(sessions: Sessions, caller: Caller, url: str, networks: Sequence[IPNetwork]) -> None:
    """WrongUse for a callback that is never called, or has no secret yet that would sign its messages."""
    check_address(url, networks)
    with sessions() as session:
        if not webhooks.has_callbacks(session, caller.submitter):
            raise WrongUse("callbacks need a secret: add a webhook with `callbacks` first")


def list_webhooks(sessions: Sessions, caller: Caller) -> list[WebhookResult]:
    """The caller's webhooks by id; for an administrator all of them."""
    with sessions() as session:
        head = feed_head(session)
        waiting = deliveries.waiting_deliveries(session)
        rows = webhooks.webhooks_on_file(session, holder=_only(caller))
        return [_result(row, head, waiting.get(row.id, 0)) for row in rows]


def show_webhook(sessions: Sessions, caller: Caller, webhook_id: int) -> WebhookResult:
    """One webhook. NotFound where there is none, or it is another holder's."""
    with sessions() as session:
        row = _known(session, caller, webhook_id)
        waiting = deliveries.waiting_deliveries(session).get(row.id, 0)
        return _result(row, feed_head(session), waiting)


def remove_webhook(sessions: Sessions, caller: Caller, webhook_id: int) -> None:
    """Forget a webhook with its deliveries. NotFound."""
    with sessions() as session:
        webhooks.delete_webhook(session, _known(session, caller, webhook_id).id)


def rotate_secret(sessions: Sessions, caller: Caller, webhook_id: int) -> NewWebhookResult:
    """Make a new secret; for 24 hours messages are signed with the earlier one, too. NotFound."""
    with sessions() as session:
        return _with_secret(session, _known(session, caller, webhook_id))


def send_again(
    sessions: Sessions,
    caller: Caller,
    webhook_id: int,
    *,
    since: str | None = None,
    delivery: int | None = None,
) -> int:
    """Send again what a webhook does not have; how many deliveries are due now. NotFound, WrongUse.

    `since` is a token of the feed: everything behind it comes again. `delivery` is one alone. Each has the id
    that it had. A webhook that was stopped is started again.
    """
    if since is not None and delivery is not None:
        raise WrongUse("name a token or a delivery, not both")
    with sessions() as session:
        row = _known(session, caller, webhook_id)
        webhooks.start_webhook(session, row.id)
        if since is not None:
            return deliveries.send_all_again(session, row.id, after=place_of(since, feed_head(session)))
        if delivery is None:
            return deliveries.send_undelivered_again(session, row.id)
        if not deliveries.send_one_again(session, row.id, checked_id(delivery)):
            raise NotFound(f"delivery {delivery} of webhook {webhook_id}")
        return 1


def list_deliveries(
    sessions: Sessions, caller: Caller, webhook_id: int, *, before: int | None = None, limit: int = 50
) -> DeliveryList:
    """Deliveries of a webhook with the attempts at them, the newest first. NotFound."""
    with sessions() as session:
        row = _known(session, caller, webhook_id)
        rows = deliveries.deliveries(session, row.id, before=before, limit=limit + 1)
        tried = deliveries.attempts(session, [one.id for one in rows[:limit]])
        feed = feed_head(session).feed
        page = tuple(_delivery(one, tried.get(one.id, ()), feed) for one in rows[:limit])
    return DeliveryList(page, rows[limit - 1].id if len(rows) > limit else None)


def _check_events(events: Sequence[str]) -> None:
    unknown = sorted(set(events) - set(MESSAGE_TYPES))
    if unknown:
        raise WrongUse(f"no message is called {unknown[0]!r}; there are {', '.join(MESSAGE_TYPES)}")


def _known(session: Session, caller: Caller, webhook_id: int) -> Webhook:
    row = webhooks.webhook_on_file(session, checked_id(webhook_id), holder=_only(caller))
    if row is None:
        raise NotFound(f"webhook {webhook_id}")
    return row


def _only(caller: Caller) -> str | None:
    """Whose webhooks the caller sees; None for everybody's."""
    return None if Right.ADMIN in caller.scopes and not caller.own_only else caller.submitter


def _with_secret(session: Session, row: Webhook) -> NewWebhookResult:
    secret = make_secret()
    webhooks.keep_secret(session, row.id, secret, overlap=OVERLAP)
    return NewWebhookResult(**dict(_result(row, feed_head(session), 0)), secret=secret)


def _result(row: Webhook, head: FeedHead, waiting: int) -> WebhookResult:
    return WebhookResult(
        id=row.id,
        url=row.url or None,
        events=tuple(row.events),
        own_only=row.own_only,
        who=row.who,
        created_at=row.created_at,
        token=written(FeedHead(head.feed, row.place)),
        waiting=waiting,
        stopped_at=row.stopped_at,
        stopped_why=row.stopped_why,
    )


def _delivery(row: Delivery, tried: Sequence[DeliveryAttempt], feed: str) -> DeliveryResult:
    return DeliveryResult(
        id=row.id,
        message=message_id(feed, row.webhook_id, row.place),
        type=row.type,
        document=row.document_id,
        url=row.url,
        token=written(FeedHead(feed, row.place)),
        due_at=row.due_at,
        delivered_at=row.delivered_at,
        given_up=row.ended_at is not None and row.delivered_at is None,
        attempts=tuple(AttemptResult.model_validate(one) for one in tried),
    )

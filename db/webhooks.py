"""Queries on webhooks and their secrets. The caller owns the transaction."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

from sqlalchemy import ColumnElement, delete, or_, select, update
from sqlalchemy.orm import Session

from db.engine import now
from db.feed import feed_head
from db.models import Webhook, WebhookSecret
from db.writes import changed, insert_or_find

#: Why a webhook was stopped.
GONE, REVOKED = "gone", "revoked"


def insert_webhook(
    session: Session, *, url: str, events: Sequence[str], holder: str, who: str, own_only: bool
) -> Webhook:
    """Put a webhook on file; it is told of what changes from this moment on."""
    made = Webhook(
        url=url,
        events=list(events),
        holder=holder,
        who=who,
        own_only=own_only,
        created_at=now(session),
        place=feed_head(session).place,
    )
    session.add(made)
    session.flush()
    return made


def insert_callbacks(session: Session, *, events: Sequence[str], holder: str, who: str) -> Webhook | None:
    """Have the callbacks of a holder's documents told from now on; None where they are already."""
    facts = {"url": "", "events": list(events), "who": who, "own_only": True}
    facts |= {"created_at": now(session), "place": feed_head(session).place}
    key = {"holder": holder, "callbacks": True}
    number, new = insert_or_find(session, Webhook, key, **facts)
    return webhook_on_file(session, number) if new else None


def has_callbacks(session: Session, holder: str) -> bool:
    """Whether callbacks of a holder's documents are told."""
    statement = select(Webhook.id).where(Webhook.holder == holder, Webhook.callbacks)
    return session.execute(statement).scalar_one_or_none() is not None


def webhook_on_file(session: Session, webhook_id: int, *, holder: str | None = None) -> Webhook | None:
    """The webhook of that id; None without one, or where another holder than this one has added it."""
    statement = select(Webhook).where(Webhook.id == webhook_id, *_of(holder))
    return session.execute(statement).scalar_one_or_none()


def webhooks_on_file(session: Session, *, holder: str | None = None) -> Sequence[Webhook]:
    """All webhooks, or those of one holder, by id."""
    return session.execute(select(Webhook).where(*_of(holder)).order_by(Webhook.id)).scalars().all()


def delete_webhook(session: Session, webhook_id: int) -> None:
    """Forget a webhook with its secrets, deliveries and their log."""
    session.execute(delete(Webhook).where(Webhook.id == webhook_id))


def keep_secret(session: Session, webhook_id: int, secret: str, *, overlap: timedelta) -> None:
    """Sign with this secret from now on; the one before it goes on signing for as long as `overlap`.

    Those before that one end at once: two secrets sign at most.
    """
    moment = now(session)
    of_webhook = WebhookSecret.webhook_id == webhook_id
    session.execute(
        update(WebhookSecret).where(of_webhook, WebhookSecret.ends_at > moment).values(ends_at=moment)
    )
    session.execute(
        update(WebhookSecret)
        .where(of_webhook, WebhookSecret.ends_at.is_(None))
        .values(ends_at=moment + overlap)
    )
    session.add(WebhookSecret(webhook_id=webhook_id, secret=secret, made_at=moment))


def secrets_of(session: Session, webhook_id: int) -> Sequence[str]:
    """The secrets that sign at this moment, the newest first."""
    statement = (
        select(WebhookSecret.secret)
        .where(
            WebhookSecret.webhook_id == webhook_id,
            or_(WebhookSecret.ends_at.is_(None), WebhookSecret.ends_at > now(session)),
        )
        .order_by(WebhookSecret.id.desc())
    )
    return session.execute(statement).scalars().all()


def stop_webhook(session: Session, webhook_id: int, *, why: str) -> None:
    """Send it nothing more; what is due waits until it is started again. A second time changes nothing."""
    session.execute(
        update(Webhook)
        .where(Webhook.id == webhook_id, Webhook.stopped_at.is_(None))
        .values(stopped_at=now(session), stopped_why=why)
    )


def stop_webhooks_of(session: Session, holder: str) -> int:
    """Stop all webhooks of a holder whose key was revoked; how many there were."""
    statement = update(Webhook).where(Webhook.holder == holder, Webhook.stopped_at.is_(None))
    return changed(session, statement.values(stopped_at=now(session), stopped_why=REVOKED))


def start_webhook(session: Session, webhook_id: int) -> None:
    """Send to it again."""
    session.execute(update(Webhook).where(Webhook.id == webhook_id).values(stopped_at=None, stopped_why=None))


def _of(holder: str | None) -> tuple[ColumnElement[bool], ...]:
    return () if holder is None else (Webhook.holder == holder,)

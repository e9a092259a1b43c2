"""Who is told of changes over HTTP: subscriptions with their secrets, deliveries and each attempt at one."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from db.base import Base

#: A holder's callbacks are one webhook, for they have one secret.
_WHERE_CALLBACKS: dict[str, Any] = {f"{kind}_where": text("callbacks") for kind in ("postgresql", "sqlite")}


class Webhook(Base):
    """An address that is told of changes, and how far in the feed its deliveries are written."""

    __tablename__ = "webhooks"
    __table_args__ = (
        Index("ix_webhooks_holder", "holder"),
        Index("ix_webhooks_callbacks", "holder", "callbacks", unique=True, **_WHERE_CALLBACKS),
        CheckConstraint("(stopped_at IS NULL) = (stopped_why IS NULL)", name="stopped_says_why"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    #: Empty where messages go to the callback of each document.
    url: Mapped[str]
    callbacks: Mapped[bool] = mapped_column(default=False)
    #: Types of messages that it wants; all where the list is empty.
    events: Mapped[list[str]]
    #: `key:7`, or `local` where there was no login; and the name of whoever added it.
    holder: Mapped[str]
    who: Mapped[str]
    #: Whether it is told only of documents that were submitted by its holder.
    own_only: Mapped[bool]
    created_at: Mapped[datetime]
    #: The last place of the feed for which its deliveries are written.
    place: Mapped[int]
    stopped_at: Mapped[datetime | None]
    #: `gone`: it answered 410; `revoked`: the key that added it was revoked.
    stopped_why: Mapped[str | None]


class WebhookSecret(Base):
    """What messages to an address are signed with. It must be kept as it is; only the deliverer reads it."""

    __tablename__ = "webhook_secrets"
    __table_args__ = (Index("ix_webhook_secrets_webhook_id", "webhook_id"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    webhook_id: Mapped[int] = mapped_column(ForeignKey("webhooks.id", ondelete="CASCADE"))
    #: `whsec_` and the key in base64.
    secret: Mapped[str]
    made_at: Mapped[datetime]
    #: When it signs no more; None for the newest.
    ends_at: Mapped[datetime | None]


class Delivery(Base):
    """One message to one address: a change, to be delivered until the address has said that it has it."""

    __tablename__ = "deliveries"
    __table_args__ = (
        UniqueConstraint("webhook_id", "place"),
        Index("ix_deliveries_webhook_id_due_at", "webhook_id", "due_at"),
        Index("ix_deliveries_document_id", "document_id"),
        CheckConstraint("delivered_at IS NULL OR due_at IS NULL", name="delivered_is_not_due"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    webhook_id: Mapped[int] = mapped_column(ForeignKey("webhooks.id", ondelete="CASCADE"))
    #: The callback of its document; None where the webhook itself has an address.
    url: Mapped[str | None]
    #: The place in the feed.
    place: Mapped[int]
    #: Such as `document.done`.
    type: Mapped[str]
    document_id: Mapped[int]
    #: Number and status of the answer; None without one.
    answer: Mapped[int | None]
    status: Mapped[str | None]
    #: When the change took place.
    at: Mapped[datetime]
    #: Attempts since it was written, or sent again.
    tries: Mapped[int] = mapped_column(default=0)
    fence: Mapped[int] = mapped_column(default=0)
    #: When it is to be sent; while an attempt runs, until when nobody else tries. None when it has ended.
    due_at: Mapped[datetime | None]
    #: When it ended; with `delivered_at` because the address has it, without because it was given up.
    ended_at: Mapped[datetime | None]
    delivered_at: Mapped[datetime | None]


class DeliveryAttempt(Base):
    """What came of one attempt at a delivery. Only ever added to."""

    __tablename__ = "delivery_attempts"
    __table_args__ = (Index("ix_delivery_attempts_delivery_id_id", "delivery_id", "id"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    delivery_id: Mapped[int] = mapped_column(ForeignKey("deliveries.id", ondelete="CASCADE"))
    at: Mapped[datetime]
    seconds: Mapped[float]
    #: The HTTP status; None where no answer came.
    status: Mapped[int | None]
    #: Why it is no success; None for one.
    problem: Mapped[str | None]

"""Webhooks and what came of their deliveries, as people and programs see them: without a secret."""

from __future__ import annotations

from pydantic import Field

from worker.result.base import Count, Moment, ResultModel


class WebhookResult(ResultModel):
    """An address that is told of changes."""

    id: int = Field(description="Number of the webhook.")
    url: str | None = Field(description="Where messages are sent; null: to the callback of each document.")
    events: tuple[str, ...] = Field(description="Types of messages that it wants; all where none is named.")
    own_only: bool = Field(description="Whether it is told only of documents of the key that added it.")
    who: str = Field(description="Who added it: the name of the key.")
    created_at: Moment = Field(description="When it was added.")
    token: str = Field(description="Up to where in the feed its deliveries are written.")
    waiting: Count = Field(default=0, description="Deliveries that are not ended.")
    stopped_at: Moment | None = Field(default=None, description="Since when it is sent nothing.")
    stopped_why: str | None = Field(
        default=None, description="`gone`: it answered 410; `revoked`: its key was withdrawn."
    )


class NewWebhookResult(WebhookResult):
    """A webhook that was just added, or whose secret was just made: shown this once."""

    secret: str = Field(description="What its messages are signed with; it is not shown again.")


class AttemptResult(ResultModel):
    """What came of one attempt at a delivery."""

    at: Moment = Field(description="When it ended.")
    seconds: float = Field(description="How long it took.")
    status: int | None = Field(default=None, description="The HTTP status; null where no answer came.")
    problem: str | None = Field(default=None, description="Why it is no success.")


class DeliveryResult(ResultModel):
    """A message to a webhook and the attempts at it."""

    id: int = Field(description="Number of the delivery.")
    message: str = Field(description="The `webhook-id` of each attempt.")
    type: str = Field(description="Type of the message, such as `document.done`.")
    document: int = Field(description="Id of the document.")
    url: str | None = Field(
        default=None, description="The callback of the document; null where the webhook has an address."
    )
    token: str = Field(description="Its place in the feed of changes.")
    due_at: Moment | None = Field(
        default=None, description="When the next attempt is due; null when it has ended."
    )
    delivered_at: Moment | None = Field(default=None, description="When the address took it.")
    given_up: bool = Field(description="Whether the attempts have ended without success.")
    attempts: tuple[AttemptResult, ...] = Field(description="Oldest first.")

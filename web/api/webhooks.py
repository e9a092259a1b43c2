"""Routes of webhooks: who is told of changes, and what came of it."""

from __future__ import annotations

from fastapi import APIRouter, Request
from pydantic import BaseModel, ConfigDict, Field

from producer.services import webhooks
from producer.services.selection import LARGEST_ID
from producer.services.web_addresses import LONGEST_ADDRESS
from producer.services.webhooks import MESSAGE_TYPES
from web.api.fields import ADDRESS, Cursor, Limit, RowId
from web.auth import Submitter
from web.deps import Deps
from web.problem_details import PROBLEMS
from worker.errors import WrongUse
from worker.result.webhooks import DeliveryResult, NewWebhookResult, WebhookResult

router = APIRouter(prefix="/v1", tags=["webhooks"], responses=PROBLEMS)


class WebhookRequest(BaseModel):
    """An address that is to be told of changes, or that the callbacks of documents are."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"url": "https://intake.example/hook", "events": ["document.done"]}]}
    )

    url: str | None = Field(
        default=None, max_length=LONGEST_ADDRESS, pattern=ADDRESS, description="An https address."
    )
    callbacks: bool = Field(
        default=False, description="Instead of one address: tell each document's `callback`."
    )
    events: list[str] = Field(
        default=[], max_length=20, description=f"Only these messages, of {', '.join(MESSAGE_TYPES)}."
    )


class ReplayRequest(BaseModel):
    """What is to be sent again: what the address does not have, where nothing is named."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"since": "start"}]})

    since: str | None = Field(
        default=None,
        max_length=100,
        pattern=r"^[^\x00]*$",
        description="Everything after this token of the feed; `start` for all.",
    )
    delivery: int | None = Field(default=None, ge=1, le=LARGEST_ID, description="One delivery alone.")


class WebhooksResult(BaseModel):
    """The webhooks that the caller may see."""

    webhooks: list[WebhookResult] = Field(description="By id.")


class DeliveriesPage(BaseModel):
    """One page of the deliveries of a webhook."""

    deliveries: list[DeliveryResult] = Field(description="The newest first.")
    next: str | None = Field(description="Where the list goes on; null at its end.")


class ReplayedResult(BaseModel):
    """What a replay did."""

    due: int = Field(description="Deliveries that are due now; changes without one follow.")


@router.post("/webhooks", status_code=201, summary="Have an address told of changes")
def add_one(deps: Deps, caller: Submitter, request: WebhookRequest) -> NewWebhookResult:
    """Of what changes from now on. The secret that signs its messages is answered this once."""
    if (request.url is None) != request.callbacks:
        raise WrongUse("name an address, or `callbacks`; one of the two")
    if request.url is None:
        return webhooks.add_callbacks(deps.sessions, caller, request.events)
    networks = deps.webhook_networks
    return webhooks.add_webhook(deps.sessions, caller, request.url, request.events, networks=networks)


@router.get("/webhooks", summary="Who is told of changes")
def list_all(deps: Deps, caller: Submitter) -> WebhooksResult:
    """Those of the caller; with the right `admin`, all."""
    return WebhooksResult(webhooks=webhooks.list_webhooks(deps.sessions, caller))


@router.get("/webhooks/{webhook_id}", summary="One webhook")
def show_one(deps: Deps, webhook_id: RowId, caller: Submitter) -> WebhookResult:
    """Its address, how far it was told, and whether it was stopped; never its secret."""
    return webhooks.show_webhook(deps.sessions, caller, webhook_id)


@router.delete("/webhooks/{webhook_id}", status_code=204, summary="Tell an address nothing more")
def remove_one(deps: Deps, webhook_id: RowId, caller: Submitter) -> None:
    """Its deliveries and their log are forgotten."""
    webhooks.remove_webhook(deps.sessions, caller, webhook_id)


@router.post("/webhooks/{webhook_id}/rotate", summary="Make a new secret")
def rotate_one(deps: Deps, webhook_id: RowId, caller: Submitter) -> NewWebhookResult:
    """For 24 hours messages are signed with the earlier one, too."""
    return webhooks.rotate_secret(deps.sessions, caller, webhook_id)


@router.post("/webhooks/{webhook_id}/replay", summary="Send again")
def replay_one(deps: Deps, webhook_id: RowId, caller: Submitter, request: ReplayRequest) -> ReplayedResult:
    """Messages come under the ids that they had. A webhook that was stopped is started again."""
    due = webhooks.send_again(
        deps.sessions, caller, webhook_id, since=request.since, delivery=request.delivery
    )
    return ReplayedResult(due=due)


@router.get("/webhooks/{webhook_id}/deliveries", summary="What came of the messages")
def deliveries_of_one(
    request: Request,
    deps: Deps,
    webhook_id: RowId,
    caller: Submitter,
    limit: Limit = 50,
    cursor: Cursor = None,
) -> DeliveriesPage:
    """Each with its attempts: when, which status, and what went wrong."""
    page = webhooks.list_deliveries(deps.sessions, caller, webhook_id, before=cursor, limit=limit)
    following = None
    if page.before is not None:
        url = request.url.include_query_params(cursor=page.before)
        following = f"{url.path}?{url.query}"
    return DeliveriesPage(deliveries=list(page.deliveries), next=following)

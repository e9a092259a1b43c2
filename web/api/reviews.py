"""Routes of the review queue."""

from __future__ import annotations

from typing import Annotated, Literal, TypeAlias

from fastapi import APIRouter, Depends, Query
from fastapi.responses import JSONResponse, Response
from pydantic import BaseModel, ConfigDict, Field

from db.states import Priority, ReviewReason
from producer.services import browse, review
from producer.services.review import Band, Route
from producer.services.selection import LARGEST_ID
from web.api.fields import Amount, RowId, Text
from web.auth import OWN_DOCUMENTS, WHOLE, CallerParam, Reviewer
from web.deps import Deps
from web.problem_details import PROBLEMS
from worker.result.decisions import DecisionOutcome, DecisionResult, ReviewResult

router = APIRouter(prefix="/v1", tags=["review"], responses=PROBLEMS)

#: A fence as requests carry it.
Fence = Annotated[int, Field(ge=0, le=LARGEST_ID, description="As it came with the item.")]


async def _route(
    why: Annotated[ReviewReason | Literal["disagreement", ""], Query()] = "",
    band: Annotated[Band | Literal[""], Query()] = "",
    priority: Annotated[Priority | Literal[""], Query()] = "",
    document_type: Annotated[Text, Query(alias="type")] = None,
    least: Annotated[Amount | Literal[""] | None, Query()] = None,
) -> Route:
    return Route(
        str(why) or None,
        Band(band) if band else None,
        Priority(priority) if priority else None,
        document_type or None,
        least or None,
    )


#: The part of the queue that the query of a request names.
RouteParam: TypeAlias = Annotated[Route, Depends(_route)]


class DecisionRequest(BaseModel):
    """What a person says of an item that they hold."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"fence": 1, "answer": "genuine"}]})

    fence: Fence
    answer: DecisionOutcome = Field(description="What the person says.")
    comment: str | None = Field(default=None, max_length=2000, pattern=r"^[^\x00]*$", description="Why.")


class PutOffRequest(BaseModel):
    """An item that somebody does not want to decide now."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"fence": 1}]})

    fence: Fence


class DecisionsResult(BaseModel):
    """What people said of a document."""

    decisions: list[DecisionResult] = Field(description="Oldest first.")


@router.post(
    "/reviews/next",
    summary="Take the most urgent item",
    dependencies=[WHOLE],
    response_model=ReviewResult,
    responses={204: {"description": "Nothing is left for this person."}},
)
def take_next(deps: Deps, caller: Reviewer, route: RouteParam) -> Response:
    """It is held for ten minutes; who asks again gets the same one, with a new fence.

    The query may name a part of the queue: why it is asked, how strongly the evidence speaks, and what the
    sender said of the document.
    """
    item = review.next_review(deps.sessions, caller, deps.rules, route)
    return Response(status_code=204) if item is None else JSONResponse(item.json_object())


@router.post("/reviews/{review_id}/decision", summary="Decide an item", dependencies=[WHOLE])
def decide_item(deps: Deps, review_id: RowId, caller: Reviewer, decision: DecisionRequest) -> DecisionResult:
    """The decision stands beside the machine's verdict. 409 when somebody else holds the item by now."""
    return review.decide(
        deps.sessions,
        caller,
        review_id,
        fence=decision.fence,
        answer=decision.answer,
        comment=decision.comment,
    )


@router.post("/reviews/{review_id}/put-off", status_code=204, summary="Put an item off", dependencies=[WHOLE])
def put_item_off(deps: Deps, review_id: RowId, caller: Reviewer, request: PutOffRequest) -> None:
    """It rests for half an hour, and then whoever comes is asked."""
    review.put_off(deps.sessions, caller, review_id, fence=request.fence)


@router.get("/documents/{document_id}/decisions", summary="What people said", dependencies=[OWN_DOCUMENTS])
def decisions_of_document(deps: Deps, document_id: RowId, caller: CallerParam) -> DecisionsResult:
    """Who, when, and what the machine had said; oldest first. While others are still asked: your own."""
    browse.summarise_document(deps.sessions, document_id)
    return DecisionsResult(decisions=review.list_decisions(deps.sessions, document_id, caller))

"""Pages of the review queue: the question beside all references, one key decides and goes on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Annotated, Literal
from urllib.parse import urlencode

from fastapi import APIRouter, Form, Query, Request
from fastapi.responses import RedirectResponse, Response
from pydantic import BaseModel

from db.states import Priority
from producer.services import browse, pictures, review, review_keys
from producer.services.review import Band, Route
from producer.services.selection import LARGEST_ID
from web.api.documents import as_answer
from web.api.fields import Index, RowId
from web.api.reviews import RouteParam
from web.auth import WHOLE, Reviewer, check_form
from web.console.templating import render_template
from web.deps import Deps, WebDeps
from worker.result import DocumentResult, RegionResult, VerdictResult
from worker.result.decisions import DecisionOutcome, ReviewResult

if TYPE_CHECKING:
    from worker.report.beside import LikeReference

router = APIRouter(include_in_schema=False, dependencies=[WHOLE])

#: The buttons in their order: what they send, and their words. What they send names their key, too.
BUTTONS = (("genuine", "Genuine"), ("forged", "Forged"), ("cannot_say", "Cannot say"), ("skip", "Skip"))
#: Shares of the signature's ink over the reference's, in percent.
_OPACITIES = (0, 25, 50, 75, 100)
_Answer = Literal["genuine", "forged", "cannot_say"]
_Fence = Annotated[int, Form(ge=0, le=LARGEST_ID)]
_Comment = Annotated[str, Form(max_length=2000, pattern=r"^[^\x00]*$")]


@dataclass(frozen=True, slots=True)
class RouteLink:
    """A part of the queue as a link."""

    words: str
    href: str
    chosen: bool


@dataclass(frozen=True, slots=True)
class Question:
    """The signature of an item, its verdict, its references, and the one over which it is laid."""

    result: DocumentResult
    region: RegionResult
    verdict: VerdictResult
    references: Sequence[LikeReference]
    under: LikeReference | None


class KeyForm(BaseModel, extra="allow"):
    """Keys by what they do, as a form sends them."""

    token: str


@router.get("/review")
def review_page(
    request: Request,
    deps: Deps,
    caller: Reviewer,
    route: RouteParam,
    beside: Annotated[int, Query(ge=0, le=LARGEST_ID)] = 0,
) -> Response:
    """The next item for this person, held for them from now on; `beside` is the reference it is laid over."""
    item = review.next_review(deps.sessions, caller, deps.rules, route)
    waiting = review.waiting_reviews(deps.sessions)
    return render_template(
        request,
        "review.html",
        item=item,
        question=None if item is None else _question(deps, item, beside),
        earlier=None,
        keys=review_keys.keys_of(deps.sessions, caller),
        buttons=BUTTONS,
        opacities=_OPACITIES,
        waiting=waiting,
        routes=_routes(route, waiting),
        chosen=_query(route),
        here=_href(route),
    )


@router.get("/review/back")
def back_page(request: Request, deps: Deps, caller: Reviewer, route: RouteParam) -> Response:
    """What this person answered last, to look at it again and to correct it."""
    earlier = review.last_answer(deps.sessions, caller)
    return render_template(
        request,
        "review.html",
        item=earlier.item,
        question=_question(deps, earlier.item, 0),
        earlier=earlier,
        keys=review_keys.keys_of(deps.sessions, caller),
        buttons=BUTTONS[:3],
        opacities=_OPACITIES,
        waiting={},
        routes={},
        chosen={},
        here=_href(route),
    )


@router.get("/review/ink/{document_id}/{page}/{region}")
def ink_of_crop(
    deps: Deps, document_id: RowId, page: Index, region: Index, clean: Annotated[bool, Query()] = False
) -> Response:
    """The ink of a signature, to lay it over a reference."""
    crop = pictures.crop_picture(deps.sessions, deps.store, document_id, page, region, clean=clean)
    return as_answer(pictures.ink_alone(crop))


@router.get("/review/ink/{document_id}/{page}/{region}/{reference_id}")
def ink_of_reference(
    deps: Deps, document_id: RowId, page: Index, region: Index, reference_id: RowId
) -> Response:
    """The ink of a reference with which the signature was compared."""
    place = (document_id, page, region)
    picture = pictures.picture_compared_with(deps.sessions, deps.store, place, reference_id)
    return as_answer(pictures.ink_alone(picture))


@router.get("/review/keys")
def keys_page(request: Request, deps: Deps, caller: Reviewer) -> Response:
    """The caller's keys."""
    return render_template(request, "keys.html", keys=review_keys.keys_of(deps.sessions, caller))


@router.post("/review/keys")
def set_keys_from_page(
    request: Request, deps: Deps, caller: Reviewer, form: Annotated[KeyForm, Form()]
) -> Response:
    """Keep the caller's keys; what is not named has its usual one."""
    check_form(request, deps, form.token)
    keys = {name: str(value) for name, value in (form.model_extra or {}).items()}
    review_keys.set_keys(deps.sessions, caller, keys)
    return RedirectResponse("/review/keys", 303)


@router.post("/review/{review_id}")
def decide_from_page(
    request: Request,
    deps: Deps,
    review_id: RowId,
    caller: Reviewer,
    route: RouteParam,
    fence: _Fence,
    token: Annotated[str, Form()],
    answer: Annotated[_Answer | Literal["skip"], Form()],
    comment: _Comment = "",
) -> Response:
    """Decide or put off, and go on with the next."""
    check_form(request, deps, token)
    if answer == "skip":
        review.put_off(deps.sessions, caller, review_id, fence=fence)
    else:
        review.decide(
            deps.sessions,
            caller,
            review_id,
            fence=fence,
            answer=DecisionOutcome(answer),
            comment=comment.strip(),
        )
    return RedirectResponse(_href(route), 303)


@router.post("/review/{review_id}/correct")
def correct_from_page(
    request: Request,
    deps: Deps,
    review_id: RowId,
    caller: Reviewer,
    route: RouteParam,
    fence: _Fence,
    token: Annotated[str, Form()],
    answer: Annotated[_Answer, Form()],
    comment: _Comment = "",
) -> Response:
    """Put another answer beside the last one, and go on."""
    check_form(request, deps, token)
    review.correct(
        deps.sessions,
        caller,
        review_id,
        fence=fence,
        answer=DecisionOutcome(answer),
        comment=comment.strip(),
    )
    return RedirectResponse(_href(route), 303)


def _question(deps: WebDeps, item: ReviewResult, beside: int) -> Question:
    result = browse.show_document(deps.sessions, item.document_id)
    region, verdict = review.asked_about(result, item)
    place = (item.page, item.region)
    references = pictures.likest_references(deps.sessions, result).get((place, item.signer), ())
    chosen = (row for row in references if row.id == beside)
    under = next(chosen, next(iter(references), None))
    return Question(result, region, verdict, references, under)


def _routes(route: Route, waiting: dict[str, int]) -> dict[str, list[RouteLink]]:
    """The parts of the queue that somebody may choose, with how many wait."""
    reasons = dict.fromkeys([*waiting, *filter(None, [route.why])])
    return {
        "why": [
            RouteLink(
                f"{why} ({waiting.get(why, 0)})",
                _href(replace(route, why=None if why == route.why else why)),
                why == route.why,
            )
            for why in reasons
        ],
        "evidence": [
            RouteLink(
                band.value,
                _href(replace(route, band=None if band is route.band else band)),
                band is route.band,
            )
            for band in Band
        ],
        "priority": [
            RouteLink(
                priority.value,
                _href(replace(route, priority=None if priority is route.priority else priority)),
                priority is route.priority,
            )
            for priority in reversed(Priority)
        ],
    }


def _query(route: Route) -> dict[str, object]:
    parts = {
        "why": route.why,
        "band": route.band,
        "priority": route.priority,
        "type": route.type,
        "least": route.least,
    }
    return {name: value for name, value in parts.items() if value}


def _href(route: Route) -> str:
    query = urlencode(_query(route))
    return f"/review?{query}" if query else "/review"

"""Pages of the review queue: the question beside all references, one key decides and goes on."""

from __future__ import annotations

from typing import Annotated, Literal

from fastapi import APIRouter, Form, Request
from fastapi.responses import RedirectResponse, Response

from producer.services import browse, pictures, review
from producer.services.selection import LARGEST_ID
from web.api.fields import RowId
from web.auth import WHOLE, Reviewer, check_form
from web.console.templating import render_template
from web.deps import Deps
from worker.result.decisions import DecisionOutcome

router = APIRouter(include_in_schema=False, dependencies=[WHOLE])

#: The buttons in their order: what they send, the key that presses them, and their words.
BUTTONS = (
    ("genuine", "1", "Genuine"),
    ("forged", "2", "Forged"),
    ("cannot_say", "3", "Cannot say"),
    ("put_off", "s", "Skip"),
)
_FenceField = Annotated[int, Form(ge=0, le=LARGEST_ID)]


@router.get("/review")
def review_page(request: Request, deps: Deps, caller: Reviewer) -> Response:
    """The next item for this person, held for them from now on."""
    item = review.next_review(deps.sessions, caller, deps.rules)
    waiting = review.waiting_reviews(deps.sessions)
    if item is None:
        return render_template(request, "review.html", item=None, waiting=waiting)
    result = browse.show_document(deps.sessions, item.document_id)
    place = (item.page, item.region)
    region, verdict = review.asked_about(result, item)
    return render_template(
        request,
        "review.html",
        item=item,
        waiting=waiting,
        result=result,
        region=region,
        verdict=verdict,
        references=pictures.likest_references(deps.sessions, result).get((place, item.signer), []),
        buttons=BUTTONS,
    )


@router.post("/review/{review_id}")
def decide_from_page(
    request: Request,
    deps: Deps,
    review_id: RowId,
    caller: Reviewer,
    fence: _FenceField,
    token: Annotated[str, Form()],
    answer: Annotated[Literal["genuine", "forged", "cannot_say", "put_off"], Form()],
    comment: Annotated[str, Form(max_length=2000, pattern=r"^[^\x00]*$")] = "",
) -> Response:
    """Decide or put off, and go on with the next."""
    check_form(request, deps, token)
    if answer == "put_off":
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
    return RedirectResponse("/review", 303)

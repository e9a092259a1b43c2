"""Routes of documents: lists, one document, its result, its pictures, its history."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from typing import Annotated, Any

from fastapi import APIRouter, Header, Query, Request
from fastapi.responses import JSONResponse, Response
from pydantic import BaseModel, Field

from producer.services import browse, pictures
from producer.services.browse import ListFilter
from producer.services.keys import Caller
from producer.services.missing import NotFound
from producer.services.pictures import Picture
from web.api.fields import Cursor, Filters, Index, Limit, RowId
from web.auth import OWN_DOCUMENTS, WHOLE, CallerParam
from web.deps import Deps, WebDeps
from web.problem_details import PROBLEMS
from web.waiting import preferred_wait, wait_for
from worker.result import DocumentResult, EventResult, PageResult, ResultModel
from worker.result.listing import DocumentSummary

router = APIRouter(prefix="/v1", tags=["documents"], responses=PROBLEMS, dependencies=[OWN_DOCUMENTS])

_PICTURE: dict[int | str, dict[str, Any]] = {
    200: {
        "description": "The picture.",
        "content": {
            kind: {"schema": {"type": "string", "format": "binary"}} for kind in ("image/png", "image/jpeg")
        },
    }
}


class DocumentsPage(BaseModel):
    """One page of a list of documents."""

    documents: list[DocumentSummary] = Field(description="Matching documents, newest first.")
    next: str | None = Field(description="Where the list goes on; null at its end.")


class HistoryResult(BaseModel):
    """What happened to a document."""

    events: list[EventResult] = Field(description="Steps on its way, oldest first.")


@router.get("/documents", summary="List documents by filters, newest first")
def list_of_documents(
    request: Request,
    deps: Deps,
    caller: CallerParam,
    filters: Filters,
    limit: Limit = 50,
    cursor: Cursor = None,
) -> DocumentsPage:
    """`q` is an id, the first digits of a SHA-256, the beginning of a key, or a claimed signer."""
    page = browse.list_documents(deps.sessions, narrowed(filters, caller), before=cursor, limit=limit)
    following = None
    if page.before is not None:
        url = request.url.include_query_params(cursor=page.before)
        following = f"{url.path}?{url.query}"
    return DocumentsPage(documents=list(page.documents), next=following)


@router.get(
    "/documents/{document_id}",
    summary="Where a document stands",
    response_model=DocumentSummary,
    responses={304: {"description": "It is as the ETag says."}},
)
def one_document(
    deps: Deps,
    document_id: RowId,
    prefer: Annotated[str | None, Header(description="`wait=20`: answer when it is final.")] = None,
    if_none_match: Annotated[str | None, Header(description="The ETag of an earlier answer.")] = None,
) -> Response:
    """With `Prefer: wait=20` the answer comes when the document is final, or after so many seconds.

    With `If-None-Match` it comes as soon as anything has changed.
    """
    _wait(deps, document_id, seconds=preferred_wait(prefer), known=if_none_match)
    tag = _tag(deps, document_id)
    return _tagged(browse.summarise_document(deps.sessions, document_id), tag, known=if_none_match)


@router.get(
    "/documents/{document_id}/result",
    summary="The result of a document",
    response_model=DocumentResult,
    responses={304: {"description": "It is as the ETag says."}},
)
def result_of_document(
    deps: Deps, document_id: RowId, if_none_match: Annotated[str | None, Header()] = None
) -> Response:
    """Everything that is known at this moment: while the document is at work, the pages that were read."""
    tag = _tag(deps, document_id)
    return _tagged(browse.show_document(deps.sessions, document_id), tag, known=if_none_match)


@router.get("/documents/{document_id}/history", summary="What happened to a document")
def history_of_document(deps: Deps, document_id: RowId, caller: CallerParam) -> HistoryResult:
    """Every step with its stage, attempt, worker and time."""
    return HistoryResult(events=list(browse.list_events(deps.sessions, document_id, caller)))


@router.get("/documents/{document_id}/pages/{page}", summary="One page with what was found on it")
def page_of_document(deps: Deps, document_id: RowId, page: Index) -> PageResult:
    """A page can be asked for as soon as it was read, while others still wait."""
    pages = browse.show_document(deps.sessions, document_id).pages
    chosen = next((row for row in pages if row.page == page), None)
    if chosen is None:
        raise NotFound(f"page {page}, counted from 0, of document {document_id}")
    return chosen


@router.get("/documents/{document_id}/pages/{page}/image", responses=_PICTURE, response_class=Response)
def image_of_page(deps: Deps, document_id: RowId, page: Index) -> Response:
    """The image of a page; boxes are in its pixels."""
    return as_answer(pictures.page_picture(deps.sessions, deps.store, document_id, page))


@router.get("/documents/{document_id}/pages/{page}/overlay", responses=_PICTURE, response_class=Response)
def overlay_of_page(deps: Deps, document_id: RowId, page: Index) -> Response:
    """The image of a page with what was found drawn on it."""
    return as_answer(pictures.annotated_page(deps.sessions, deps.store, document_id, page))


@router.get(
    "/documents/{document_id}/pages/{page}/regions/{region}/crop",
    responses=_PICTURE,
    response_class=Response,
)
def crop_of_region(
    deps: Deps,
    document_id: RowId,
    page: Index,
    region: Index,
    clean: Annotated[bool, Query(description="The cleaned crop.")] = False,
) -> Response:
    """The crop of a region as it was scanned, or the cleaned one."""
    return as_answer(pictures.crop_picture(deps.sessions, deps.store, document_id, page, region, clean=clean))


@router.get(
    "/documents/{document_id}/pages/{page}/regions/{region}/references/{reference_id}/image",
    responses=_PICTURE,
    response_class=Response,
    dependencies=[WHOLE],
)
def image_of_reference_compared_with(
    deps: Deps, document_id: RowId, page: Index, region: Index, reference_id: RowId
) -> Response:
    """The picture of a reference in `compared_with` of a verdict, also where it is off file since."""
    place = (document_id, page, region)
    return as_answer(pictures.picture_compared_with(deps.sessions, deps.store, place, reference_id))


def narrowed(filters: ListFilter, caller: Caller) -> ListFilter:
    """The same, for a key that sees its own documents only."""
    return replace(filters, submitter=caller.submitter) if caller.own_only else filters


def as_answer(picture: Picture) -> Response:
    """A picture as an answer; its ETag is the digest of its bytes."""
    tag = hashlib.sha256(picture.data).hexdigest()[:24]
    return Response(picture.data, media_type=picture.media_type, headers={"ETag": f'"{tag}"'})


def _wait(deps: WebDeps, document_id: int, *, seconds: float, known: str | None) -> None:
    """Until the document is final; for who names an ETag, until it is another."""

    def changed() -> bool:
        if known is not None:
            return _tag(deps, document_id) not in known
        return browse.summarise_document(deps.sessions, document_id).status.final

    wait_for(changed, seconds, deps)


def _tag(deps: WebDeps, document_id: int) -> str:
    return f'"{browse.document_tag(deps.sessions, document_id)}"'


def _tagged(answer: ResultModel, tag: str, *, known: str | None) -> Response:
    """The answer under its tag, which was taken before: what changes meanwhile is seen the next time."""
    headers = {"ETag": tag, "Cache-Control": "private, no-cache"}
    if known is not None and tag in known:
        return Response(status_code=304, headers=headers)
    return JSONResponse(answer.json_object(), headers=headers)

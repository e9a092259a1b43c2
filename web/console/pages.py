"""Pages of documents, signers and numbers; what they show comes from the services."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal
from urllib.parse import urlencode

from fastapi import APIRouter, Query, Request
from fastapi.responses import FileResponse, RedirectResponse, Response

from producer.services import browse
from producer.services.missing import NotFound
from producer.services.selection import LARGEST_ID
from producer.services.status import overview
from web.api.fields import Cursor, Filters, RowId
from web.console.templating import render_template
from web.deps import Deps
from worker.result import DocumentResult, PageResult, RegionResult, VerdictResult
from worker.result.listing import SignerResult

router = APIRouter(include_in_schema=False)

_STATIC = Path(__file__).parent / "static"
#: Documents on one page of the table, and how large pages may be looked at.
_ROWS, _ZOOMS = 50, (1, 2, 4)
#: Filters that are links, with their values.
_CHOICES: Mapping[str, tuple[str, ...]] = {
    "status": ("waiting", "working", "done", "partial", "failed"),
    "signed": ("true", "false", "unknown"),
    "verdict": ("genuine", "forged", "inconclusive", "no_reference"),
    "duplicate": ("true",),
}


@dataclass(frozen=True, slots=True)
class FilterLink:
    """A filter's value as a link: following it narrows the list, or takes the filter back."""

    value: str
    href: str
    chosen: bool


@dataclass(frozen=True, slots=True)
class RegionCard:
    """A region with its verdicts, the likeliest signer first."""

    region: RegionResult
    verdicts: tuple[VerdictResult, ...]


@router.get("/")
def home() -> RedirectResponse:
    """The table of documents is where people begin."""
    return RedirectResponse("/documents", 303)


@router.get("/static/{name}")
def static_file(name: Literal["console.css", "htmx.min.js", "htmx-LICENSE.txt"]) -> FileResponse:
    """Style, script and its licence."""
    return FileResponse(_STATIC / name, headers={"Cache-Control": "public, max-age=3600"})


@router.get("/documents")
def documents_page(request: Request, deps: Deps, filters: Filters, cursor: Cursor = None) -> Response:
    """The table of documents with filters that are links."""
    listed = browse.list_documents(deps.sessions, filters, before=cursor, limit=_ROWS)
    query = {name: value for name, value in request.query_params.items() if name != "cursor" and value}
    return render_template(
        request,
        "documents.html",
        documents=listed.documents,
        choices=_choices(query),
        query=query,
        more=None if listed.before is None else _href(query, cursor=str(listed.before)),
        here=str(request.url.path) + (f"?{request.url.query}" if request.url.query else ""),
        busy=any(not row.status.final for row in listed.documents),
        later=cursor is not None,
    )


@router.get("/documents/{document_id}")
def document_page(
    request: Request,
    deps: Deps,
    document_id: RowId,
    page: Annotated[int, Query(ge=0, le=LARGEST_ID)] = 0,
    zoom: Annotated[int, Query(ge=1, le=max(_ZOOMS))] = 1,
) -> Response:
    """One page with its boxes, the verdicts beside it, and what happened to the document."""
    result = browse.show_document(deps.sessions, document_id)
    chosen = next((row for row in result.pages if row.page == page), None)
    if chosen is None and (result.pages or page):
        raise NotFound(f"page {page} of document {document_id}")
    return render_template(
        request,
        "document.html",
        result=result,
        page=chosen,
        cards=[] if chosen is None else _cards(result, chosen),
        signers=_signers(deps, result),
        events=browse.list_events(deps.sessions, document_id),
        zoom=zoom,
        zooms=_ZOOMS,
    )


@router.get("/overview")
def overview_page(request: Request, deps: Deps) -> Response:
    """Numbers by status, reasons of the quarantine, the oldest that waits."""
    return render_template(
        request,
        "overview.html",
        overview=overview(deps.sessions),
        since=browse.waiting_since(deps.sessions),
    )


@router.get("/signers")
def signers_page(request: Request, deps: Deps) -> Response:
    """Signers on file."""
    return render_template(request, "signers.html", signers=browse.list_signers(deps.sessions))


@router.get("/signers/{signer_id}")
def signer_page(request: Request, deps: Deps, signer_id: RowId) -> Response:
    """A signer's references with their grades, and the documents that claim the signer."""
    signer = browse.show_signer(deps.sessions, signer_id)
    listed = browse.list_documents(deps.sessions, browse.ListFilter(signer=signer.signer), limit=_ROWS)
    return render_template(request, "signer.html", signer=signer, documents=listed.documents)


def _choices(query: Mapping[str, str]) -> dict[str, list[FilterLink]]:
    return {name: [_choice(query, name, value) for value in values] for name, values in _CHOICES.items()}


def _choice(query: Mapping[str, str], name: str, value: str) -> FilterLink:
    chosen = query.get(name) == value
    return FilterLink(value, _href(query, **{name: None if chosen else value}), chosen)


def _href(query: Mapping[str, str], **changes: str | None) -> str:
    """The table under this query with some of its parts changed; None takes a part out."""
    parts = {name: value for name, value in {**query, **changes}.items() if value is not None}
    return f"/documents?{urlencode(parts)}" if parts else "/documents"


def _cards(result: DocumentResult, page: PageResult) -> list[RegionCard]:
    return [RegionCard(region, _verdicts(result, region)) for region in page.regions]


def _verdicts(result: DocumentResult, region: RegionResult) -> tuple[VerdictResult, ...]:
    """Those on a region, the likeliest signer first."""
    place = (region.page, region.index)
    verdicts = (verdict for verdict in result.verdicts if verdict.place == place)
    return tuple(sorted(verdicts, key=lambda verdict: verdict.support, reverse=True))


def _signers(deps: Deps, result: DocumentResult) -> dict[str, SignerResult]:
    """The claimed signers that are on file, by name."""
    claimed = {claim.signer for claim in result.claims}
    ids = {row.signer: row.id for row in browse.list_signers(deps.sessions) if row.signer in claimed}
    return {name: browse.show_signer(deps.sessions, number) for name, number in ids.items()}

"""Pages of documents and numbers; what they show comes from the services."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal
from urllib.parse import urlencode

from fastapi import APIRouter, File, Form, Query, Request, UploadFile
from fastapi.responses import FileResponse, RedirectResponse, Response

from db.states import ClaimAnswer, Priority, Status
from producer.services import browse, bundle, lifecycle, pictures, review
from producer.services.audit import Loose, audit_source
from producer.services.keys import Right
from producer.services.missing import NotFound
from producer.services.receive import BucketIntake, Particulars, Received, receive
from producer.services.selection import LARGEST_ID
from producer.services.status import overview
from web.api.documents import narrowed
from web.api.fields import Amount, Cursor, Filters, Index, RowId
from web.api.opinions import searched
from web.api.signers import put_on_file
from web.api.writes import intake_of, kept_file
from web.auth import OWN_DOCUMENTS, WHOLE, Admin, CallerParam, Submitter, check_form
from web.console.templating import render_template
from web.deps import Deps
from worker.errors import WrongUse
from worker.result import DocumentResult, PageResult, RegionResult, VerdictResult

router = APIRouter(include_in_schema=False, dependencies=[OWN_DOCUMENTS])
#: What a page needs before anybody has logged in.
open_router = APIRouter(include_in_schema=False)

_STATIC = Path(__file__).parent / "static"
#: Documents on one page of the table, and how large pages may be looked at.
_ROWS, _ZOOMS = 50, (1, 2, 4)
#: Versions without their counterpart that an audit shows.
_LOOSE = 100
#: Signers, and signatures, that a search shows.
_SEARCHED = 12
#: Filters that are links, with their values.
_CHOICES: Mapping[str, tuple[str, ...]] = {
    "status": tuple(Status),
    "signed": ("true", "false", "unknown"),
    "claim": tuple(ClaimAnswer),
    "contradicted": ("true",),
    "duplicate": ("true",),
    "priority": (Priority.HIGH, Priority.LOW),
}


@dataclass(frozen=True, slots=True)
class FilterLink:
    """A filter's value as a link: following it narrows the list, or takes the filter back."""

    value: str
    href: str
    chosen: bool


@dataclass(frozen=True, slots=True)
class RegionCard:
    """A region with its verdicts: those of the signer whom it stands for, and those of the others."""

    region: RegionResult
    verdicts: tuple[VerdictResult, ...]
    others: tuple[VerdictResult, ...]


@router.get("/")
def home() -> RedirectResponse:
    """The table of documents is where people begin."""
    return RedirectResponse("/documents", 303)


@open_router.get("/static/{name}")
def static_file(name: Literal["console.css", "htmx.min.js", "htmx-LICENSE.txt", "keys.js"]) -> FileResponse:
    """Style, script and its licence."""
    return FileResponse(_STATIC / name, headers={"Cache-Control": "public, max-age=3600"})


@router.get("/documents")
def documents_page(
    request: Request, deps: Deps, caller: CallerParam, filters: Filters, cursor: Cursor = None
) -> Response:
    """The table of documents with filters that are links."""
    chosen = narrowed(filters, caller)
    listed = browse.list_documents(deps.sessions, chosen, before=cursor, limit=_ROWS)
    query = {name: value for name, value in request.query_params.items() if name != "cursor" and value}
    return render_template(
        request,
        "documents.html",
        takes=deps.intake is not None and Right.SUBMIT in caller.scopes,
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
    caller: CallerParam,
    page: Annotated[int, Query(ge=0, le=LARGEST_ID)] = 0,
    zoom: Annotated[int, Query(ge=1, le=max(_ZOOMS))] = 1,
) -> Response:
    """One page with its boxes, the verdicts beside it, and what happened to the document."""
    result = browse.show_document(deps.sessions, document_id)
    chosen = next((row for row in result.pages if row.page == page), None)
    if chosen is None and (result.pages or page):
        raise NotFound(f"page {page + 1} of document {document_id}")
    cards = [] if chosen is None else _cards(result, chosen)
    return render_template(
        request,
        "document.html",
        result=result,
        particulars=browse.particulars_of(deps.sessions, document_id),
        page=chosen,
        takes=deps.intake is not None,
        enrolls=deps.enroller is not None,
        cards=cards,
        likest=pictures.likest_references(deps.sessions, result) if cards else {},
        decisions=review.list_decisions(deps.sessions, document_id, caller),
        events=browse.list_events(deps.sessions, document_id, caller),
        zoom=zoom,
        zooms=_ZOOMS,
    )


@router.get("/documents/{document_id}/bundle", dependencies=[WHOLE])
def bundle_download(deps: Deps, document_id: RowId, _caller: Admin) -> Response:
    """The document's case, packed so that it can be read again on another machine."""
    with tempfile.TemporaryDirectory(prefix="countersign-") as folder:
        path = Path(folder) / "bundle.zip"
        bundle.bundle_of(document_id, deps.sessions, deps.store, path)
        data = path.read_bytes()
    disposition = f'attachment; filename="document-{document_id}.zip"'
    return Response(data, media_type="application/zip", headers={"Content-Disposition": disposition})


@router.get("/overview", dependencies=[WHOLE])
def overview_page(request: Request, deps: Deps) -> Response:
    """Numbers by status, reasons of the quarantine, the oldest that waits."""
    return render_template(
        request,
        "overview.html",
        overview=overview(deps.sessions),
        flower=deps.flower_url,
        audits=isinstance(deps.intake, BucketIntake),
        statement=None,
        loose=(),
    )


@router.post("/overview/audit", dependencies=[WHOLE])
def audit_from_page(request: Request, deps: Deps, _caller: Admin, token: Annotated[str, Form()]) -> Response:
    """Every version in the intake against every row; it takes as long as the bucket takes to list."""
    check_form(request, deps, token)
    if not isinstance(deps.intake, BucketIntake):
        raise WrongUse("this server has no intake to audit")
    loose: list[Loose] = []
    statement = audit_source(deps.changing, deps.intake.deps.source, on_loose=loose.append)
    return render_template(
        request,
        "overview.html",
        overview=overview(deps.sessions),
        flower=deps.flower_url,
        audits=True,
        statement=statement,
        loose=loose[:_LOOSE],
    )


@router.get("/search", dependencies=[WHOLE])
def search_page(request: Request, _caller: CallerParam) -> Response:
    """A field for a picture of a signature."""
    return render_template(request, "search.html", result=None)


@router.post("/search", dependencies=[WHOLE])
def search_from_page(
    request: Request,
    deps: Deps,
    _caller: CallerParam,
    file: Annotated[UploadFile, File()],
    token: Annotated[str, Form()],
) -> Response:
    """The nearest signers and signatures, with their pictures."""
    check_form(request, deps, token)
    return render_template(request, "search.html", result=searched(deps, file, _SEARCHED))


@router.post("/documents/{document_id}/retry")
def retry_from_page(
    request: Request, deps: Deps, document_id: RowId, caller: Submitter, token: Annotated[str, Form()]
) -> Response:
    """Read a document once more."""
    check_form(request, deps, token)
    lifecycle.begin_again(intake_of(deps), document_id, caller)
    return RedirectResponse(f"/documents/{document_id}", 303)


@router.post("/documents/{document_id}/cancel")
def cancel_from_page(
    request: Request, deps: Deps, document_id: RowId, caller: Submitter, token: Annotated[str, Form()]
) -> Response:
    """Give a document up."""
    check_form(request, deps, token)
    lifecycle.cancel(deps.sessions, document_id, caller)
    return RedirectResponse(f"/documents/{document_id}", 303)


@router.post("/documents")
def submit_from_page(
    request: Request,
    deps: Deps,
    caller: Submitter,
    file: Annotated[UploadFile, File()],
    token: Annotated[str, Form()],
    signer: Annotated[str, Form(max_length=2000)] = "",
    priority: Annotated[Priority, Form()] = Priority.NORMAL,
    document_type: Annotated[str, Form(alias="type", max_length=200, pattern=r"^[^\x00]*$")] = "",
    amount: Annotated[Amount | Literal[""], Form()] = "",
) -> Response:
    """Submit a document with the signers that it claims, separated by semicolons."""
    check_form(request, deps, token)
    claims = tuple(name for name in signer.split(";") if name.strip())
    with kept_file(file) as path:
        particulars = Particulars(priority, document_type or None, amount or None)
        received = Received(claims, path, file.filename or "", particulars=particulars)
        taken = receive(received, intake_of(deps), caller)
    return RedirectResponse(f"/documents/{taken.id}", 303)


@router.post("/documents/{document_id}/pages/{page}/regions/{region}/enroll", dependencies=[WHOLE])
def enroll_region(
    request: Request,
    deps: Deps,
    document_id: RowId,
    page: Index,
    region: Index,
    caller: Admin,
    name: Annotated[str, Form(max_length=500, pattern=r"^[^\x00]*$")],
    token: Annotated[str, Form()],
) -> Response:
    """Put the crop of a region on file as a reference."""
    check_form(request, deps, token)
    crop = pictures.crop_picture(deps.sessions, deps.store, document_id, page, region)
    images = [(f"document-{document_id}-page-{page + 1}-region-{region + 1}.png", crop.data)]
    return RedirectResponse(f"/signers/{put_on_file(deps, name, images, who=caller.name).signer.id}", 303)


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
    """Marks that sign before the others; else in their order."""
    regions = sorted(page.regions, key=lambda region: not region.is_signing)
    return [_card(result, region) for region in regions]


def _card(result: DocumentResult, region: RegionResult) -> RegionCard:
    """The likeliest signer stands first."""
    place = (region.page, region.index)
    rows = [verdict for verdict in result.verdicts if verdict.place == place]
    verdicts = sorted(rows, key=lambda verdict: verdict.support, reverse=True)
    assigned = tuple(verdict for verdict in verdicts if verdict.assigned)
    others = tuple(verdict for verdict in verdicts if not verdict.assigned)
    return RegionCard(region, assigned or others, others if assigned else ())

"""Pages of signers: their references with grades, what was done to them, and what an admin may do."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, File, Form, Request, UploadFile
from fastapi.responses import RedirectResponse, Response

from producer.services import browse, signers
from producer.services.browse import ListFilter
from producer.services.receive import safe_name
from web.api.fields import Number, RowId
from web.api.signers import put_on_file
from web.auth import WHOLE, Admin, check_form
from web.console.templating import render_template
from web.deps import Deps, WebDeps
from worker.errors import WrongUse

router = APIRouter(include_in_schema=False, dependencies=[WHOLE])

#: Documents that a signer's page shows.
_ROWS = 50
_Name = Annotated[str, Form(max_length=500, pattern=r"^[^\x00]*$")]
_Token = Annotated[str, Form()]


@router.get("/signers")
def signers_page(request: Request, deps: Deps) -> Response:
    """Signers on file."""
    return render_template(
        request, "signers.html", signers=browse.list_signers(deps.sessions), enrolls=deps.enroller is not None
    )


@router.get("/signers/{signer_id}")
def signer_page(request: Request, deps: Deps, signer_id: RowId) -> Response:
    """References with their grades, the history, copies, and the documents that claim the signer."""
    signer = browse.show_signer(deps.sessions, signer_id)
    history = signers.signer_history(deps.sessions, signer.signer)
    claiming = browse.list_documents(deps.sessions, ListFilter(signer=signer.signer), limit=_ROWS)
    copied = ListFilter(signer=signer.signer, duplicate=True)
    return render_template(
        request,
        "signer.html",
        signer=signer,
        history=history,
        documents=claiming.documents,
        more=claiming.before is not None,
        copies=browse.list_documents(deps.sessions, copied, limit=_ROWS).documents,
        touched=signers.touched_documents(deps.sessions, [signer.signer]),
        enrolls=deps.enroller is not None,
    )


@router.post("/signers")
def enroll_from_page(
    request: Request,
    deps: Deps,
    caller: Admin,
    name: _Name,
    files: Annotated[list[UploadFile], File()],
    token: _Token,
) -> Response:
    """Put references on file from images."""
    check_form(request, deps, token)
    images = ((safe_name(file.filename or ""), file.file.read()) for file in files)
    return RedirectResponse(f"/signers/{put_on_file(deps, name, images, who=caller.name).signer.id}", 303)


@router.post("/signers/{signer_id}/references/{number}/remove")
def remove_from_page(
    request: Request, deps: Deps, signer_id: RowId, number: Number, caller: Admin, token: _Token
) -> Response:
    """Take a reference off file: no comparison is made with it any more."""
    check_form(request, deps, token)
    name = browse.show_signer(deps.sessions, signer_id).signer
    signers.remove_references(deps.changing, name, [str(number)], _judge(deps), who=caller.name)
    return RedirectResponse(f"/signers/{signer_id}", 303)


@router.post("/signers/{signer_id}/retire")
def retire_from_page(
    request: Request, deps: Deps, signer_id: RowId, caller: Admin, token: _Token
) -> Response:
    """Take all references of a signer off file. The signer, the history and earlier verdicts stay."""
    check_form(request, deps, token)
    signer = browse.show_signer(deps.sessions, signer_id)
    numbers = [str(reference.number) for reference in signer.references]
    signers.remove_references(deps.changing, signer.signer, numbers, _judge(deps), who=caller.name)
    return RedirectResponse(f"/signers/{signer_id}", 303)


@router.post("/signers/{signer_id}/merge")
def merge_from_page(
    request: Request, deps: Deps, signer_id: RowId, caller: Admin, into: _Name, token: _Token
) -> Response:
    """Make a signer another name of another: claims that use either meet the references of both."""
    check_form(request, deps, token)
    name = browse.show_signer(deps.sessions, signer_id).signer
    merged = signers.merge_signers(deps.changing, name, into, _judge(deps), who=caller.name)
    return RedirectResponse(f"/signers/{merged.id}", 303)


def _judge(deps: WebDeps) -> signers.Judge:
    """Judges references by each other. WrongUse where this server enrolls nobody."""
    if deps.enroller is None:
        raise WrongUse("this server changes no signers: use `countersign signers`")
    return deps.enroller().judge

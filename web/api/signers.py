"""Routes of signers and the references on file for them."""

from __future__ import annotations

from fastapi import APIRouter, Request
from fastapi.responses import Response
from pydantic import BaseModel, Field

from producer.services import browse, pictures
from producer.services.browse import ListFilter
from web.api.documents import DocumentsPage, as_answer, list_of_documents
from web.api.fields import Cursor, Limit, Number, RowId
from web.auth import WHOLE, CallerParam
from web.deps import Deps
from web.problems import PROBLEMS
from worker.result.listing import SignerResult, SignerSummary

router = APIRouter(prefix="/v1", tags=["signers"], responses=PROBLEMS, dependencies=[WHOLE])


class SignersResult(BaseModel):
    """The signers on file."""

    signers: list[SignerSummary] = Field(description="By name.")


@router.get("/signers", summary="The signers on file")
def list_of_signers(deps: Deps) -> SignersResult:
    """By name, with the number of their references."""
    return SignersResult(signers=browse.list_signers(deps.sessions))


@router.get("/signers/{signer_id}", summary="A signer with the references on file")
def one_signer(deps: Deps, signer_id: RowId) -> SignerResult:
    """Each reference with its grade, and whether it disagrees with the others."""
    return browse.show_signer(deps.sessions, signer_id)


@router.get("/signers/{signer_id}/documents", summary="Documents that claim a signer")
def documents_of_signer(
    request: Request,
    deps: Deps,
    caller: CallerParam,
    signer_id: RowId,
    limit: Limit = 50,
    cursor: Cursor = None,
) -> DocumentsPage:
    """Newest first."""
    chosen = ListFilter(signer=browse.show_signer(deps.sessions, signer_id).signer)
    return list_of_documents(request, deps, caller, chosen, limit, cursor)


@router.get("/signers/{signer_id}/references/{number}/image", response_class=Response)
def image_of_reference(deps: Deps, signer_id: RowId, number: Number) -> Response:
    """The picture of a reference, by its number from 1."""
    return as_answer(pictures.reference_picture(deps.sessions, deps.store, signer_id, number))

"""Routes of signers and the references on file for them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated

from fastapi import APIRouter, File, Form, Request, UploadFile
from fastapi.responses import Response
from pydantic import BaseModel, Field

from producer.services import browse, pictures
from producer.services.browse import ListFilter
from producer.services.enroll import checked_name, enroll_images
from producer.services.receive import safe_name
from web.api.documents import DocumentsPage, as_answer, list_of_documents
from web.api.fields import Cursor, Limit, Number, RowId
from web.auth import WHOLE, Admin, CallerParam
from web.deps import Deps
from web.problem_details import PROBLEMS
from worker.errors import UnusableReference, WrongUse
from worker.result.listing import SignerResult, SignerSummary

router = APIRouter(prefix="/v1", tags=["signers"], responses=PROBLEMS, dependencies=[WHOLE])


class SignersResult(BaseModel):
    """The signers on file."""

    signers: list[SignerSummary] = Field(description="By name.")


@router.get("/signers", summary="The signers on file")
def list_of_signers(deps: Deps) -> SignersResult:
    """By name, with the number of their references."""
    return SignersResult(signers=browse.list_signers(deps.sessions))


class EnrolledResult(BaseModel):
    """What came of each image, and how all references of the signer stand now."""

    signer: SignerResult = Field(description="The signer with all references.")
    refused: list[str] = Field(description="Why images cannot be used; the others are on file.")


@router.post("/signers", status_code=201, summary="Put references on file")
def enroll_signer(
    deps: Deps,
    caller: Admin,
    name: Annotated[str, Form(max_length=500, pattern=r"^[^\x00]*$", description="The signer's name.")],
    files: Annotated[list[UploadFile], File(description="Images of one signature each.")],
    force: Annotated[bool, Form(description="Also images of a low grade, or of several signatures.")] = False,
) -> EnrolledResult:
    """The same image twice counts once; each is graded, and judged by the signer's others."""
    images = ((safe_name(file.filename or ""), file.file.read()) for file in files)
    return put_on_file(deps, name, images, who=caller.name, force=force)


def put_on_file(
    deps: Deps, name: str, images: Iterable[tuple[str, bytes]], *, who: str, force: bool = False
) -> EnrolledResult:
    """Put images on file; `who` stands in the signer's history.

    WrongUse where this server enrolls nobody, or for a name that cannot be one.
    """
    if deps.enroller is None:
        raise WrongUse("this server has no login that enrolls signers: use `countersign enroll`")
    done = enroll_images(deps.enroller(), checked_name(name), images, who=who, force=force)
    if not done.enrolment.references:
        raise UnusableReference(done.images[0].image, done.images[0].refused or "not usable")
    number = browse.signer_id_of(deps.sessions, done.enrolment.signer)
    refused = [image.refused for image in done.images if image.refused]
    return EnrolledResult(signer=browse.show_signer(deps.sessions, number), refused=refused)


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

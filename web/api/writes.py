"""Routes that change something: documents that come in, begin again, end or are erased."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from shutil import copyfileobj
from typing import Annotated, Any, TypeAlias

from fastapi import APIRouter, File, Form, Header, UploadFile
from fastapi.responses import JSONResponse, Response
from pydantic import BaseModel, Field

from db.states import Priority
from producer.services import browse, lifecycle
from producer.services.keys import Caller
from producer.services.receive import DocumentIntake, Particulars, Received, receive
from producer.services.web_addresses import LONGEST_ADDRESS
from producer.services.webhooks import check_callback
from web.api.fields import ADDRESS, RowId
from web.auth import OWN_DOCUMENTS, Admin, Submitter
from web.deps import Deps, WebDeps
from web.problem_details import PROBLEMS
from worker.document_formats import READ
from worker.errors import WrongUse
from worker.result.listing import DocumentSummary

router = APIRouter(prefix="/v1", tags=["documents"], responses=PROBLEMS, dependencies=[OWN_DOCUMENTS])

#: Seconds after which it is worth asking how a new document stands.
_RETRY_AFTER = 2
_ACCEPTED: dict[int | str, dict[str, Any]] = {
    202: {
        "model": DocumentSummary,
        "description": "It will be read.",
        "headers": {
            "Location": {"description": "Where the document is asked for.", "schema": {"type": "string"}},
            "Retry-After": {"description": "Seconds until that is worth it.", "schema": {"type": "integer"}},
        },
    }
}


#: A header that lets a request be repeated.
IdempotencyKey: TypeAlias = Annotated[
    str | None,
    Header(
        min_length=1, max_length=255, pattern=r"^[\x21-\x7e]+$", description="The same key: the same answer."
    ),
]


class ErasedResult(BaseModel):
    """What an erasure did."""

    erased: bool = Field(description="False when the document was gone already.")


@router.post(
    "/documents",
    status_code=202,
    responses=_ACCEPTED,
    response_model=DocumentSummary,
    summary="Submit a document",
)
def submit_document(
    deps: Deps,
    caller: Submitter,
    file: Annotated[UploadFile | None, File(description=f"The document: {READ}.")] = None,
    source: Annotated[
        str | None,
        Form(max_length=2000, pattern=r"^[^\x00]*$", description="Instead of a file: s3://bucket/key."),
    ] = None,
    signer: Annotated[list[str] | None, Form(max_length=20, description="Who it says has signed it.")] = None,
    callback: Annotated[
        str | None,
        Form(max_length=LONGEST_ADDRESS, pattern=ADDRESS, description="An https address to be told."),
    ] = None,
    priority: Annotated[Priority, Form(description="How urgent it is.")] = Priority.NORMAL,
    document_type: Annotated[
        str | None, Form(alias="type", max_length=200, pattern=r"^[^\x00]*$", description="Its type.")
    ] = None,
    amount: Annotated[
        float | None, Form(ge=0, allow_inf_nan=False, description="The amount that it is about.")
    ] = None,
    idempotency_key: IdempotencyKey = None,
) -> Response:
    """Send a file, or name an object that lies in the intake bucket; no other address is ever asked.

    With an `Idempotency-Key` the same request has the same answer for as long as the document is kept. 409
    while the first is at work, 422 when the key was used for another request.
    """
    with kept_file(file) as path:
        name = "" if file is None else file.filename or ""
        particulars = Particulars(priority, document_type or None, amount)
        received = Received(tuple(signer or ()), path, name, source, callback, particulars)
        summary = take_in(received, deps, caller, idempotency_key)
    headers = {"Location": f"/v1/documents/{summary.id}", "Retry-After": str(_RETRY_AFTER)}
    return JSONResponse(summary.json_object(), 202, headers)


@router.post("/documents/{document_id}/retry", summary="Read a document once more")
def retry_document(deps: Deps, document_id: RowId, caller: Submitter) -> DocumentSummary:
    """From the first stage; its history stays. One that is at work goes on as it is."""
    lifecycle.begin_again(intake_of(deps), document_id, caller)
    return browse.summarise_document(deps.sessions, document_id)


@router.post("/documents/{document_id}/cancel", summary="Give a document up")
def cancel_document(deps: Deps, document_id: RowId, caller: Submitter) -> DocumentSummary:
    """It ends as `failed` with the reason `cancelled`; one that is final stays as it is."""
    lifecycle.cancel(deps.sessions, document_id, caller)
    return browse.summarise_document(deps.sessions, document_id)


@router.delete("/documents/{document_id}", summary="Erase a document")
def erase_one(deps: Deps, document_id: RowId, caller: Admin) -> ErasedResult:
    """Rows, pictures and result, for good. 409 while a worker is at it."""
    return ErasedResult(erased=lifecycle.erase_one_document(deps.changing, deps.store, document_id, caller))


def take_in(
    received: Received, deps: WebDeps, caller: Caller, idempotency_key: str | None
) -> DocumentSummary:
    """Take a document in, its callback checked; how it stands. As `receive`."""
    if received.callback is not None:
        check_callback(deps.sessions, caller, received.callback, deps.webhook_networks)
    taken = receive(received, intake_of(deps), caller, idempotency_key=idempotency_key)
    return taken.new or browse.summarise_document(deps.sessions, taken.id)


def intake_of(deps: WebDeps) -> DocumentIntake:
    """Where documents are put that come in. WrongUse where none do."""
    if deps.intake is None:
        raise WrongUse("this server does not take documents in: it was started with --read-only")
    return deps.intake


@contextmanager
def kept_file(file: UploadFile | None) -> Iterator[Path | None]:
    """The uploaded file under a name of ours while it is taken in."""
    if file is None:
        yield None
        return
    with tempfile.NamedTemporaryFile(prefix="countersign-") as kept:
        copyfileobj(file.file, kept)
        kept.flush()
        yield Path(kept.name)

"""Routes for many documents, and for large ones: several in one request, and uploads past this server."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict, Field

from db.states import Priority
from producer.services.keys import Caller
from producer.services.receive import MOST_CLAIMS, Particulars, Received
from producer.services.web_addresses import LONGEST_ADDRESS
from web.api.fields import ADDRESS
from web.api.writes import IdempotencyKey, intake_of, take_in
from web.auth import Submitter
from web.deps import Deps, WebDeps
from web.problem_details import PROBLEMS, Problem, make_problem
from web.problems import status_of
from worker.errors import ServiceError
from worker.result.listing import DocumentSummary

router = APIRouter(prefix="/v1", tags=["documents"], responses=PROBLEMS)

#: Documents of one request.
MOST_TOGETHER = 100
_NO_ZERO = r"^[^\x00]*$"
_NAMES: Any = Field(default=[], max_length=MOST_CLAIMS, description="Who it says has signed it.")


class BatchItem(BaseModel):
    """An object that lies in the intake and is to become a document."""

    source: str = Field(max_length=2000, pattern=_NO_ZERO, description="s3://bucket/key")
    signers: list[str] = _NAMES
    callback: str | None = Field(
        default=None, max_length=LONGEST_ADDRESS, pattern=ADDRESS, description="An https address to be told."
    )
    priority: Priority = Field(default=Priority.NORMAL, description="How urgent it is.")
    type: str | None = Field(default=None, max_length=200, pattern=_NO_ZERO, description="Its type.")
    amount: float | None = Field(
        default=None, ge=0, allow_inf_nan=False, description="The amount that it is about."
    )


class BatchRequest(BaseModel):
    """Several documents."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {"documents": [{"source": "s3://countersign-intake/a.pdf", "signers": ["Anna Kovacs"]}]}
            ]
        }
    )

    documents: list[BatchItem] = Field(min_length=1, max_length=MOST_TOGETHER, description="In any order.")


class TakenIn(BaseModel):
    """What came of one of them: a document, or why there is none."""

    status: int = Field(description="The HTTP status that it would have had alone.")
    document: DocumentSummary | None = Field(default=None, description="Where it stands.")
    problem: Problem | None = Field(default=None, description="Why it was not taken in.")


class BatchResult(BaseModel):
    """What came of each."""

    documents: list[TakenIn] = Field(description="In the order of the request.")


class UploadRequest(BaseModel):
    """A file that is to be uploaded."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"name": "contract.pdf", "signers": ["Anna Kovacs"]}]}
    )

    name: str = Field(max_length=500, pattern=_NO_ZERO, description="Its name.")
    signers: list[str] = _NAMES


class UploadResult(BaseModel):
    """Where the file goes, and what it is called then."""

    url: str = Field(description="Where the form is posted to.")
    fields: dict[str, str] = Field(description="Its fields; the file comes last, as `file`.")
    source: str = Field(description="What `POST /v1/documents` is told when the upload is complete.")
    expires_at: datetime = Field(description="Until when it may be posted.")


@router.post("/documents/batch", summary="Submit several documents")
def submit_batch(
    deps: Deps, caller: Submitter, request: BatchRequest, idempotency_key: IdempotencyKey = None
) -> BatchResult:
    """Each for itself: one that cannot be taken in hinders no other, and its problem says why.

    Under an `Idempotency-Key` the same batch can be sent again: what was taken in has the same answer.
    """
    keys = (None if idempotency_key is None else f"{idempotency_key}#{n}" for n in range(MOST_TOGETHER))
    done = [_taken_in(item, deps, caller, key) for item, key in zip(request.documents, keys, strict=False)]
    return BatchResult(documents=done)


@router.post("/uploads", status_code=201, summary="Upload a file to the store itself")
def offer_upload(deps: Deps, caller: Submitter, request: UploadRequest) -> UploadResult:
    """Post the file with these fields to `url`; then submit `source`. The store checks its size.

    A results folder offers none: send the file with `POST /v1/documents`.
    """
    offer = intake_of(deps).offer(request.name, request.signers)
    return UploadResult(
        url=offer.url,
        fields=dict(offer.fields),
        source=offer.source,
        expires_at=datetime.now(UTC) + timedelta(seconds=offer.seconds),
    )


def _taken_in(item: BatchItem, deps: WebDeps, caller: Caller, key: str | None) -> TakenIn:
    particulars = Particulars(item.priority, item.type or None, item.amount)
    received = Received(
        tuple(item.signers), source=item.source, callback=item.callback, particulars=particulars
    )
    try:
        summary = take_in(received, deps, caller, key)
    except ServiceError as error:
        status = status_of(error)
        return TakenIn(status=status, problem=make_problem(status, error.code, str(error)))
    return TakenIn(status=202, document=summary)

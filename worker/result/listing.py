"""What lists show: a document in one row, the signers on file, and how the references of one stand."""

from __future__ import annotations

from pydantic import Field

from db.models import Reference
from db.states import Priority, Status
from worker.result.base import Count, Moment, ResultModel
from worker.result.document import ClaimResult
from worker.result.region import SignedBy
from worker.result.reports import ReferenceResult
from worker.vision.choices import OUTLIER_LLR


class DocumentSummary(ResultModel):
    """A document in one row: where it stands, and what became of its claims."""

    id: int = Field(description="Number of the document in the database.")
    document: str = Field(description="The path as given, or the object's key.")
    bucket: str = Field(description="The intake bucket; `file` for local files.")
    version: str = Field(description="Version id or ETag of the object, or the digest of a local file.")
    sha256: str | None = Field(default=None, description="SHA-256 of its bytes; null until they were read.")
    status: Status = Field(description="`waiting`, `working`, `done`, `partial` or `failed`.")
    reason: str | None = Field(default=None, description="Reason code why it is not done.")
    detail: str | None = Field(default=None, description="The reason in a sentence.")
    signed: bool | None = Field(default=None, description="Whether a mark signs it; null while unknown.")
    signed_by: SignedBy | None = Field(
        default=None,
        description="`signature`, or `initials` where only initials sign it; null where nothing does.",
    )
    pages: Count | None = Field(default=None, description="Number of its pages; null until all are known.")
    linked_to: int | None = Field(default=None, description="Id of the document whose answer this is.")
    claims: tuple[ClaimResult, ...] = Field(description="What became of each claimed signer.")
    findings: tuple[str, ...] = Field(
        description="What a person should know: `contradicted`, `forged`, `inconclusive`, `copy`, "
        "`reference_copy`."
    )
    priority: Priority = Field(
        default=Priority.NORMAL, description="`low`, `normal` or `high`, as its sender said."
    )
    type: str | None = Field(default=None, description="Its type, as its sender said.")
    amount: float | None = Field(default=None, description="The amount that it is about, as its sender said.")
    registered_at: Moment = Field(description="When it was registered.")
    finished_at: Moment | None = Field(default=None, description="When its result was final.")


class SignerSummary(ResultModel):
    """A signer on file."""

    id: int = Field(description="Number of the signer in the database.")
    signer: str = Field(description="The signer's name.")
    references: Count = Field(description="How many references are on file.")
    aliases: tuple[str, ...] = Field(default=(), description="Other names of the same person.")


class EnrolledReference(ReferenceResult):
    """A reference with who enrolled it, when and from where."""

    enrolled_at: Moment = Field(description="When it was put on file.")
    enrolled_by: str | None = Field(default=None, description="Who did that; null where nobody noted it.")
    source: str | None = Field(default=None, description="The image that it came from.")


class SignerEventResult(ResultModel):
    """What was done to a signer."""

    at: Moment = Field(description="When.")
    event: str = Field(description="`enrolled`, `removed` or `merged`.")
    who: str | None = Field(default=None, description="Who did it.")
    reference: str | None = Field(default=None, description="SHA-256 of the reference that it is about.")
    detail: str | None = Field(default=None, description="The image, or the name that was merged.")


class SignerHistory(ResultModel):
    """A signer with all names, references and what was done, as `countersign signers show` prints it."""

    id: int = Field(description="Number of the signer in the database.")
    signer: str = Field(description="The signer's name.")
    aliases: tuple[str, ...] = Field(default=(), description="Other names of the same person.")
    references: tuple[EnrolledReference, ...] = Field(description="In the order of enrolment.")
    events: tuple[SignerEventResult, ...] = Field(description="What was done, oldest first.")


class SignerResult(ResultModel):
    """A signer with the references, each judged by the others."""

    id: int = Field(description="Number of the signer in the database.")
    signer: str = Field(description="The signer's name.")
    references: tuple[ReferenceResult, ...] = Field(description="In the order of enrolment.")


def is_outlier(llr: float | None) -> bool:
    """Whether a reference disagrees with its signer's others, by its log-likelihood ratio against them."""
    return llr is not None and llr < OUTLIER_LLR


def reference_result(row: Reference, number: int, llr: float | None) -> ReferenceResult:
    """A row with its standing; references that were enrolled before grades were given have none."""
    return ReferenceResult(
        number=number,
        sha256=row.sha256,
        score=row.quality.get("score"),
        remarks=tuple(row.quality.get("remarks", ())),
        llr=llr,
        outlier=is_outlier(llr),
        damage=row.damage,
    )

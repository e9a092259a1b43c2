"""The result of a document: its pages, verdicts and claims, and what made it."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import Annotated, Self

from pydantic import ConfigDict, Field, JsonValue, SerializerFunctionWrapHandler, model_serializer

from db.states import AnswerCause, ClaimAnswer, ClaimSource, PageStatus, Status
from worker.result.base import (
    ADDED,
    CIRCUMSTANCE,
    OCCASION,
    Count,
    GrowingResult,
    Moment,
    ResultModel,
    Share,
    without_nothing,
    without_unknown,
)
from worker.result.region import RegionResult, SignedBy
from worker.result.slot import CompletenessResult, SlotResult
from worker.vision.choices import Confidence, Outcome


class PointSize(ResultModel):
    """The size of a page in PDF points, 72 to the inch."""

    width: float = Field(gt=0, description="Width in points.")
    height: float = Field(gt=0, description="Height in points.")


class PageResult(GrowingResult):
    """One page image with what was found on it."""

    page: Count = Field(description="Number of the page, from 0.")
    width: Count = Field(description="Width of the page image in pixels; 0 when it could not be read.")
    height: Count = Field(description="Height of the page image in pixels; 0 when it could not be read.")
    dpi: float = Field(ge=0, description="Pixels to the inch of the page image; 0 when it could not be read.")
    points: PointSize | None = Field(
        default=None, description="Size in PDF points; null for image files and pages that could not be read."
    )
    status: PageStatus = Field(description="How far the page is; `detected` and `failed` are final.")
    reason: str | None = Field(default=None, description="Reason code; null unless the page failed.")
    detail: Annotated[str | None, CIRCUMSTANCE] = Field(default=None, description="The reason in a sentence.")
    image: Annotated[str | None, CIRCUMSTANCE] = Field(
        default=None, description="Path or storage key of the page image; null without one."
    )
    regions: tuple[RegionResult, ...] = Field(description="What was found on it, best score first.")
    signed_by: Annotated[SignedBy | None, ADDED] = Field(
        default=None,
        description="`signature`, or `initials` where only initials sign it; null where nothing does.",
    )


class ReferenceUsed(ResultModel):
    """A reference as it was when a signature was compared with it; it may be off file since."""

    id: int = Field(description="Number of the reference in the database; no other ever gets it.")
    number: int = Field(ge=1, description="Its number among the signer's references then, from 1.")
    sha256: str = Field(description="SHA-256 of its bytes as they were enrolled, in hexadecimal.")
    image: str = Field(description="Path or storage key of its picture, which stays until an erasure.")


class VerdictResult(ResultModel):
    """A signature compared with one signer's references."""

    region: Count = Field(description="Index of the region on its page.")
    page: Count = Field(description="The page, from 0.")
    signer: str = Field(description="The claimed signer; empty when nobody is claimed.")
    verdict: Outcome = Field(description="What the comparison says; `inconclusive` is an answer.")
    probability: Share | None = Field(
        description="Probability of a genuine signature, calibrated at even odds; null when not compared."
    )
    llr: float | None = Field(
        default=None, description="Natural logarithm of the likelihood ratio, genuine over forged."
    )
    confidence: Confidence | None = Field(
        description="How rarely such verdicts were wrong on the worst source left out; null without one."
    )
    references: Count = Field(description="How many references it was compared with.")
    doubtful_references: tuple[int, ...] = Field(
        default=(), description="Numbers, from 1, of references that disagree with the signer's others."
    )
    damaged_references: Annotated[tuple[int, ...], CIRCUMSTANCE] = Field(
        default=(),
        description="Numbers of references that were left out, for their pictures are damaged in storage; "
        "absent without any.",
    )
    reason: str | None = Field(
        default=None,
        description="Reason code why there was nothing to compare with; absent unless damage left none.",
    )
    assigned: Annotated[bool | None, ADDED] = Field(
        default=None,
        description="Whether the signature stands for this signer. Where it is false, the verdict says only "
        "what the signature would be, were it this signer's.",
    )
    signer_id: Annotated[int | None, CIRCUMSTANCE, ADDED] = Field(
        default=None,
        description="Id of the signer on file whom the name meant then; absent where it meant nobody.",
    )
    compared_with: Annotated[tuple[ReferenceUsed, ...], CIRCUMSTANCE, ADDED] = Field(
        default=(), description="The references that the verdict rests on; absent without any."
    )
    outlook: Annotated[str | None, CIRCUMSTANCE, ADDED] = Field(
        default=None,
        description="What more references would bring to an inconclusive comparison, in a sentence, by what "
        "was measured for this calibration; absent for any other, and where nobody measured it.",
    )

    @model_serializer(mode="wrap")
    def _without_empty_fields(self, handler: SerializerFunctionWrapHandler) -> dict[str, JsonValue]:
        optional = ("damaged_references", "reason", "signer_id", "compared_with", "outlook")
        return without_unknown(without_nothing(handler(self), *optional), self)

    @property
    def likelihood(self) -> float | None:
        """The log-likelihood ratio; of results that have only a probability, what that says at even odds."""
        if self.llr is not None or self.probability is None:
            return self.llr
        certain = min(max(self.probability, 1e-6), 1 - 1e-6)
        return math.log(certain / (1 - certain))

    @property
    def place(self) -> tuple[int, int]:
        """Page and region index."""
        return self.page, self.region

    @property
    def support(self) -> float:
        """How much it speaks for its signer, to sort by: the probability, or -1 where there is none."""
        return -1.0 if self.probability is None else self.probability


class SignaturePlace(ResultModel):
    """Where a signature stands."""

    page: Count = Field(description="The page, from 0.")
    region: Count = Field(description="Index of the region on its page, from 0.")


class ClaimResult(GrowingResult):
    """A claimed signer with what became of the claim. A signature stands for one claimed signer at most."""

    signer: str = Field(description="Who the document says has signed.")
    verdict: Outcome | None = Field(
        description="Verdict on the signature that answers the claim; null when none stands for this signer."
    )
    page: Count | None = Field(description="Page of that signature, from 0.")
    region: Count | None = Field(description="Index of its region on that page.")
    answer: Annotated[ClaimAnswer | None, ADDED] = Field(
        default=None,
        description="What became of the claim: the verdict, `not_found`, or `inconclusive` where something "
        "could not be read; null until the document has an answer.",
    )
    source: Annotated[ClaimSource | None, CIRCUMSTANCE, ADDED] = Field(
        default=None, description="Where the claim came from."
    )

    contradicted: Annotated[bool, ADDED] = Field(
        default=False, description="Whether it is genuine while another signature of this signer is forged."
    )
    contradicted_by: Annotated[tuple[SignaturePlace, ...], ADDED] = Field(
        default=(), description="Forged signatures that stand for this signer beside the one that is not."
    )


class VersionsResult(ResultModel):
    """What produced a result. What had no part in it is absent; names that are new here are kept."""

    model_config = ConfigDict(extra="allow")
    __pydantic_extra__: dict[str, JsonValue]

    detector: str | None = Field(default=None, description="SHA-256 of the detector's weights.")
    encoder: str | None = Field(default=None, description="SHA-256 of the encoder's weights.")
    matcher: str | None = Field(default=None, description="SHA-256 of the matcher's weights.")
    calibration: str | None = Field(default=None, description="SHA-256 of the verifier's calibration.")
    classifier: str | None = Field(
        default=None, description="SHA-256 of the second-stage classifier, where it or roles are on."
    )
    roles: str | None = Field(
        default=None, description="SHA-256 of the network that says which marks sign, where it is on."
    )
    cleaner: str | None = Field(default=None, description="Name and version of the cleaner.")
    thresholds: dict[str, float] = Field(
        default_factory=dict, description="Scores and overlaps that decide, by name."
    )
    code: str | None = Field(default=None, description="Version of the code.")

    def named(self) -> Iterator[tuple[str, JsonValue]]:
        """Each version that is named, in the order of the fields."""
        yield from self.json_object().items()

    @model_serializer(mode="wrap")
    def _without_unnamed_versions(self, handler: SerializerFunctionWrapHandler) -> dict[str, JsonValue]:
        return {name: value for name, value in handler(self).items() if name in self.model_fields_set}


class DocumentResult(GrowingResult):
    """Everything that is known of a document."""

    document: Annotated[str, CIRCUMSTANCE] = Field(
        description="The path as given (its file URI where it is not Unicode), or the object's key."
    )
    id: Annotated[int, CIRCUMSTANCE] = Field(description="Number of the document in the database.")
    bucket: Annotated[str, CIRCUMSTANCE] = Field(description="The intake bucket; `file` for local files.")
    version: Annotated[str, CIRCUMSTANCE] = Field(
        description="Version id or ETag of the object, or the digest of a local file."
    )
    sha256: str = Field(
        description="SHA-256 of its bytes, in hexadecimal; empty when they could not be read."
    )
    status: Status = Field(
        description="`done`: every page was read, and so was the crop of every signature that signs; "
        "`partial`: some could not be read; `failed`: in quarantine; `waiting` and `working` before that."
    )
    reason: str | None = Field(description="Reason code why it is not done; see below.")
    detail: Annotated[str | None, CIRCUMSTANCE] = Field(default=None, description="The reason in a sentence.")
    signed: bool | None = Field(
        description="Whether a region signs it; a signature of unknown role does. Null when none does, but a "
        "page could not be read, and where the document was not read."
    )
    linked_to: Annotated[int | None, CIRCUMSTANCE] = Field(
        default=None, description="Id of the document with the same bytes and claims whose answer this is."
    )
    claims: tuple[ClaimResult, ...] = Field(default=(), description="What became of each claimed signer.")
    pages: tuple[PageResult, ...] = Field(description="The pages, in order.")
    verdicts: tuple[VerdictResult, ...] = Field(
        description="Every signature that signs, compared with every claimed signer, by page and region."
    )
    versions: Annotated[VersionsResult, CIRCUMSTANCE] = Field(description="What produced the result.")
    seconds: Annotated[dict[str, float], OCCASION] = Field(
        description="Seconds that each stage took, its chunks added up, by the name of the stage."
    )
    registered_at: Annotated[Moment, CIRCUMSTANCE] = Field(description="When the document was registered.")
    finished_at: Annotated[Moment | None, OCCASION] = Field(
        default=None, description="When the result was final; null in the file that is written just before."
    )

    signed_by: Annotated[SignedBy | None, ADDED] = Field(
        default=None,
        description="`signature`, or `initials` where only initials sign it; null where nothing does.",
    )
    answer: Annotated[int | None, OCCASION, ADDED] = Field(
        default=None, ge=1, description="Number of the newest answer, from 1; null before the first."
    )
    cause: Annotated[AnswerCause | None, OCCASION, ADDED] = Field(
        default=None, description="Why that answer was given; null before the first."
    )
    asked_by: Annotated[str | None, OCCASION, ADDED] = Field(
        default=None, description="Who asked for it; null for the intake."
    )
    answered_at: Annotated[Moment | None, OCCASION, ADDED] = Field(
        default=None, description="When it was given; null before the first."
    )

    notes: Annotated[tuple[str, ...], ADDED] = Field(
        default=(),
        description="What it carries beside what was read, and how pages were read, in words: embedded "
        "files, hidden layers, pages drawn coarser to keep a limit.",
    )

    slots: Annotated[tuple[SlotResult, ...], ADDED] = Field(
        default=(), description="Places that ask for a mark; absent where they were not looked for."
    )
    completeness: Annotated[CompletenessResult | None, ADDED] = Field(
        default=None, description="Whether it is in good order; absent where slots were not looked for."
    )

    @property
    def regions(self) -> Iterator[RegionResult]:
        """The regions of all pages, in order."""
        return (region for page in self.pages for region in page.regions)

    def closed(self, *, versions: Mapping[str, object], **answer: object) -> Self:
        """The same with the answer that closes the document."""
        return self.model_copy(update={**answer, "versions": VersionsResult.model_validate(versions)})


class EventResult(ResultModel):
    """One step on a document's way."""

    at: Moment = Field(description="When it was written.")
    stage: str = Field(description="A stage, or `intake`, `operator`, `review`, `quarantine`.")
    event: str = Field(description="What happened, in a word.")
    chunk: int | None = Field(default=None, description="Number of the chunk of pages in the database.")
    attempt: int | None = Field(default=None, description="Which attempt at the stage it was, from 1.")
    worker: str | None = Field(default=None, description="Name of the worker.")
    task: str | None = Field(default=None, description="Id of the task.")
    seconds: float | None = Field(default=None, ge=0, description="How long it took, in seconds.")
    detail: str | None = Field(default=None, description="More, in a sentence.")
    who: str | None = Field(default=None, description="Who acted, where a person did.")


class AnswerResult(ResultModel):
    """One answer of a document: when and why it was given, and what it says."""

    number: int = Field(ge=1, description="Its number, from 1; the highest is the current answer.")
    at: Moment = Field(description="When it was given.")
    cause: AnswerCause = Field(description="Why it was given.")
    asked_by: str | None = Field(default=None, description="Who asked for it; null for the intake.")
    status: Status = Field(description="`done`, `partial` or `failed`.")
    signed: bool | None = Field(default=None, description="Whether a mark signs the document.")
    reason: str | None = Field(default=None, description="Reason code why it is not done.")
    detail: str | None = Field(default=None, description="The reason in a sentence.")
    claims: dict[str, ClaimAnswer | None] = Field(
        default_factory=dict, description="What became of each claimed signer."
    )
    contradicted: tuple[str, ...] = Field(
        default=(), description="Claimed signers of whom another signature on the document is forged."
    )
    result: str | None = Field(
        default=None, description="Storage key of its result JSON; null where no page was read."
    )
    changes: tuple[str, ...] = Field(
        default=(), description="How it differs from the answer before, in sentences."
    )


class DocumentHistory(DocumentResult):
    """The result of a document with its history, as `countersign status DOCUMENT --json` prints it."""

    events: tuple[EventResult, ...] = Field(description="What happened, oldest first.")
    answers: tuple[AnswerResult, ...] = Field(default=(), description="Every answer, oldest first.")

"""The result of a region: its box, its crops and what was noticed about its ink."""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum
from typing import Annotated

from pydantic import Field, JsonValue, SerializerFunctionWrapHandler, model_serializer

from worker.result.base import (
    ADDED,
    CIRCUMSTANCE,
    Count,
    PagePixels,
    ResultModel,
    Share,
    without_nothing,
    without_unknown,
)
from worker.vision.choices import Label, QualityIssue

_LABELS = ", ".join(f"`{label.value}`" for label in Label)


class PointBox(ResultModel):
    """The box of a region in PDF points, top-left origin, to a hundredth."""

    x: float = Field(ge=0, description="Left edge in points.")
    y: float = Field(ge=0, description="Top edge in points.")
    width: float = Field(ge=0, description="Width in points.")
    height: float = Field(ge=0, description="Height in points.")


class CropQuality(ResultModel):
    """How fit the crop of a signature is for comparison."""

    ink: Share = Field(description="Share of ink pixels in the content box.")
    width: Count = Field(description="Width of the content box in pixels.")
    height: Count = Field(description="Height of the content box in pixels.")
    usable: bool = Field(description="False when no comparison should be made at all.")
    issues: tuple[QualityIssue, ...] = Field(description="What speaks against the crop; may be empty.")


class SuggestionResult(ResultModel):
    """An enrolled signer near to a signature that nobody claims: a hint for a person, never a verdict."""

    signer: str = Field(description="Name of the enrolled signer.")
    probability: Share = Field(
        description="Probability that the signature is genuine, were it this signer's."
    )


class DuplicateKind(StrEnum):
    """What else is the same where the same ink is on two regions."""

    BYTES = "bytes"
    PAGE = "page"
    INK = "ink"


class DuplicateResult(ResultModel):
    """Where the same ink was before. The place is null once the earlier document was erased."""

    document: int | None = Field(description="Id of the earlier document.")
    key: str | None = Field(description="Path or object key of the earlier document.")
    page: Count | None = Field(description="Page of the earlier document, from 0.")
    region: Count | None = Field(description="Index of the region on that page, from 0.")
    similarity: Share = Field(description="How alike the two are; a finding has at least 0.9.")
    kind: DuplicateKind = Field(
        description="What else is the same: `bytes` (both files), `page` (all pixels of both pages), "
        "`ink` (the signature alone)."
    )


class ReferenceCopyResult(ResultModel):
    """A reference on file that shows the same ink: one was made from the other."""

    signer: str = Field(description="Whose reference it is.")
    reference: int = Field(ge=1, description="Number of the reference, from 1 in the order of enrolment.")
    similarity: Share = Field(description="How alike the two are; a finding has at least 0.9.")


class RegionResult(ResultModel):
    """A detected box on a page."""

    index: Count = Field(description="Number of the region on its page, from 0, best score first.")
    page: Count = Field(description="Its page, from 0.")
    x: PagePixels = Field(description="Left edge in pixels of the page image.")
    y: PagePixels = Field(description="Top edge in pixels of the page image; the origin is top left.")
    width: float = Field(gt=0, description="Width in pixels of the page image.")
    height: float = Field(gt=0, description="Height in pixels of the page image.")
    points: Annotated[PointBox | None, CIRCUMSTANCE] = Field(
        default=None, description="The box in PDF points; null for image files."
    )
    score: Share = Field(
        description="The detector's score for the label it gave; a signature's is multiplied by the "
        "probability that a hand wrote it, where the second-stage classifier is on. `printed_text` and "
        "`stamp_or_logo` keep the detector's score for a signature."
    )
    label: str = Field(description=f"What it is: {_LABELS}; others may follow.")
    crop: Annotated[str, CIRCUMSTANCE] = Field(
        description="Path or storage key of the crop as it was scanned."
    )
    clean: Annotated[str | None, CIRCUMSTANCE] = Field(
        default=None, description="Path or storage key of the cleaned crop; null where none was made."
    )
    quality: CropQuality | None = Field(
        default=None, description="How fit the crop is for comparison; null for what is not compared."
    )
    suggestions: Annotated[tuple[SuggestionResult, ...], CIRCUMSTANCE] = Field(
        default=(), description="Nearest enrolled signers where nobody is claimed, nearest first."
    )
    duplicate_of: Annotated[DuplicateResult | None, CIRCUMSTANCE] = Field(
        default=None, description="Where the same ink was before; null where it was not found."
    )
    copy_of_reference: Annotated[tuple[ReferenceCopyResult, ...], CIRCUMSTANCE] = Field(
        default=(), description="References on file that show the same ink, most alike first."
    )
    reason: str | None = Field(
        default=None, description="Reason code why it was not compared; absent unless its crop is damaged."
    )
    detail: Annotated[str | None, CIRCUMSTANCE] = Field(
        default=None, description="The reason in a sentence; absent without one."
    )
    signs: Annotated[bool | None, ADDED] = Field(
        default=None,
        description="Whether this mark signs, approves or witnesses the document; null where roles are off, "
        "and for marks beyond the dozen of a page that are asked for their role.",
    )
    role_probability: Annotated[Share | None, ADDED] = Field(
        default=None, description="Probability that it signs, calibrated; null where `signs` is."
    )

    @model_serializer(mode="wrap")
    def _without_an_empty_reason(self, handler: SerializerFunctionWrapHandler) -> dict[str, JsonValue]:
        written = without_unknown(handler(self), self)
        return without_nothing(written, "reason", "detail")

    @property
    def is_signing(self) -> bool:
        """Whether it makes the document signed: it signs, or is a signature whose role is not known."""
        return self.label == Label.SIGNATURE if self.signs is None else self.signs


class SignedBy(StrEnum):
    """How a page or a document is signed."""

    SIGNATURE = "signature"
    INITIALS = "initials"


def signed_by(regions: Iterable[RegionResult]) -> SignedBy | None:
    """How these regions sign: by initials where none that signs is a signature; None where none signs."""
    forms = {region.label for region in regions if region.is_signing}
    if not forms:
        return None
    return SignedBy.SIGNATURE if Label.SIGNATURE in forms else SignedBy.INITIALS

"""The table of verdicts: every comparison in a row, each signature against each claimed signer."""

from __future__ import annotations

from typing import Annotated

from pydantic import BeforeValidator, Field

from db.states import Status
from worker.result.base import Count, PagePixels, ResultModel, Share
from worker.result.region import DuplicateKind, SignedBy
from worker.vision.choices import Confidence, Outcome


def each_once(notes: object) -> object:
    """Notes parted by commas, each once: a document that was read again is noted again."""
    return ", ".join(dict.fromkeys(notes.split(", "))) if isinstance(notes, str) else notes


class VerdictRow(ResultModel):
    """One verdict with its document and region; one row without them for a document that has no verdict.

    The columns are the fields, in order. A linked document has the verdicts of the one it is linked to.
    """

    document: int = Field(description="Id of the document.")
    bucket: str = Field(description="The intake bucket; `file` for local files.")
    key: str = Field(description="The path as given, or the object's key.")
    version: str = Field(description="Version id or ETag of the object, or the digest of a local file.")
    sha256: str | None = Field(default=None, description="SHA-256 of its bytes, in hexadecimal.")
    status: Status = Field(description="Status of the document.")
    reason: str | None = Field(default=None, description="Reason code why the document is not done.")
    signed: bool | None = Field(
        default=None,
        description="Whether a region signs the document; null when not, but a page could not be read.",
    )
    page: Count | None = Field(default=None, description="The page, from 0.")
    region: Count | None = Field(default=None, description="Index of the region on its page, from 0.")
    x: PagePixels | None = Field(default=None, description="Left edge in pixels of the page image.")
    y: PagePixels | None = Field(default=None, description="Top edge in pixels of the page image.")
    width: PagePixels | None = Field(default=None, description="Width in pixels of the page image.")
    height: PagePixels | None = Field(default=None, description="Height in pixels of the page image.")
    score: Share | None = Field(default=None, description="Score of the region.")
    label: str | None = Field(default=None, description="What the region is.")
    signer: str | None = Field(default=None, description="The claimed signer; empty when nobody is claimed.")
    verdict: Outcome | None = Field(default=None, description="What the comparison says.")
    probability: Share | None = Field(default=None, description="Probability of a genuine signature.")
    llr: float | None = Field(default=None, description="Natural logarithm of the likelihood ratio.")
    confidence: Confidence | None = Field(default=None, description="How strong the verdict is.")
    references: Count | None = Field(default=None, description="How many references it was compared with.")
    detector: str | None = Field(default=None, description="SHA-256 of the detector's weights.")
    encoder: str | None = Field(default=None, description="SHA-256 of the encoder's weights.")
    code: str | None = Field(default=None, description="Version of the code.")
    duplicate_of: int | None = Field(
        default=None, description="Id of the earlier document with the same ink."
    )
    duplicate_page: Count | None = Field(default=None, description="Its page, from 0.")
    duplicate_region: Count | None = Field(default=None, description="Index of the region there, from 0.")
    duplicate_similarity: Share | None = Field(default=None, description="How alike the two are.")
    duplicate_kind: DuplicateKind | None = Field(default=None, description="What else is the same.")
    copy_of_reference: int | None = Field(
        default=None, ge=1, description="Number of the signer's reference that shows the same ink, from 1."
    )
    signs: bool | None = Field(default=None, description="Whether the region signs the document.")
    role_probability: Share | None = Field(default=None, description="Probability that the region signs.")
    signed_by: SignedBy | None = Field(
        default=None,
        description="How the document is signed: `signature`, or `initials` where only initials sign it.",
    )
    notes: Annotated[str | None, BeforeValidator(each_once)] = Field(
        default=None, description="What was noted of the document, parted by commas, each note once."
    )
    signer_id: int | None = Field(
        default=None, description="Id of the signer on file whom the name meant; empty where it meant nobody."
    )

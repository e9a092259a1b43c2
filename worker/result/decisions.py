"""What people said: beside the machine's verdict, never over it."""

from __future__ import annotations

from enum import StrEnum

from pydantic import Field

from worker.result.base import Count, Moment, ResultModel, Share
from worker.vision.choices import Outcome


class DecisionOutcome(StrEnum):
    """What a person may say of a signature and a claimed signer."""

    GENUINE = "genuine"
    FORGED = "forged"
    CANNOT_SAY = "cannot_say"


class EvidenceShown(ResultModel):
    """What a person saw when they decided."""

    crop: str = Field(description="Path or storage key of the crop as it was scanned.")
    clean: str | None = Field(default=None, description="That of the cleaned crop; null without one.")
    references: tuple[str, ...] = Field(description="SHA-256 of the references beside it.")


class DecisionResult(ResultModel):
    """What one person said of a signature, and what the machine had said."""

    page: Count = Field(description="The page, from 0.")
    region: Count = Field(description="Index of the region on its page.")
    signer: str = Field(description="The claimed signer.")
    who: str = Field(description="Who decided: the name of the key.")
    answer: DecisionOutcome = Field(description="What the person said.")
    comment: str | None = Field(default=None, description="Why, in the person's words.")
    why: str | None = Field(default=None, description="Why it was asked; null of older releases.")
    revision: Count = Field(
        default=0, description="0, or one more than the answer of the same person that it corrects."
    )
    evidence: EvidenceShown | None = Field(
        default=None, description="What the person was shown; null of older releases."
    )
    at: Moment = Field(description="When.")
    outcome: Outcome = Field(description="What the machine had said then.")
    probability: Share | None = Field(default=None, description="How probable the machine held genuine.")


class ReviewResult(ResultModel):
    """A verdict that a person holds to decide it; `fence` goes back with the decision."""

    id: int = Field(description="Number of the item.")
    fence: Count = Field(description="Says that it is still held: a later holder has a higher one.")
    document_id: int = Field(description="Id of the document.")
    page: Count = Field(description="The page, from 0.")
    region: Count = Field(description="Index of the region on its page.")
    signer: str = Field(description="The claimed signer.")
    why: str = Field(
        description="Why it is asked: `forged`, `inconclusive`, `reference_copy`, `copy`, "
        "`doubtful_references`, `low_evidence`, `sample`, or `disagreement` of two persons."
    )
    four_eyes: bool = Field(description="Whether a second person is asked too, without seeing this answer.")

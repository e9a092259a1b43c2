"""What is found on one image that is not kept."""

from __future__ import annotations

from pydantic import Field

from worker.result.base import Count, PagePixels, ResultModel, Share


class SightedRegion(ResultModel):
    """A box on an image, in its pixels, top-left origin."""

    label: str = Field(description="What it is, as in a result.")
    score: Share = Field(description="The detector's score.")
    x: PagePixels = Field(description="Left edge.")
    y: PagePixels = Field(description="Top edge.")
    width: float = Field(gt=0, description="Width.")
    height: float = Field(gt=0, description="Height.")
    signs: bool | None = Field(default=None, description="Whether it signs; null where roles are off.")


class InspectionResult(ResultModel):
    """What is found on the first page of a file."""

    width: Count = Field(description="Width of the page image in pixels.")
    height: Count = Field(description="Height of the page image in pixels.")
    regions: tuple[SightedRegion, ...] = Field(description="Best score first.")


class ClassificationResult(ResultModel):
    """What one crop shows."""

    kind: str = Field(description="`signature`, `handwriting`, `printed_text` or `stamp_or_logo`.")
    probabilities: dict[str, Share] = Field(description="The probability of each kind; they sum to 1.")

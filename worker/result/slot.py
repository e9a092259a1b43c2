"""The result of slots: where a document asks for marks, what stands there, and whether that is enough."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from worker.result.base import ADDED, CIRCUMSTANCE, Count, PagePixels, ResultModel, Share
from worker.result.region import PointBox
from worker.rules.evaluation import Completeness
from worker.slots.values import AnchorSource, SlotKind, SlotStatus


class AnchorResult(ResultModel):
    """The words, or the field of a form, that name a slot."""

    text: str = Field(description="The words, or the name of the field.")
    x: float = Field(description="Left edge in pixels of the page image.")
    y: float = Field(description="Top edge in pixels of the page image.")
    width: float = Field(ge=0, description="Width in pixels of the page image.")
    height: float = Field(ge=0, description="Height in pixels of the page image.")
    source: AnchorSource = Field(
        description="How it became known: `form_field`, `text_layer`, `ocr` or `template`."
    )


class SlotResult(ResultModel):
    """A place where a page asks for a mark, and what stands there."""

    id: str = Field(description="Page and number of the slot on it, both from 1, such as `7-2`.")
    page: Count = Field(description="Its page, from 0.")
    kind: SlotKind = Field(description="What it asks for: `signature`, `initials`, `date` or `stamp`.")
    x: float = Field(description="Left edge in pixels of the page image.")
    y: float = Field(description="Top edge in pixels of the page image; the origin is top left.")
    width: PagePixels = Field(description="Width in pixels of the page image.")
    height: PagePixels = Field(description="Height in pixels of the page image.")
    points: Annotated[PointBox | None, CIRCUMSTANCE] = Field(
        default=None, description="The box in PDF points; null for image files."
    )
    party: str | None = Field(default=None, description="Whose mark it asks for; null where no word says so.")
    anchor: AnchorResult = Field(description="What names it.")
    template: Annotated[str | None, ADDED] = Field(
        default=None, description="Name of the template that it is from; absent where the page names it."
    )
    status: SlotStatus = Field(
        description="What stands there: `signed`, `unsigned`, `low_evidence`, `wrong_slot`, `typed`, "
        "`covered` or `unknown`."
    )
    region: Count | None = Field(default=None, description="Index of the region that the status rests on.")
    score: Share | None = Field(default=None, description="Score of that region.")
    ink: Share | None = Field(default=None, description="Share of the slot that is ink.")
    typed: str = Field(default="", description="What is typed there; empty for nothing.")
    reason: str = Field(description="Why the status is what it is, in a sentence.")


class CompletenessResult(ResultModel):
    """Whether a document is in good order by the rules of its type."""

    answer: Completeness = Field(
        description="`complete`, `incomplete`, or `review` where nobody can say without looking."
    )
    unmet: tuple[str, ...] = Field(default=(), description="What is missing, in sentences.")
    doubts: tuple[str, ...] = Field(default=(), description="What a person should look at, in sentences.")
    type: str | None = Field(
        default=None,
        description="Type of the document; null without rules for it: then every slot counts.",
    )
    version: int | None = Field(default=None, description="Version of the rules.")
    rules: str | None = Field(default=None, description="SHA-256 of the rule file.")

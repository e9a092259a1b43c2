"""One page of a result as a picture of its own: what was found, drawn on it."""

from __future__ import annotations

from collections.abc import Sequence

from worker.rendering.encoding import encode
from worker.report.drawing import SLOT_COLOURS, UNCOMPARED, RegionMark, annotate, colour_of
from worker.report.overlay import ink_picture
from worker.report.summary import likeliest_first
from worker.result import DocumentResult, RegionResult, SlotResult
from worker.slots.values import SlotStatus
from worker.vision.images import decode
from worker.vision.values import Box

__all__ = ["ink_picture"]


def page_with_marks(image: bytes, result: DocumentResult, page: int) -> bytes:
    """The page's image with its regions on it, as PNG or JPEG. DamagedImage when it cannot be decoded."""
    regions = [region for region in result.regions if region.page == page]
    return encode(annotate(decode(image), page_marks(result, page, regions)), lossy=True).data


def page_marks(result: DocumentResult, page: int, regions: Sequence[RegionResult]) -> list[RegionMark]:
    """What is drawn on a page: the places that ask for a mark, and its regions on top of them."""
    places = [slot_mark(slot) for slot in result.slots if slot.page == page]
    return [*places, *(region_mark(result, region) for region in regions)]


def slot_mark(slot: SlotResult) -> RegionMark:
    """The place of a slot with what stands there; a signed one is named by its region."""
    asked = " ".join(word for word in (slot.party, slot.kind) if word)
    text = "" if slot.status is SlotStatus.SIGNED else f"{asked}: {slot.status}".replace("_", " ")
    box = Box(slot.x, slot.y, slot.width, slot.height)
    return RegionMark(box, text, SLOT_COLOURS.get(slot.status, UNCOMPARED), is_place=True)


def region_mark(result: DocumentResult, region: RegionResult) -> RegionMark:
    """The box of a region with its number and what is said of it, the likeliest signer first."""
    place = (region.page, region.index)
    verdicts = likeliest_first(verdict for verdict in result.verdicts if verdict.place == place)
    # A verdict without a signer says only that nobody was claimed: the box is named for what it is.
    best = next((verdict.verdict for verdict in verdicts if verdict.signer), None)
    text = f"{region.index + 1} {best or region.label}".replace("_", " ")
    return RegionMark(Box(region.x, region.y, region.width, region.height), text, colour_of(best))

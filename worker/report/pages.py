"""One page of a result as a picture of its own: what was found, drawn on it."""

from __future__ import annotations

from worker.rendering.encoding import encode
from worker.report.drawing import RegionMark, annotate, colour_of
from worker.report.summary import likeliest_first
from worker.result import DocumentResult, RegionResult
from worker.vision.images import decode
from worker.vision.values import Box


def page_with_marks(image: bytes, result: DocumentResult, page: int) -> bytes:
    """The page's image with its regions on it, as PNG or JPEG. DamagedImage when it cannot be decoded."""
    marks = [region_mark(result, region) for region in result.regions if region.page == page]
    return encode(annotate(decode(image), marks), lossy=True).data


def region_mark(result: DocumentResult, region: RegionResult) -> RegionMark:
    """The box of a region with its number and what is said of it, the likeliest signer first."""
    place = (region.page, region.index)
    verdicts = likeliest_first(verdict for verdict in result.verdicts if verdict.place == place)
    # A verdict without a signer says only that nobody was claimed: the box is named for what it is.
    best = next((verdict.verdict for verdict in verdicts if verdict.signer), None)
    text = f"{region.index + 1} {best or region.label}".replace("_", " ")
    return RegionMark(Box(region.x, region.y, region.width, region.height), text, colour_of(best))

"""The one signature that an image shows: the image itself, or the signature on the page that it is."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from itertools import islice

import cv2

from worker.errors import DocumentError, PageError, UnusableReference
from worker.steps.ports import Renderer
from worker.vision.choices import Label, Limits
from worker.vision.crops import crop, dark_pixels
from worker.vision.detection.detector import Detector
from worker.vision.images import decode, encode_png
from worker.vision.values import DetectedRegion, Pixels

#: Connected marks from which on an image is a page: a signature has fewer than 40, a page of text hundreds.
PAGE_MARKS = 120
#: Pixels of ink below which a mark is a speck.
_SPECK = 8


@dataclass(frozen=True, slots=True)
class SingleSignature:
    """An encoded image of one signature; `note` says where it was found, when it was not the whole image."""

    data: bytes
    note: str | None = None


class SignatureReader:
    """Reads images of one signature; loads a detector when the first of them turns out to be a page."""

    def __init__(self, renderer: Renderer, build_detector: Callable[[], Detector]) -> None:
        self._renderer = renderer
        self._build_detector = build_detector

    def read(self, name: str, data: bytes) -> SingleSignature:
        """The signature. UnusableReference for a file of several pages, or a page without exactly one."""
        page = self._only_page(name, data)
        pixels = decode(page)
        if _marks(pixels) < PAGE_MARKS:
            return SingleSignature(page)
        signatures = self._signatures(pixels)
        if len(signatures) != 1:
            number = len(signatures) or "no"
            raise UnusableReference(
                name, f"it is a whole page with {number} signatures; cut out the one that is meant"
            )
        (region,) = signatures
        note = f"{name} is a whole page; the one signature on it was compared"
        return SingleSignature(encode_png(crop(pixels, region.box)), note)

    def _only_page(self, name: str, data: bytes) -> bytes:
        try:
            pages = list(islice(self._renderer.open(data, limits=Limits()), 2))
        except DocumentError as error:
            raise UnusableReference(name, error.reason) from error
        if len(pages) > 1:
            raise UnusableReference(name, "it has several pages; give an image of one signature")
        page = pages[0]
        if isinstance(page, PageError):
            raise UnusableReference(name, page.reason)
        return page.data

    def _signatures(self, pixels: Pixels) -> list[DetectedRegion]:
        regions = self._detector.detect([pixels])[0]
        return [
            region
            for region in regions
            if region.label is Label.SIGNATURE and region.signs is not False and not region.turns
        ]

    @cached_property
    def _detector(self) -> Detector:
        return self._build_detector()


def _marks(pixels: Pixels) -> int:
    """Connected marks that are no specks."""
    _, _, stats, _ = cv2.connectedComponentsWithStats(dark_pixels(pixels))
    return int((stats[1:, cv2.CC_STAT_AREA] >= _SPECK).sum())

"""The signatures that an image given as one shows: itself, specimens of a card, or the one of a page."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from itertools import islice

import numpy as np

from worker.errors import DocumentError, PageError, UnusableReference
from worker.steps.ports import Renderer
from worker.vision.choices import Label, Limits
from worker.vision.crops import crop
from worker.vision.detection.detector import Detector
from worker.vision.detection.polarity import dark_on_light
from worker.vision.images import decode, encode_png
from worker.vision.values import DetectedRegion, Pixels, RenderedPage
from worker.vision.verification.specimen import (
    View,
    along_rows,
    are_specimens,
    is_negative,
    rows_of_ink,
    view_of,
)


@dataclass(frozen=True, slots=True)
class SingleSignature:
    """An encoded image of one signature; `note` says where it was found, when it was not the whole image."""

    data: bytes
    #: Of the encoding, without a dot.
    suffix: str = "png"
    note: str | None = None


class SignatureReader:
    """Reads images of one signature; loads a detector when the first of them turns out to be a page."""

    def __init__(self, renderer: Renderer, build_detector: Callable[[], Detector]) -> None:
        self._renderer = renderer
        self._build_detector = build_detector

    def read(self, name: str, data: bytes) -> SingleSignature:
        """The signature. UnusableReference for a file of several pages, or an image without exactly one."""
        signatures = self.specimens(name, data)
        if len(signatures) > 1:
            raise UnusableReference(
                name, f"it is a card with {len(signatures)} signatures; cut out the one that is meant"
            )
        return signatures[0]

    def specimens(self, name: str, data: bytes, *, several: bool = False) -> list[SingleSignature]:
        """The signatures of one hand, dark on light; the bytes as they came where nothing was to be done.

        UnusableReference for a file of several pages, or a page without exactly one signature; with `several`
        a page may have more, and each is cut out.
        """
        page = signature_image(name, data, self._renderer)
        as_given = decode(page.data)
        pixels = dark_on_light(as_given)
        view = view_of(pixels)
        regions = [] if view is View.SIGNATURE else self._signatures(pixels)
        if view is View.CARD:
            regions = along_rows(regions, rows_of_ink(pixels))
        if view is View.PAGE and len(regions) != 1 and not (several and regions):
            number = len(regions) or "no"
            raise UnusableReference(
                name, f"it is a whole page with {number} signatures; cut out the one that is meant"
            )
        if view is View.PAGE or are_specimens(regions):
            return [_cut(name, pixels, region, len(regions)) for region in regions]
        if pixels is as_given and is_negative(as_given):
            pixels = np.asarray(255 - as_given, np.uint8)
        if pixels is as_given:
            return [SingleSignature(page.data, page.suffix)]
        return [SingleSignature(encode_png(pixels), note=f"{name} is light on dark and was inverted")]

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


def signature_image(name: str, data: bytes, renderer: Renderer) -> RenderedPage:
    """The one page of an image of a signature. UnusableReference when it cannot be read or has several."""
    try:
        # Asked for a second page, a renderer of one is heard out and serves the next image, too.
        pages = list(islice(renderer.open(data, limits=Limits()), 2))
    except DocumentError as error:
        raise UnusableReference(name, error.reason) from error
    if len(pages) > 1:
        raise UnusableReference(name, "it has several pages; give an image of one signature")
    if isinstance(pages[0], PageError):
        raise UnusableReference(name, pages[0].reason)
    return pages[0]


def _cut(name: str, pixels: Pixels, region: DetectedRegion, number: int) -> SingleSignature:
    what = "whole page" if number == 1 else f"card with {number} signatures"
    used = "the one signature on it was used" if number == 1 else "each was cut out"
    return SingleSignature(encode_png(crop(pixels, region.box)), note=f"{name} is a {what}; {used}")

"""Light print on dark paper, as negatives and screens in dark mode show it, and detection on such pages.

The models read dark ink. A page of light strokes on a dark ground is inverted before it is looked at, and so
are dark fields with light strokes in them on a light page.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import cv2
import numpy as np
import numpy.typing as npt

from worker.vision.crops import grey
from worker.vision.detection.detector import Detector
from worker.vision.values import DetectedRegion, Grey, Pixels

#: Longer side in pixels at which a page is judged, and side of the blocks that it is cut into.
_GLANCE, _BLOCK = 400, 10
#: A block shows print when its rarer tone has this share of it.
_RARER = 0.03
#: On a negative so many blocks of print are mostly dark at least, and so many times as many as mostly light.
_PRINTED, _AHEAD = 8, 2.5
#: Longer side in pixels at which dark fields are looked for. Tones up to this one are dark.
_LOOK, _DARK = 800, 140
#: Strokes and gaps up to this width in pixels are closed, and what is narrower than this is opened.
_STROKE, _SOLID = 7, 15
#: A field is so wide and high in pixels, covers so much of its box, and its box so much of the page.
_WIDE, _HIGH, _FULL, _LARGEST = 55, 21, 0.85, 0.35
#: Mean of some block of a field, of 255 for dark all over.
_BLOCK_OF_FIELD = 180
#: The share of light strokes in it: less is a blot or a bar, more is print whose letters run together.
_STROKES = (0.01, 0.2)


class PolarityDetector:
    """A detector that sees dark ink on light paper: pages and fields of light strokes are inverted for it."""

    def __init__(self, detector: Detector) -> None:
        self._detector = detector

    def detect(self, pages: Sequence[Pixels]) -> list[list[DetectedRegion]]:
        """The regions of each page, best first."""
        return self._detector.detect([fields_inverted(dark_on_light(page)) for page in pages])


def dark_on_light(page: Pixels) -> Pixels:
    """The page itself, or its negative where that has dark print on light paper."""
    return np.asarray(255 - page, np.uint8) if is_light_on_dark(page) else page


def fields_inverted(page: Pixels) -> Pixels:
    """The page with its dark fields inverted; itself where it has none."""
    fields = list(dark_fields(page))
    inverted = page.copy() if fields else page
    for field in fields:
        inverted[field] = 255 - inverted[field]
    return inverted


def is_light_on_dark(page: Pixels) -> bool:
    """Whether a page shows light strokes on a dark ground.

    Where there is print, most is paper: there a negative is dark, and a page in a dark frame is light.
    """
    if not page.size:
        return False
    step = max(1, max(page.shape[:2]) // _GLANCE)
    sample = np.ascontiguousarray(grey(page[::step, ::step]))
    _, light = cv2.threshold(sample, 0, 1, cv2.THRESH_BINARY + cv2.THRESH_OTSU)
    shares = _block_shares(np.asarray(light, np.uint8))
    dark, bright = (int(((share >= _RARER) & (share < 0.5)).sum()) for share in (shares, 1 - shares))
    return dark >= max(_PRINTED, _AHEAD * bright)


def dark_fields(page: Pixels) -> Iterator[tuple[slice, slice]]:
    """Rows and columns of dark fields with light strokes in them, away from the edges of a light page."""
    if not page.size:
        return
    step = max(1, round(max(page.shape[:2]) / _LOOK))
    sample = np.ascontiguousarray(grey(page[::step, ::step]))
    tone, _ = cv2.threshold(sample, 0, 1, cv2.THRESH_BINARY + cv2.THRESH_OTSU)
    dark = (sample <= min(tone, _DARK)).astype(np.uint8)
    if not _has_solid_block(dark):
        return
    closed = cv2.morphologyEx(dark, cv2.MORPH_CLOSE, np.ones((_STROKE, _STROKE), np.uint8))
    solid = cv2.morphologyEx(closed, cv2.MORPH_OPEN, np.ones((_SOLID, _SOLID), np.uint8))
    for x, y, width, height, area in cv2.connectedComponentsWithStats(solid)[2][1:].tolist():
        if not _may_be_field((x, y, width, height), area, dark.shape):
            continue
        least, most = _STROKES
        if least < 1 - float(dark[y : y + height, x : x + width].mean()) < most:
            yield slice(y * step, (y + height) * step), slice(x * step, (x + width) * step)


def _has_solid_block(dark: Grey) -> bool:
    """Whether any block is so dark that it may lie in a field: on most pages of print none is."""
    size = (max(1, dark.shape[1] // _BLOCK), max(1, dark.shape[0] // _BLOCK))
    return (
        float(cv2.resize(dark * np.uint8(255), size, interpolation=cv2.INTER_AREA).max()) >= _BLOCK_OF_FIELD
    )


def _may_be_field(box: tuple[int, int, int, int], area: int, page: tuple[int, ...]) -> bool:
    """Whether a solid place has the size and form of a field, and touches no edge of the page."""
    x, y, width, height = box
    large = width >= _WIDE and height >= _HIGH and width * height <= _LARGEST * page[0] * page[1]
    inside = min(x, y) > 0 and x + width < page[1] and y + height < page[0]
    return large and inside and area >= _FULL * width * height


def _block_shares(mask: Grey) -> npt.NDArray[np.float64]:
    """The share of each whole block that a mask of 0 and 1 covers."""
    rows, columns = mask.shape[0] // _BLOCK, mask.shape[1] // _BLOCK
    blocks = mask[: rows * _BLOCK, : columns * _BLOCK].reshape(rows, _BLOCK, columns, _BLOCK)
    return np.asarray(blocks.mean(axis=(1, 3)))

"""Light print on dark paper, as negatives and screens in dark mode show it, and detection on such pages.

The models read dark ink. A page of light strokes on a dark ground is inverted before it is looked at.
"""

from __future__ import annotations

from collections.abc import Sequence

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


class PolarityDetector:
    """A detector that sees dark ink on light paper; a page of light strokes on dark is inverted for it."""

    def __init__(self, detector: Detector) -> None:
        self._detector = detector

    def detect(self, pages: Sequence[Pixels]) -> list[list[DetectedRegion]]:
        """The regions of each page, best first."""
        return self._detector.detect([dark_on_light(page) for page in pages])


def dark_on_light(page: Pixels) -> Pixels:
    """The page itself, or its negative where that has dark print on light paper."""
    return np.asarray(255 - page, np.uint8) if is_light_on_dark(page) else page


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


def _block_shares(mask: Grey) -> npt.NDArray[np.float64]:
    """The share of each whole block that a mask of 0 and 1 covers."""
    rows, columns = mask.shape[0] // _BLOCK, mask.shape[1] // _BLOCK
    blocks = mask[: rows * _BLOCK, : columns * _BLOCK].reshape(rows, _BLOCK, columns, _BLOCK)
    return np.asarray(blocks.mean(axis=(1, 3)))

"""Stored pictures to arrays and back; pages and crops are JPEG or PNG files that this service wrote."""

from __future__ import annotations

import cv2
import numpy as np

from worker.errors import UnreadablePage
from worker.vision.values import Grey, Pixels

#: Stored pages are upright already: a tag that another reader passed over must not turn one.
_FLAGS = cv2.IMREAD_COLOR_RGB | cv2.IMREAD_IGNORE_ORIENTATION


def decode(data: bytes, *, page: int) -> Pixels:
    """A stored JPEG or PNG as RGB. UnreadablePage, naming the page, when the bytes are damaged."""
    image = cv2.imdecode(np.frombuffer(data, dtype=np.uint8), _FLAGS) if data else None
    if image is None:
        raise UnreadablePage(page, "the stored page image is damaged")
    return np.asarray(image, dtype=np.uint8)


def encode_png(image: Pixels | Grey) -> bytes:
    """An RGB or grey image as PNG, lossless; fast rather than small."""
    pixels = cv2.cvtColor(image, cv2.COLOR_RGB2BGR) if image.ndim == 3 else image
    done, data = cv2.imencode(".png", pixels, [cv2.IMWRITE_PNG_COMPRESSION, 1])
    assert done, "OpenCV encodes any 8-bit image"
    return bytes(data)

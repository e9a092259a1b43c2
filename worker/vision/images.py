"""Stored pictures to arrays and back, and their size; pages and crops are JPEG or PNG files that we wrote."""

from __future__ import annotations

import cv2
import numpy as np

from worker.errors import DamagedImage
from worker.vision.values import Grey, Pixels

#: Stored pages are upright already: an EXIF tag left in one must not turn it again.
_FLAGS = cv2.IMREAD_ANYCOLOR | cv2.IMREAD_IGNORE_ORIENTATION
_JPEG, _PNG = b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n"
#: The last chunk of every PNG: no data, its type, its checksum.
_PNG_END = b"\0\0\0\0IEND\xaeB`\x82"


def decode(data: bytes) -> Pixels:
    """A stored JPEG or PNG as RGB. DamagedImage as `decode_as_stored` raises it."""
    return in_colour(decode_as_stored(data))


def in_colour(image: Pixels | Grey) -> Pixels:
    """The image in three channels; itself when it has them."""
    return image if image.ndim == 3 else np.asarray(cv2.cvtColor(image, cv2.COLOR_GRAY2RGB), np.uint8)


def darkest_channel(image: Pixels | Grey) -> Grey:
    """Grey by the least of the three channels, so that ink of any colour is dark; itself when it is grey."""
    return image if image.ndim == 2 else np.asarray(image.min(axis=2), np.uint8)


def decode_as_stored(data: bytes) -> Pixels | Grey:
    """A stored JPEG or PNG: (height, width) grey where the file is, which costs a third; else RGB.

    DamagedImage when it is empty, of another format, cut off, or cannot be decoded. Decoders fill in what
    is not there, so the end is looked for first.
    """
    if not data:
        raise DamagedImage("it is empty")
    if not data.startswith((_JPEG, _PNG)):
        raise DamagedImage("it is neither JPEG nor PNG")
    complete = is_complete_jpeg(data) if data.startswith(_JPEG) else _PNG_END in data[-64:]
    if not complete:
        raise DamagedImage("it is cut off")
    image = cv2.imdecode(np.frombuffer(data, dtype=np.uint8), _FLAGS)
    if image is None:
        raise DamagedImage("it cannot be decoded")
    if image.ndim == 3:
        cv2.cvtColor(image, cv2.COLOR_BGR2RGB, dst=image)
    return np.asarray(image, dtype=np.uint8)


def is_complete_jpeg(data: bytes) -> bool:
    """True when a JPEG stream ends as it should; one that was cut off does not."""
    return data.rstrip(b"\0\r\n ").endswith(b"\xff\xd9")


def encode_png(image: Pixels | Grey) -> bytes:
    """An RGB or grey image as PNG, lossless; fast rather than small."""
    pixels = cv2.cvtColor(image, cv2.COLOR_RGB2BGR) if image.ndim == 3 else image
    done, data = cv2.imencode(".png", pixels, [cv2.IMWRITE_PNG_COMPRESSION, 1])
    assert done, "OpenCV encodes any 8-bit image"
    return bytes(data)


def resized(image: Pixels | Grey, *, width: int, height: int) -> Pixels | Grey:
    """Resize by exact area averages, so that thin strokes survive; linearly where the image grows.

    On 136 scanned letters linear reduction alone lost 0.07 mAP50 and saved 10 ms a page.
    """
    shrinks = image.shape[1] >= width and image.shape[0] >= height
    method = cv2.INTER_AREA if shrinks else cv2.INTER_LINEAR
    return np.asarray(cv2.resize(image, (width, height), interpolation=method), dtype=np.uint8)


def shrunk(image: Pixels | Grey, *, longest: int) -> Pixels | Grey:
    """The image with at most that many pixels on its longer side; itself when it has no more."""
    height, width = image.shape[:2]
    scale = longest / max(height, width)
    if scale >= 1:
        return image
    return resized(image, width=max(1, round(width * scale)), height=max(1, round(height * scale)))

"""Page pixels to JPEG or PNG bytes, and turning them upright."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from worker.vision.values import Grey, Pixels

#: Quality of every JPEG written here.
JPEG_QUALITY = 90
#: libjpeg's own limit per side.
_JPEG_MAX_SIDE = 65_500


@dataclass(frozen=True, slots=True)
class Encoded:
    """A complete image file and what it holds."""

    data: bytes
    suffix: str
    width: int
    height: int


@dataclass(frozen=True, slots=True)
class Turn:
    """One of the eight ways to lay a picture down: first swap the axes, then mirror."""

    transpose: bool = False
    flip_x: bool = False
    flip_y: bool = False

    @property
    def upright(self) -> bool:
        """True when nothing has to be done."""
        return not (self.transpose or self.flip_x or self.flip_y)

    def apply(self, pixels: Pixels) -> Pixels:
        """The turned pixels, as a view where possible."""
        if self.transpose:
            pixels = pixels.swapaxes(0, 1)
        return pixels[:: -1 if self.flip_y else 1, :: -1 if self.flip_x else 1]


def encode(pixels: Pixels | Grey, *, lossy: bool) -> Encoded:
    """Store RGB or grey pixels in the smallest form that keeps what matters.

    Two-valued pages become 1-bit PNG, other grey ones grey PNG, colour JPEG. `lossy` says that the pixels
    come from a JPEG or a drawing: a grey page is then a JPEG too, at a tenth of the time and size.
    ValueError when there are no pixels.
    """
    if not pixels.size:
        raise ValueError("the page has no size")
    pixels = _without_idle_colour(pixels)
    height, width = pixels.shape[:2]
    two_valued = pixels.ndim == 2 and _is_two_valued(pixels)
    jpeg = not two_valued and (lossy or pixels.ndim == 3) and max(height, width) <= _JPEG_MAX_SIDE
    data = _jpeg(pixels) if jpeg else _png(pixels, bilevel=two_valued)
    return Encoded(data, "jpg" if jpeg else "png", width, height)


def check_jpeg_length(data: bytes, width: int, height: int) -> None:
    """Raise ValueError when the JPEG is shorter than an empty page of its size would be.

    Even that takes a bit for the mean of every 8 × 8 pixels. Decoders fill in grey what is not there.
    """
    if len(data) * 8 < (width // 8) * (height // 8):
        raise ValueError(f"{len(data)} bytes cannot hold {width} × {height} pixels")


def square(pixels: Pixels | Grey, *, x_dpi: float, y_dpi: float) -> Pixels | Grey:
    """Stretch the coarser axis until pixels are square; nothing is thrown away."""
    height, width = pixels.shape[:2]
    target = max(x_dpi, y_dpi)
    size = (max(1, round(width * target / x_dpi)), max(1, round(height * target / y_dpi)))
    return cv2.resize(pixels, size, interpolation=cv2.INTER_LINEAR).astype(np.uint8, copy=False)


def _without_idle_colour(pixels: Pixels | Grey) -> Pixels | Grey:
    """Drop two of three equal channels; a sparse look first spares colour pages the full comparison."""
    if pixels.ndim == 2:
        return pixels
    for part in (pixels[::16, ::16], pixels):
        red, green, blue = part[..., 0], part[..., 1], part[..., 2]
        if not (np.array_equal(red, green) and np.array_equal(green, blue)):
            return pixels
    return pixels[..., 0]


def _is_two_valued(grey: Grey) -> bool:
    sparse = grey[::16, ::16]
    if not bool(((sparse == 0) | (sparse == 255)).all()):
        return False
    return not cv2.countNonZero(cv2.inRange(np.ascontiguousarray(grey), 1, 254))


def _jpeg(pixels: Pixels | Grey) -> bytes:
    return _written(".jpg", pixels, [cv2.IMWRITE_JPEG_QUALITY, JPEG_QUALITY])


def _png(pixels: Pixels | Grey, *, bilevel: bool) -> bytes:
    return _written(".png", pixels, [cv2.IMWRITE_PNG_COMPRESSION, 1, cv2.IMWRITE_PNG_BILEVEL, int(bilevel)])


def _written(suffix: str, pixels: Pixels | Grey, options: list[int]) -> bytes:
    ordered = cv2.cvtColor(pixels, cv2.COLOR_RGB2BGR) if pixels.ndim == 3 else np.ascontiguousarray(pixels)
    written, data = cv2.imencode(suffix, ordered, options)
    if not written:
        raise ValueError(f"cannot write {pixels.shape} as {suffix}")
    return data.tobytes()

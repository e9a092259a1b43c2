"""How large a page is drawn or decoded: as fine as asked for, or as fine as the limit of pixels allows."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence

from worker.errors import PageTooLarge
from worker.rendering.mupdf_types import ImageInfo, ListedImage

#: Pages are not drawn coarser than this: pen strokes are a pixel wide then.
_COARSEST = 36
#: A page that would be drawn with fewer pixels than this on its longer side is looked at for finer scans.
_TINY, _FINE = 1_000, 3_500
#: JPEG decoders leave out up to this factor of rows and columns.
_REDUCTIONS = (1, 2, 4, 8)
#: What a decoder needs for a pixel, in parts of a byte: fax and JBIG2 take bits, JPEG can be decoded reduced.
_BITS, _JPEG = 8, 16


def drawing_dpi(index: int, points: tuple[float, float], *, wanted: int, limit: int) -> int:
    """The resolution at which a page of that size is drawn; PageTooLarge where none fits."""
    width, height = points
    if int(width * wanted / 72) * int(height * wanted / 72) <= limit:
        return wanted
    fitting = math.floor(72 * math.sqrt(limit / (width * height)))
    if fitting < _COARSEST:
        raise PageTooLarge(
            index,
            f"{width:,.0f} × {height:,.0f} points are more than {limit:,} pixels even at {_COARSEST} dpi",
        )
    return fitting


def finer_dpi(points: tuple[float, float], images: Callable[[], Iterable[ImageInfo]], *, wanted: int) -> int:
    """The resolution of the finest image on a page that is tiny; what is wanted for any other.

    `images` lists those of the page; it is called for a tiny one alone.
    """
    longest = max(points) / 72
    if longest <= 0 or longest * wanted >= _TINY:
        return wanted
    finest = max((_dpi(info) for info in images()), default=0.0)
    return max(wanted, math.floor(min(finest, _FINE / longest)))


def _dpi(info: ImageInfo) -> float:
    a, b, c, d, _, _ = info["transform"]
    across, down = math.hypot(a, b), math.hypot(c, d)
    return max(info["width"] * 72 / across if across else 0, info["height"] * 72 / down if down else 0)


def check_images(index: int, images: Sequence[ListedImage], *, limit: int) -> None:
    """Before anything is decoded: PageTooLarge for an image that takes more than the limit."""
    for image in images:
        width, height, bits = image[2:5]
        part = _BITS if bits == 1 else _JPEG if image[8] == "DCTDecode" else 1
        if width * height > limit * part:
            raise PageTooLarge(index, f"{width} × {height} pixels are more than the limit of {limit:,}")


def reduction(width: int, height: int, *, limit: int) -> int | None:
    """By how much to reduce a JPEG while it is decoded, so that it fits; None where nothing helps."""
    return next((by for by in _REDUCTIONS if -(-width // by) * -(-height // by) <= limit), None)


def shrinking(width: int, height: int, *, limit: int) -> int:
    """By what whole factor to reduce an image, so that it fits; sides are rounded up."""
    by = math.ceil(math.sqrt(width * height / limit)) if width * height > limit else 1
    while -(-width // by) * -(-height // by) > limit:
        by += 1
    return by

"""Pages of image files: of all formats but PDF, read with Pillow."""

from __future__ import annotations

import importlib.util
import struct
import zlib
from collections.abc import Callable
from contextlib import suppress
from io import BytesIO
from typing import Any

from PIL import Image, ImageOps

# The function itself: ultralytics, where it shares the process, replaces the name `Image.open` by a version
# that installs packages when it meets a file it cannot read.
from PIL.Image import open as open_image

from worker.document_formats import FORMATS
from worker.errors import PageTooLarge, UnknownFormat, UnreadableDocument, UnreadablePage
from worker.rendering import complaints
from worker.rendering.avif import check_avif
from worker.rendering.density import Density, density_of, orientation
from worker.rendering.encoding import Encoded, check_jpeg_length, encode, square
from worker.rendering.jpeg import check_jpeg
from worker.rendering.jpx import check_jpx
from worker.rendering.modes import eight_bit
from worker.rendering.overheard import overhear
from worker.rendering.sizes import reduction, shrinking
from worker.rendering.strips import check_strips
from worker.rendering.tiff import Tags, full_pages, old_jpeg
from worker.rendering.webp import check_webp
from worker.vision.choices import Limits
from worker.vision.images import is_complete_jpeg
from worker.vision.values import RenderedPage

# Pillow's own guard knows neither the limit nor the page; sizes are compared below, before decoding.
Image.MAX_IMAGE_PIXELS = None

#: What Pillow's readers raise on damaged files, as far as fuzzing and their source tell.
_DAMAGE = (
    OSError,
    ValueError,
    SyntaxError,
    TypeError,
    LookupError,
    ArithmeticError,
    EOFError,
    RuntimeError,
    struct.error,
    zlib.error,
)
#: What looks at the data of formats whose decoders draw on when it is damaged.
_CHECKS: dict[str, Callable[[bytes], None]] = {"avif": check_avif, "jp2": check_jpx, "webp": check_webp}
#: A bit of a page of two values is counted as a bit.
_BITS = 8


class ImageReader:
    """An image file as a document; only TIFF has more than one page."""

    #: Images carry nothing beside their pages that anybody would run.
    notes: tuple[str, ...] = ()
    #: A chain of pages that breaks off has a page that cannot be read at its end.
    lacks: str | None = None

    def __init__(self, data: bytes, kind: str, limits: Limits) -> None:
        """Read the directory; raises UnreadableDocument when even that is damaged."""
        self._data = data
        self._kind = kind
        self._limits = limits
        _check_reader(kind)
        try:
            self._image: Image.Image | None = self._opened()
        except _DAMAGE as error:
            raise UnreadableDocument(f"the {kind.upper()} is damaged; scan or export it again") from error
        self._frames = _frames(self._image, limits.max_pages) if kind == "tiff" else [0]

    def __len__(self) -> int:
        """Number of pages; for a document over the page limit, any number above it."""
        return len(self._frames)

    def page(self, index: int) -> RenderedPage:
        """That page as an upright image; raises UnreadablePage or PageTooLarge."""
        try:
            with overhear() as heard:
                page = self._page(index)
            complaints.check(heard.words)
            return page
        except _DAMAGE as error:
            # A failed decoder leaves the file object in an unknown state: the next page starts afresh.
            self._image = None
            raise UnreadablePage(index, f"the image is damaged ({error})") from error
        except MemoryError as error:
            raise PageTooLarge(index, "decoding it takes more memory than the renderer may have") from error

    def _opened(self) -> Image.Image:
        return open_image(BytesIO(self._data), formats=FORMATS[self._kind].decoders)

    def _page(self, index: int) -> RenderedPage:
        image = self._image = self._image or self._opened()
        image.seek(self._frames[index])
        tags = readable_tags(image)
        # Sizes first: some readers decode the whole image for its tags.
        by = self._fitting(index, image)
        density = density_of(image)
        if self._kind == "jpeg":
            check_jpeg_length(self._data, *image.size)
            check_jpeg(self._data)
            # The decoder reduces by itself and never holds more pixels than that.
            image.draft(image.mode, (image.width // by, image.height // by))
        if by == 1 and self._kind == "jpeg" and _is_storable(image, density, self._data):
            encoded = Encoded(self._data, "jpg", *image.size)
        else:
            encoded = self._encoded(index, old_jpeg(self._data, tags) or image, density, by)
            self._check(tags)
        note = f"page {index + 1} was reduced to 1/{by} of its size to keep the limit" if by > 1 else None
        size, dpi = (encoded.width, encoded.height), density.reduced(by).dpi
        return RenderedPage(index, encoded.data, encoded.suffix, *size, round(dpi, 2), "image", note=note)

    def _fitting(self, index: int, image: Image.Image) -> int:
        """By how much the page is reduced; PageTooLarge where it does not fit all the same."""
        limit, (width, height) = self._limits.max_pixels, image.size
        if width * height <= limit:
            return 1
        if self._kind == "jpeg" and (by := reduction(width, height, limit=limit)):
            return by
        if image.mode == "1" and width * height <= _BITS * limit:
            return shrinking(width, height, limit=limit)
        _check_size(index, width, height, limit=limit)
        return 1

    def _encoded(self, index: int, image: Image.Image, density: Density, by: int) -> Encoded:
        upright = _upright(image, self._kind)
        if by > 1 and self._kind != "jpeg":
            upright = upright.convert("L").reduce(by)
        pixels = eight_bit(upright)
        if not density.is_square:
            height, width = pixels.shape[:2]
            stretch = max(density.x, density.y) / min(density.x, density.y)
            _check_size(index, width, int(height * stretch), limit=self._limits.max_pixels)
            pixels = square(pixels, x_dpi=density.x, y_dpi=density.y)
        return encode(pixels, lossy=self._kind == "jpeg")

    def _check(self, tags: Tags) -> None:
        if self._kind == "tiff":
            check_strips(self._data, tags)
        check = _CHECKS.get(self._kind)
        if check:
            check(self._data)


def _check_reader(kind: str) -> None:
    """UnknownFormat for a format that this installation has no decoder for."""
    if kind == "heic" and importlib.util.find_spec("pillow_heif"):
        importlib.import_module("pillow_heif").register_heif_opener()
    row = FORMATS[kind]
    if row.without_decoder is not None:
        Image.init()
        if row.decoders[0] not in Image.OPEN:
            raise UnknownFormat(row.without_decoder)


def _check_size(index: int, width: int, height: int, *, limit: int) -> None:
    if width * height > limit:
        raise PageTooLarge(
            index,
            f"{width} × {height} pixels are more than the limit of {limit:,}; scan it coarser",
        )


def _frames(image: Image.Image, limit: int) -> list[int]:
    """Walk the chain of TIFF directories; one that cannot be read counts as a page, and ends the chain."""
    frames: list[tuple[int, Tags]] = []
    while len(frames) <= limit:
        try:
            image.seek(len(frames))
        except EOFError:
            break
        except _DAMAGE:
            return [*full_pages(frames), len(frames)]
        frames.append((len(frames), readable_tags(image)))
    return full_pages(frames)


def readable_tags(image: Image.Image) -> Tags:
    """The tags of a TIFF directory, those left out whose values cannot be read; none of another format."""
    directory, tags = getattr(image, "tag_v2", {}), dict[int, Any]()
    for number in directory:
        with suppress(*_DAMAGE):
            tags[number] = directory[number]
    return tags


def _upright(image: Image.Image, kind: str) -> Image.Image:
    """Decode, and turn as the orientation tag says; Pillow turns TIFF by itself."""
    image.load()
    return image if kind == "tiff" else ImageOps.exif_transpose(image)


def _is_storable(image: Image.Image, density: Density, data: bytes) -> bool:
    """True for a JPEG that every later reader will see upright, complete and in RGB or grey."""
    plain = image.mode in {"L", "RGB"} and orientation(image) == 1
    return plain and density.is_square and is_complete_jpeg(data)

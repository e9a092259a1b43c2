"""Pages of image files (TIFF, JPEG, PNG, WebP, BMP), read with Pillow."""

from __future__ import annotations

import struct
import zlib
from dataclasses import dataclass
from io import BytesIO

import numpy as np
from PIL import Image, ImageOps

# The function itself: ultralytics, where it shares the process, replaces the name `Image.open` by a version
# that installs packages when it meets a file it cannot read.
from PIL.Image import open as open_image

from worker.errors import PageTooLarge, UnreadableDocument, UnreadablePage
from worker.rendering import complaints
from worker.rendering.encoding import Encoded, check_jpeg_length, encode, square
from worker.rendering.jpeg import check_jpeg
from worker.rendering.overheard import overhear
from worker.rendering.scan import SQUARE_WITHIN
from worker.rendering.strips import check_strips
from worker.vision.choices import Limits
from worker.vision.images import is_complete_jpeg
from worker.vision.values import Grey, Pixels, RenderedPage

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
_FORMATS = {"tiff": ("TIFF",), "jpeg": ("JPEG", "MPO"), "png": ("PNG",), "webp": ("WEBP",), "bmp": ("BMP",)}
_ORIENTATION, _PHOTOMETRIC, _WHITE_IS_ZERO = 274, 262, 0
#: What a scan without a believable resolution is taken for.
_USUAL_DPI = 200.0
_PAPERS = ((210 / 25.4, 297 / 25.4), (8.5, 11.0), (8.5, 14.0), (297 / 25.4, 420 / 25.4))


@dataclass(frozen=True, slots=True)
class _Density:
    """Pixels per inch of a page along its two axes."""

    x: float
    y: float

    @property
    def is_square(self) -> bool:
        return max(self.x, self.y) <= SQUARE_WITHIN * min(self.x, self.y)


class ImageReader:
    """An image file as a document; only TIFF has more than one page."""

    #: Images carry nothing beside their pages that anybody would run.
    notes: tuple[str, ...] = ()

    def __init__(self, data: bytes, kind: str, limits: Limits) -> None:
        """Read the directory; raises UnreadableDocument when even that is damaged."""
        self._data = data
        self._kind = kind
        self._limits = limits
        try:
            self._image: Image.Image | None = self._opened()
        except _DAMAGE as error:
            raise UnreadableDocument(f"the {kind.upper()} is damaged; scan or export it again") from error
        self._pages = _count(self._image, limits.max_pages) if kind == "tiff" else 1

    def __len__(self) -> int:
        """Number of pages; for a document over the page limit, any number above it."""
        return self._pages

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
        return open_image(BytesIO(self._data), formats=_FORMATS[self._kind])

    def _page(self, index: int) -> RenderedPage:
        image = self._image = self._image or self._opened()
        image.seek(index)
        _check_size(index, *image.size, limit=self._limits.max_pixels)
        if self._kind == "jpeg":
            check_jpeg_length(self._data, *image.size)
        density = _density(image)
        if self._kind == "jpeg":
            check_jpeg(self._data)
        if self._kind == "jpeg" and _is_storable(image, density, self._data):
            encoded = Encoded(self._data, "jpg", *image.size)
        else:
            encoded = self._encoded(index, image, density)
        dpi = max(density.x, density.y) if not density.is_square else (density.x * density.y) ** 0.5
        return RenderedPage(
            index, encoded.data, encoded.suffix, encoded.width, encoded.height, round(dpi, 2), "image"
        )

    def _encoded(self, index: int, image: Image.Image, density: _Density) -> Encoded:
        # Turning an image leaves its directory behind.
        tags = dict(getattr(image, "tag_v2", {}))
        pixels = _eight_bit(_upright(image, self._kind))
        if self._kind == "tiff":
            check_strips(self._data, tags)
        if not density.is_square:
            height, width = pixels.shape[:2]
            stretch = max(density.x, density.y) / min(density.x, density.y)
            _check_size(index, width, int(height * stretch), limit=self._limits.max_pixels)
            pixels = square(pixels, x_dpi=density.x, y_dpi=density.y)
        return encode(pixels, lossy=self._kind == "jpeg")


def _check_size(index: int, width: int, height: int, *, limit: int) -> None:
    if width * height > limit:
        raise PageTooLarge(
            index,
            f"{width} × {height} pixels are more than the limit of {limit:,}; scan it coarser",
        )


def _count(image: Image.Image, limit: int) -> int:
    """Walk the chain of TIFF directories; one that cannot be read counts as a page, and ends the chain."""
    count = 0
    while count <= limit:
        try:
            image.seek(count)
        except EOFError:
            break
        except _DAMAGE:
            return count + 1
        count += 1
    return count


def _upright(image: Image.Image, kind: str) -> Image.Image:
    """Decode, and turn as the orientation tag says; Pillow turns TIFF by itself."""
    image.load()
    return image if kind == "tiff" else ImageOps.exif_transpose(image)


def _eight_bit(image: Image.Image) -> Pixels | Grey:
    """Any Pillow mode as grey or RGB, eight bits, transparency on white paper."""
    if image.mode.startswith(("I", "F")):
        return _scaled(image)
    if "transparency" in image.info or image.mode in {"RGBA", "LA", "PA", "La", "RGBa"}:
        image = image.convert("RGBA")
        image = Image.alpha_composite(Image.new("RGBA", image.size, "white"), image)
    return np.asarray(image.convert("L" if image.mode in {"1", "L"} else "RGB"), dtype=np.uint8)


def _scaled(image: Image.Image) -> Grey:
    """Integers of 16 bits over their range; floats over [0, 1] or, if they go beyond, [0, 255]."""
    values = np.nan_to_num(np.asarray(image, dtype=np.float32))
    top = (1.0 if values.max() <= 1.0 else 255.0) if image.mode == "F" else 65535.0
    scaled = np.clip(values * (255.0 / top), 0, 255)
    if getattr(image, "tag_v2", {}).get(_PHOTOMETRIC) == _WHITE_IS_ZERO:
        scaled = 255 - scaled
    return np.asarray(scaled, dtype=np.uint8)


def _density(image: Image.Image) -> _Density:
    """Resolution along the axes of the upright page; a guess where the file's own is implausible."""
    (x, y), (width, height) = _stated(image), image.size
    if _orientation(image) >= 5:
        x, y, width, height = y, x, height, width
    if min(x, y) >= 50 and max(x, y) <= 2400 and max(width / x, height / y) <= 50:
        return _Density(x, y)
    guess = _from_paper(*sorted((width, height)))
    # A file may know the shape of its pixels and not their size (TIFF without a unit).
    ratio = x / y if x > 0 and y > 0 and 0.2 < x / y < 5 else 1.0
    return _Density(guess * max(ratio, 1.0), guess * max(1 / ratio, 1.0))


def _orientation(image: Image.Image) -> int:
    """The orientation tag, 1 where its value is not valid."""
    tag = image.getexif().get(_ORIENTATION, 1)
    return tag if isinstance(tag, int) and 1 <= tag <= 8 else 1


def _stated(image: Image.Image) -> tuple[float, float]:
    stated = image.info.get("dpi") or image.info.get("resolution") or (0, 0)
    try:
        x, y = float(stated[0]), float(stated[1])
    except _DAMAGE:
        return 0.0, 0.0
    return (x, y) if x > 0 and y > 0 and x + y < float("inf") else (0.0, 0.0)


def _from_paper(short: int, long: int) -> float:
    """The resolution at which the page would be a usual sheet of paper, if there is one."""
    for paper_short, paper_long in _PAPERS[:3]:
        dpi = long / paper_long
        if abs(short / dpi / paper_short - 1) <= 0.03 and 70 <= dpi <= 700:
            return dpi
    return _USUAL_DPI


def _is_storable(image: Image.Image, density: _Density, data: bytes) -> bool:
    """True for a JPEG that every later reader will see upright, complete and in RGB or grey."""
    plain = image.mode in {"L", "RGB"} and _orientation(image) == 1
    return plain and density.is_square and is_complete_jpeg(data)

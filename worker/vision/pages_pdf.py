# mypy: disable-error-code="no-untyped-call"
"""Pages of PDF files: a scan's own image where the page is nothing else, a drawing of the page otherwise.

This is the only module that imports pymupdf. MuPDF is not thread-safe: one process, one thread.
"""

from __future__ import annotations

import re
import sys
from dataclasses import dataclass
from io import BytesIO
from typing import Any

import numpy as np
from PIL import Image

# pymupdf imports its layout analysis where it finds it, and that brings onnxruntime and networkx: 0.9 s and
# 270 MB per renderer instead of 0.2 s and 90 MB. Rendering needs none of it.
for _unused in ("pymupdf.layout", "pymupdf4llm"):
    sys.modules.setdefault(_unused, None)  # type: ignore[arg-type]

import pymupdf  # noqa: E402

from worker.errors import (  # noqa: E402
    EncryptedDocument,
    PageError,
    PageTooLarge,
    UnreadableDocument,
    UnreadablePage,
)
from worker.vision.pages_encode import Encoded, Turn, encode, is_complete_jpeg  # noqa: E402
from worker.vision.pages_image import SQUARE_WITHIN  # noqa: E402
from worker.vision.values import Limits, Pixels, RenderedPage  # noqa: E402

pymupdf.TOOLS.mupdf_display_errors(False)
pymupdf.TOOLS.mupdf_display_warnings(False)

#: pymupdf raises MuPDF's classes, RuntimeErrors, and plain Python ones for arguments that damage produced.
_FAULTS = (
    pymupdf.mupdf.FzErrorBase,
    RuntimeError,
    ValueError,
    TypeError,
    LookupError,
    AttributeError,
    OSError,
)
#: MuPDF draws on when part of a page is lost, and says so only here. Such a page must not pass for unsigned.
#: "padding truncated image" alone is not in the list: fax images often declare a few lines too many.
_LOST = re.compile(
    r"^(?:library error: .*|premature end .*|read error; treating as end of file|non-page object in page tree"
    r"|cannot load content stream .*|syntax error: no XObject subtype.*|.*(?:jbig2|openjpeg|jpx).* error.*)$",
    re.MULTILINE | re.IGNORECASE,
)
#: Colour spaces whose samples are what is seen; the others (CMYK, Separation, Lab, …) are drawn by MuPDF.
_DIRECT = frozenset({"DeviceGray", "DeviceRGB", "CalGray", "CalRGB", "ICCBased"})
#: How MuPDF says that it got no memory.
_NO_MEMORY = re.compile(r"\b(?:m|c|re)alloc \(")
_REFERENCE = re.compile(r"(\d+) 0 R")
#: Entries of a graphics state that change how an image lands on the page.
_NOT_PLAIN = re.compile(
    r"/SMask(?!\s*/None)|/ca(?!\s+1(?:\.0*)?\b)|/CA(?!\s+1(?:\.0*)?\b)|/BM(?!\s*/(?:Normal|Compatible))|/TR"
)
#: A scan may miss or overhang an edge of its page by this share: a few points of rounding.
_EDGE = 0.025
_MIN_SCAN_DPI = 50.0


@dataclass(frozen=True, slots=True)
class _Scan:
    """The one image that is the whole page."""

    xref: int
    width: int
    height: int
    turn: Turn
    dpi: float
    #: True when the stored bytes show what the page shows, colours included.
    verbatim: bool


class PdfReader:
    """An opened PDF."""

    def __init__(self, data: bytes, limits: Limits) -> None:
        """Open it, repairing what can be; raises UnreadableDocument or EncryptedDocument."""
        self._limits = limits
        try:
            self._document: Any = pymupdf.open(stream=data, filetype="pdf")
            locked = self._document.needs_pass and not self._document.authenticate("")
            self._pages = 0 if locked else self._document.page_count
        except _FAULTS as error:
            raise UnreadableDocument("the PDF is damaged beyond repair; export or scan it again") from error
        if locked:
            raise EncryptedDocument("the PDF asks for a password; remove the protection and send it again")

    def __len__(self) -> int:
        """Number of pages."""
        return int(self._pages)

    def page(self, index: int) -> RenderedPage:
        """That page as an upright image; raises UnreadablePage or PageTooLarge."""
        pymupdf.TOOLS.reset_mupdf_warnings()
        try:
            page = self._page(index)
        except PageError:
            raise
        except (MemoryError, *_FAULTS) as error:
            if isinstance(error, MemoryError) or _NO_MEMORY.search(str(error)):
                raise PageTooLarge(
                    index, "drawing it takes more memory than the renderer may have"
                ) from error
            raise UnreadablePage(index, f"the page is damaged ({error})") from error
        lost = _LOST.search(pymupdf.TOOLS.mupdf_warnings())
        if lost:
            raise UnreadablePage(index, f"part of the page is lost ({lost[0]})")
        return page

    def _page(self, index: int) -> RenderedPage:
        page = self._document.load_page(index)
        _check_content(page)
        images = page.get_images(full=True)
        self._check_sizes(index, page, images)
        scan = _scan(page, images) if images else None
        encoded = _extracted(self._document, scan) if scan else None
        source = "embedded" if encoded else "rendered"
        dpi = scan.dpi if scan and encoded else float(self._limits.render_dpi)
        encoded = encoded or encode(_drawn(page, self._limits.render_dpi), lossy=True)
        points = (round(page.rect.width, 3), round(page.rect.height, 3))
        return RenderedPage(
            index, encoded.data, encoded.suffix, encoded.width, encoded.height, round(dpi, 2), source, points
        )

    def _check_sizes(self, index: int, page: Any, images: list[Any]) -> None:
        """Before anything is decoded: the drawing, and every image that it would decode."""
        limit = self._limits.max_pixels
        scale = self._limits.render_dpi / 72
        sizes = [(int(page.rect.width * scale), int(page.rect.height * scale))]
        sizes += [(image[2], image[3]) for image in images]
        for width, height in sizes:
            if width * height > limit:
                raise PageTooLarge(index, f"{width} × {height} pixels are more than the limit of {limit:,}")


def _check_content(page: Any) -> None:
    """A page may have no content; one that names content which is not there has lost it."""
    kind, text = page.parent.xref_get_key(page.xref, "Contents")
    reference = _REFERENCE.match(text) if kind == "xref" else None
    if reference and page.parent.xref_object(int(reference[1])).strip() == "null":
        raise ValueError("its content is missing")


def _drawn(page: Any, dpi: int) -> Pixels:
    """The page as a viewer shows it, annotations and form fields included."""
    return _pixels(page.get_pixmap(dpi=dpi, alpha=False, annots=True))


def _pixels(pixmap: Any) -> Pixels:
    """A copy of a pixmap's samples: (h, w, 3), or (h, w) for grey. The view dies with the pixmap."""
    rows = np.frombuffer(pixmap.samples_mv, np.uint8).reshape(pixmap.height, pixmap.stride)
    rows = rows[:, : pixmap.width * pixmap.n].copy()
    return rows if pixmap.n == 1 else rows.reshape(pixmap.height, pixmap.width, pixmap.n)


def _scan(page: Any, images: list[Any]) -> _Scan | None:
    """The page's only visible content, when that is one plain image over all of it; None when in doubt."""
    visible = [kind for kind, _ in page.get_bboxlog() if kind != "ignore-text"]
    if visible != ["fill-image"]:
        return None
    (info,) = page.get_image_info() or [None]
    listed = [image for image in images if info and image[2:4] == (info["width"], info["height"])]
    if len(listed) != 1 or info["has-mask"] or not _is_opaque(page):
        return None
    return _placed(page, info, listed[0])


def _is_opaque(page: Any) -> bool:
    """Nothing between image and page: no clipping inside it, no transparency, no blending."""
    for item in page.get_cdrawings(extended=True):
        rectangular = item["type"] == "clip" and [part[0] for part in item.get("items", ())] == ["re"]
        if not rectangular or not _covers(pymupdf.Rect(item["scissor"]) * page.rotation_matrix, page.rect):
            return False
    return _draws_plainly(page.parent, page.xref)


def _draws_plainly(document: Any, page_xref: int) -> bool:
    """No graphics state in reach of the page that fades, masks or blends; in doubt, False."""
    # Inherited resources are not looked for: such a page is drawn.
    if document.xref_get_key(page_xref, "Resources")[0] == "null":
        return False
    _, text = document.xref_get_key(page_xref, "Resources/ExtGState")
    for _ in range(2):
        text = _REFERENCE.sub(lambda match: document.xref_object(int(match[1])), text)
    return _REFERENCE.search(text) is None and _NOT_PLAIN.search(text) is None


def _covers(box: Any, rect: Any) -> bool:
    """True when the box reaches all four edges of the rectangle, rounding forgiven."""
    x, y = _EDGE * rect.width, _EDGE * rect.height
    inner = rect.x0 + x, rect.y0 + y, rect.x1 - x, rect.y1 - y
    return bool(box.x0 <= inner[0] and box.y0 <= inner[1] and box.x1 >= inner[2] and box.y1 >= inner[3])


def _fits(box: Any, rect: Any) -> bool:
    """True when the two are the same rectangle, rounding forgiven."""
    return _covers(box, rect) and _covers(rect, box)


def _placed(page: Any, info: dict[str, Any], listed: Any) -> _Scan | None:
    """Where and how the image lies on the page, or None when it does not fit the page squarely."""
    xref, _, width, height, bits, colour, _, _, _, referrer = listed
    matrix = pymupdf.Matrix(info["transform"]) * page.rotation_matrix
    turn = _turn(matrix)
    if turn is None or referrer != 0 or bits not in {1, 8} or colour not in _DIRECT | {"Indexed"}:
        return None
    box = pymupdf.Rect(0, 0, 1, 1) * matrix
    across, down = (height, width) if turn.transpose else (width, height)
    x_dpi, y_dpi = across * 72 / box.width, down * 72 / box.height
    if not _fits(box, page.rect) or min(x_dpi, y_dpi) < _MIN_SCAN_DPI:
        return None
    if max(x_dpi, y_dpi) > SQUARE_WITHIN * min(x_dpi, y_dpi):
        return None
    verbatim = turn.upright and colour in _DIRECT and _is_plain(page.parent, xref)
    return _Scan(xref, width, height, turn, (x_dpi * y_dpi) ** 0.5, verbatim)


def _turn(matrix: Any) -> Turn | None:
    """How to lay the image's rows so that they read as on the page; None when it lies askew."""
    a, b, c, d = matrix.a, matrix.b, matrix.c, matrix.d
    if max(abs(b), abs(c)) < 0.005 * min(abs(a), abs(d)):
        return Turn(flip_x=a < 0, flip_y=d < 0)
    if max(abs(a), abs(d)) < 0.005 * min(abs(b), abs(c)):
        return Turn(transpose=True, flip_x=c < 0, flip_y=b < 0)
    return None


def _is_plain(document: Any, xref: int) -> bool:
    """True when the image's dictionary asks for nothing that a JPEG decoder would not do."""
    inverted = document.xref_get_key(xref, "Decode")[0] != "null"
    return not inverted and "ColorTransform" not in document.xref_object(xref)


def _extracted(document: Any, scan: _Scan) -> Encoded | None:
    """The embedded image: the stored JPEG itself where it can stand alone, else decoded and turned upright.

    None when the bytes turn out not to be what the dictionary says; the page is then drawn.
    """
    if scan.verbatim:
        stored = document.extract_image(scan.xref)
        if stored and stored["ext"] == "jpeg" and _stands_alone(stored["image"], scan):
            return Encoded(stored["image"], "jpg", scan.width, scan.height)
    pixmap = pymupdf.Pixmap(document, scan.xref)
    if pixmap.alpha or pixmap.n not in {1, 3} or (pixmap.width, pixmap.height) != (scan.width, scan.height):
        return None
    was_jpeg = "DCTDecode" in document.xref_get_key(scan.xref, "Filter")[1]
    return encode(np.ascontiguousarray(scan.turn.apply(_pixels(pixmap))), lossy=was_jpeg)


def _stands_alone(data: bytes, scan: _Scan) -> bool:
    """A complete RGB or grey JPEG that no viewer would turn by its EXIF tag.

    Raises ValueError when its size is not the declared one.
    """
    try:
        with Image.open(BytesIO(data), formats=("JPEG", "MPO")) as image:
            size, plain = image.size, image.mode in {"L", "RGB"} and image.getexif().get(274, 1) == 1
    except (OSError, SyntaxError, ValueError, LookupError):
        return False
    if size != (scan.width, scan.height):
        # MuPDF would stretch a corner of it over the page.
        raise ValueError(f"the scan has {size} pixels, the PDF says {(scan.width, scan.height)}")
    return plain and is_complete_jpeg(data)

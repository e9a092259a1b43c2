"""Whether a PDF page is nothing but a scan, and how that scan lies on it.

Works on pymupdf's page objects and imports nothing of it. "No" is always a safe answer: the page is drawn.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from worker.rendering.encoding import Turn
from worker.rendering.mupdf_types import ImageInfo, ListedImage, PdfDocument, PdfPage, PdfRectangle

#: x' = a·x + c·y + e, y' = b·x + d·y + f; y points down.
Matrix = tuple[float, float, float, float, float, float]
#: Left, top, right, bottom.
Rectangle = tuple[float, float, float, float]

#: Pixels count as square up to this ratio of the two resolutions.
SQUARE_WITHIN = 1.1
#: Colour spaces whose samples are what is seen; the others (CMYK, Separation, Lab, …) are drawn by MuPDF.
_DIRECT = frozenset({"DeviceGray", "DeviceRGB", "CalGray", "CalRGB", "ICCBased"})
#: A scan may miss or overhang an edge of its page by this share: a few points of rounding.
_EDGE = 0.025
#: A coarser image is a background, and is better drawn.
_MIN_DPI = 50.0
#: Share of the main entries of a matrix up to which the others count as zero: half a pixel in a hundred.
_ASKEW = 0.005
_REFERENCE = re.compile(r"(\d+) 0 R")
#: Entries of a graphics state that change how an image lands on the page.
_NOT_PLAIN = re.compile(
    r"/SMask(?!\s*/None)|/ca(?!\s+1(?:\.0*)?\b)|/CA(?!\s+1(?:\.0*)?\b)|/BM(?!\s*/(?:Normal|Compatible))|/TR"
)


@dataclass(frozen=True, slots=True)
class Scan:
    """The one image that is the whole page."""

    xref: int
    width: int
    height: int
    turn: Turn
    dpi: float
    #: True when the stored bytes show what the page shows, colours included.
    verbatim: bool

    @property
    def shown_width(self) -> int:
        """Its pixels across as it lies on the page."""
        return self.height if self.turn.transpose else self.width


def find_scan(page: PdfPage, images: Sequence[ListedImage]) -> Scan | None:
    """The page's only visible content, when that is one plain image over all of it; None when in doubt.

    `images` is what `page.get_images(full=True)` lists. Invisible text, the kind that text recognition leaves
    behind, does not count; annotations and form fields that show do.
    """
    visible = [kind for kind, _ in page.get_bboxlog() if kind != "ignore-text"]
    if visible != ["fill-image"]:
        return None
    drawn = page.get_image_info()
    if not drawn:
        return None
    (info,) = drawn
    listed = [image for image in images if image[2:4] == (info["width"], info["height"])]
    if len(listed) != 1 or info["has-mask"] or not _is_unclipped(page) or not _is_opaque(page):
        return None
    return _placed(page, info, listed[0])


def _is_unclipped(page: PdfPage) -> bool:
    """Nothing but clips to the page itself, and no transparency groups, between image and page."""
    for item in page.get_cdrawings(extended=True):
        rectangular = item["type"] == "clip" and [part[0] for part in item.get("items", ())] == ["re"]
        if not rectangular or not _covers(_moved(item["scissor"], page.rotation_matrix), _edges(page.rect)):
            return False
    return True


def _is_opaque(page: PdfPage) -> bool:
    """No graphics state in reach of the page that fades, masks or blends."""
    document = page.parent
    # Inherited resources are not looked for: such a page is drawn.
    if document.xref_get_key(page.xref, "Resources")[0] == "null":
        return False
    _, text = document.xref_get_key(page.xref, "Resources/ExtGState")
    for _ in range(2):
        text = _REFERENCE.sub(lambda match: document.xref_object(int(match[1])), text)
    return _REFERENCE.search(text) is None and _NOT_PLAIN.search(text) is None


def _placed(page: PdfPage, info: ImageInfo, listed: ListedImage) -> Scan | None:
    """Where and how the image lies on the page, or None when it does not fit the page squarely."""
    xref, _, width, height, bits, colour, _, _, _, referrer = listed
    matrix = _times(info["transform"], page.rotation_matrix)
    turn = _turn(matrix)
    if turn is None or referrer != 0 or bits not in {1, 8} or colour not in _DIRECT | {"Indexed"}:
        return None
    box = _moved((0, 0, 1, 1), matrix)
    dpi = _resolution((height, width) if turn.transpose else (width, height), box)
    if dpi is None or not (_covers(box, _edges(page.rect)) and _covers(_edges(page.rect), box)):
        return None
    verbatim = turn.upright and colour in _DIRECT and _is_plain(page.parent, xref)
    return Scan(xref, width, height, turn, dpi, verbatim)


def _turn(matrix: Matrix) -> Turn | None:
    """How to lay the image's rows so that they read as on the page; None when it lies askew."""
    a, b, c, d, _, _ = matrix
    if max(abs(b), abs(c)) < _ASKEW * min(abs(a), abs(d)):
        return Turn(flip_x=a < 0, flip_y=d < 0)
    if max(abs(a), abs(d)) < _ASKEW * min(abs(b), abs(c)):
        return Turn(transpose=True, flip_x=c < 0, flip_y=b < 0)
    return None


def _resolution(pixels: tuple[int, int], box: Rectangle) -> float | None:
    """Pixels per inch of an image that fills this box, in points; None when they are coarse or not square."""
    x, y = pixels[0] * 72 / (box[2] - box[0]), pixels[1] * 72 / (box[3] - box[1])
    if min(x, y) < _MIN_DPI or max(x, y) > SQUARE_WITHIN * min(x, y):
        return None
    return float((x * y) ** 0.5)


def _is_plain(document: PdfDocument, xref: int) -> bool:
    """True when the image's dictionary asks for nothing that a JPEG decoder would not do."""
    inverted = document.xref_get_key(xref, "Decode")[0] != "null"
    return not inverted and "ColorTransform" not in document.xref_object(xref)


def _edges(rect: PdfRectangle) -> Rectangle:
    return rect[0], rect[1], rect[2], rect[3]


def _covers(box: Sequence[float], rect: Sequence[float]) -> bool:
    """True when the box reaches all four edges of the rectangle, rounding forgiven."""
    x, y = _EDGE * (rect[2] - rect[0]), _EDGE * (rect[3] - rect[1])
    left, top = box[0] <= rect[0] + x, box[1] <= rect[1] + y
    return left and top and box[2] >= rect[2] - x and box[3] >= rect[3] - y


def _times(first: Sequence[float], second: Sequence[float]) -> Matrix:
    """The matrix that applies the first, then the second."""
    a, b, c, d, e, f = first
    p, q, r, s, t, u = second
    return (a * p + b * r, a * q + b * s, c * p + d * r, c * q + d * s, e * p + f * r + t, e * q + f * s + u)


def _moved(box: Sequence[float], matrix: Sequence[float]) -> Rectangle:
    """The upright rectangle around a transformed one."""
    a, b, c, d, e, f = matrix
    corners = [(x, y) for x in (box[0], box[2]) for y in (box[1], box[3])]
    across = [a * x + c * y + e for x, y in corners]
    down = [b * x + d * y + f for x, y in corners]
    return min(across), min(down), max(across), max(down)

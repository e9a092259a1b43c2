# mypy: disable-error-code="no-untyped-call"
"""Pages of PDF files: a scan's own image where the page is nothing else, a drawing of the page otherwise.

MuPDF is not thread-safe: one process, one thread.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from io import BytesIO

import numpy as np
from PIL import Image

from worker.errors import PageError, PageTooLarge, UnreadablePage
from worker.rendering import complaints
from worker.rendering.complaints import Meaning
from worker.rendering.drawable import DrawableImage, drawable_images
from worker.rendering.encoding import Encoded, check_jpeg_length, encode
from worker.rendering.engine import FAULTS, mupdf_complaints, pymupdf
from worker.rendering.jbig2_ends import check_ends
from worker.rendering.mupdf_types import PdfDocument, PdfPage, PdfPixmap
from worker.rendering.opening import open_pdf
from worker.rendering.overheard import overhear
from worker.rendering.repairs import show_annotations
from worker.rendering.scan import Scan, find_scan
from worker.rendering.sizes import check_images, drawing_dpi, finer_dpi, reduction
from worker.rendering.streams import (
    check_blank,
    check_checksums,
    check_image,
    check_samples,
    has_inline_image,
    is_whole,
    jbig2_parts,
)
from worker.vision.choices import Limits
from worker.vision.images import is_complete_jpeg
from worker.vision.values import Pixels, RenderedPage

#: What ends a page: memory may be short, too.
_PAGE_FAULTS: tuple[type[Exception], ...] = (MemoryError, *FAULTS)
#: How MuPDF says that it got no memory.
_NO_MEMORY = re.compile(r"\b(?:m|c|re)alloc \(")
_REFERENCE = re.compile(r"(\d+) 0 R")


class PdfReader:
    """An opened PDF."""

    def __init__(self, data: bytes, limits: Limits) -> None:
        """Open it, repairing what can be; raises EmptyDocument, UnreadableDocument or EncryptedDocument."""
        self._limits = limits
        #: Images whose data was found whole.
        self._whole: set[int] = set()
        opened = open_pdf(data)
        self._document, self._pages = opened.document, opened.pages
        self.notes, self.lacks = opened.notes, opened.lacks

    def __len__(self) -> int:
        """Number of pages."""
        return self._pages

    def page(self, index: int) -> RenderedPage:
        """That page as an upright image; raises UnreadablePage or PageTooLarge."""
        mupdf_complaints()
        try:
            with overhear() as heard:
                page = self._page(index)
            self._check_heard(index, f"{mupdf_complaints()}\n{heard.words}")
            if self._limits.layout:
                page = replace(page, layout=_layout(self._document.load_page(index), page.width))
        except PageError:
            raise
        except _PAGE_FAULTS as error:
            if isinstance(error, MemoryError) or _NO_MEMORY.search(str(error)):
                raise PageTooLarge(
                    index, "drawing it takes more memory than the renderer may have"
                ) from error
            raise UnreadablePage(index, f"the page is damaged ({error})") from error
        return page

    def _check_heard(self, index: int, words: str) -> None:
        """Raise ValueError when part of the page is lost: by what the decoders said, and by its images."""
        complaints.check(words)
        page = self._document.load_page(index)
        pictures = drawable_images(self._document, page, page.get_images(full=True))
        short, checksum = (complaints.first(words, one) for one in (Meaning.SHORT, Meaning.CHECKSUM))
        fresh = [picture for picture in pictures if picture.image[0] not in self._whole]
        meant = [
            self._check_picture(page, picture, short=bool(short))
            for picture in (pictures if short else fresh)
        ]
        if checksum:
            meant.append(check_checksums(self._document, page.xref, strict="syntax error" in words))
        if (short or checksum) and not any(meant) and has_inline_image(page.read_contents()):
            raise ValueError(f"part of it is lost: {short or checksum} in an image in the page's content")

    def _check_picture(self, page: PdfPage, picture: DrawableImage, *, short: bool) -> bool:
        """True for one that lacks a few rows, or more and is not drawn; ValueError for damage that is."""
        image, lacks = picture.image, False
        try:
            check_image(self._document, image)
            if "JBIG2Decode" in image[8]:
                self._check_jbig2(image[0])
            if short:
                lacks = check_samples(self._document, image)
        except FAULTS:
            sizes = {(info["width"], info["height"]) for info in page.get_image_info()}
            if picture.listed_size is None or picture.listed_size in sizes:
                raise
            return True
        self._whole.add(image[0])
        return lacks

    def _check_jbig2(self, xref: int) -> None:
        """jbig2dec draws some variants, and damage in arithmetic codes, without a word."""
        pixels = _pixels(pymupdf.Pixmap(self._document, xref))
        check_blank(pixels, self._document.xref_stream_raw(xref) or b"")
        data, shared = jbig2_parts(self._document, xref)
        if data is not None:
            check_ends(data, shared, pixels)

    def _page(self, index: int) -> RenderedPage:
        limit = self._limits.max_pixels
        page = self._document.load_page(index)
        _check_content(page)
        show_annotations(self._document, page.xref)
        images = page.get_images(full=True)
        pictures = drawable_images(self._document, page, images)
        check_images(index, [picture.image for picture in pictures], limit=limit)
        points = (round(page.rect.width, 3), round(page.rect.height, 3))
        scan = find_scan(page, images) if images else None
        extracted = _extracted(self._document, scan, limit, self._whole) if scan else None
        if scan and extracted:
            # A scan of so many pixels was reduced while it was decoded.
            dpi, note = scan.dpi * extracted.width / scan.shown_width, None
            if extracted.width < scan.shown_width:
                note = f"reduced to {extracted.width} × {extracted.height} pixels"
            return _rendered(index, extracted, _Look(dpi, "embedded", points, note))
        wanted = finer_dpi(points, page.get_image_info, wanted=self._limits.render_dpi)
        resolution = drawing_dpi(index, points, wanted=wanted, limit=limit)
        drawn = encode(_drawn(page, resolution), lossy=True)
        note = f"drawn at {resolution} dpi" if resolution < self._limits.render_dpi else None
        return _rendered(index, drawn, _Look(resolution, "rendered", points, note))


def _layout(page: PdfPage, width: int) -> str:
    """The words and fields of a page, as JSON."""
    # Few runs ask for layouts.
    from worker.rendering.layout import page_layout  # noqa: PLC0415 - pydantic is a quarter of a child's start

    return page_layout(page, width=width).model_dump_json()


@dataclass(frozen=True, slots=True)
class _Look:
    """How a page came to its pixels: resolution, source, size in points, and what is to be said of it."""

    dpi: float
    source: str
    points: tuple[float, float]
    note: str | None


def _rendered(index: int, encoded: Encoded, look: _Look) -> RenderedPage:
    note = None if look.note is None else f"page {index + 1} was {look.note} to keep the limit"
    size, dpi = (encoded.width, encoded.height), round(look.dpi, 2)
    return RenderedPage(
        index, encoded.data, encoded.suffix, *size, dpi, look.source, points=look.points, note=note
    )


def _check_content(page: PdfPage) -> None:
    """A page may have no content; one that names content which is not there has lost it."""
    kind, text = page.parent.xref_get_key(page.xref, "Contents")
    reference = _REFERENCE.match(text) if kind == "xref" else None
    if reference and page.parent.xref_object(int(reference[1])).strip() == "null":
        raise ValueError("its content is missing")


def _drawn(page: PdfPage, dpi: int) -> Pixels:
    """The page as a viewer shows it, annotations and form fields included."""
    return _pixels(page.get_pixmap(dpi=dpi, alpha=False, annots=True))


def _pixels(pixmap: PdfPixmap) -> Pixels:
    """A copy of a pixmap's samples: (h, w, 3), or (h, w) for grey. The view dies with the pixmap."""
    rows = np.frombuffer(pixmap.samples_mv, np.uint8).reshape(pixmap.height, pixmap.stride)
    rows = rows[:, : pixmap.width * pixmap.n].copy()
    return rows if pixmap.n == 1 else rows.reshape(pixmap.height, pixmap.width, pixmap.n)


def _extracted(document: PdfDocument, scan: Scan, limit: int, whole: set[int]) -> Encoded | None:
    """The embedded image: the stored JPEG itself where it can stand alone, else decoded and turned upright.

    One that turns out to be whole on the way joins `whole`. None when the bytes turn out not to be what the
    dictionary says; the page is then drawn.
    """
    if scan.width * scan.height > limit:
        return _reduced(document, scan, limit)
    stored = _stored_jpeg(document, scan)
    if stored and _stands_alone(stored, scan):
        return Encoded(stored, "jpg", scan.width, scan.height)
    pixmap = pymupdf.Pixmap(document, scan.xref)
    if pixmap.alpha or pixmap.n not in {1, 3} or (pixmap.width, pixmap.height) != (scan.width, scan.height):
        return None
    filters = document.xref_get_key(scan.xref, "Filter")[1]
    was_jpeg = "DCTDecode" in filters
    pixels = _pixels(pixmap)
    if not was_jpeg and "JPXDecode" not in filters:
        check_blank(pixels, document.xref_stream_raw(scan.xref) or b"")
        if is_whole(document, scan.xref, pixels):
            whole.add(scan.xref)
    return encode(np.ascontiguousarray(scan.turn.apply(pixels)), lossy=was_jpeg)


def _stored_jpeg(document: PdfDocument, scan: Scan) -> bytes | None:
    """The JPEG whose pixels the page shows as they are; None for any other image.

    Asked of another one, MuPDF would decode it and answer with a PNG, which costs more than drawing it.
    """
    if not scan.verbatim or "DCTDecode" not in document.xref_get_key(scan.xref, "Filter")[1]:
        return None
    stored = document.extract_image(scan.xref)
    return stored["image"] if stored and stored["ext"] == "jpeg" else None


def _reduced(document: PdfDocument, scan: Scan, limit: int) -> Encoded | None:
    """A JPEG of more pixels than the limit, decoded smaller; None for others, which are drawn."""
    stored = _stored_jpeg(document, scan)
    by = reduction(scan.width, scan.height, limit=limit)
    if not stored or by is None:
        return None
    with Image.open(BytesIO(stored), formats=("JPEG", "MPO")) as image:
        if image.size != (scan.width, scan.height) or image.mode not in {"L", "RGB"}:
            return None
        image.draft(image.mode, (scan.width // by, scan.height // by))
        return encode(np.asarray(image), lossy=True)


def _stands_alone(data: bytes, scan: Scan) -> bool:
    """A complete RGB or grey JPEG that no viewer would turn by its EXIF tag.

    Raises ValueError when its size is not the declared one, or more than its bytes can hold.
    """
    try:
        with Image.open(BytesIO(data), formats=("JPEG", "MPO")) as image:
            size, plain = image.size, image.mode in {"L", "RGB"} and image.getexif().get(274, 1) == 1
    except (OSError, SyntaxError, ValueError, LookupError):
        return False
    if size != (scan.width, scan.height):
        # MuPDF would stretch a corner of it over the page.
        raise ValueError(f"the scan has {size} pixels, the PDF says {(scan.width, scan.height)}")
    check_jpeg_length(data, *size)
    return plain and is_complete_jpeg(data)

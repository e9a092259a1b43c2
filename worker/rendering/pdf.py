# mypy: disable-error-code="no-untyped-call"
"""Pages of PDF files: a scan's own image where the page is nothing else, a drawing of the page otherwise.

MuPDF is not thread-safe: one process, one thread.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from io import BytesIO
from typing import Any

import numpy as np
from PIL import Image

from worker.errors import (
    EncryptedDocument,
    PageError,
    PageTooLarge,
    UnreadableDocument,
    UnreadablePage,
)
from worker.rendering import complaints
from worker.rendering.complaints import Meaning
from worker.rendering.encoding import Encoded, check_jpeg_length, encode
from worker.rendering.engine import FAULTS, mupdf_complaints, pymupdf
from worker.rendering.mupdf_types import ListedImage, PdfDocument, PdfPage, PdfPixmap
from worker.rendering.notes import draws_itself, noteworthy
from worker.rendering.overheard import overhear
from worker.rendering.scan import Scan, find_scan
from worker.rendering.streams import check_blank, check_checksums, check_image, check_samples
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
        """Open it, repairing what can be; raises UnreadableDocument or EncryptedDocument."""
        self._limits = limits
        #: Images whose data was found whole.
        self._whole: set[int] = set()
        try:
            self._document: Any = pymupdf.open(stream=data, filetype="pdf")
            locked = self._document.needs_pass and not self._document.authenticate("")
            self._pages = 0 if locked else self._document.page_count
            dynamic = self._pages > 0 and draws_itself(self._document)
        except FAULTS as error:
            raise UnreadableDocument("the PDF is damaged beyond repair; export or scan it again") from error
        if locked:
            raise EncryptedDocument("the PDF asks for a password; remove the protection and send it again")
        if dynamic:
            raise UnreadableDocument("the PDF is an XFA form that only its own viewer draws; print it to PDF")
        self.notes = self._noted()

    def __len__(self) -> int:
        """Number of pages."""
        return int(self._pages)

    def _noted(self) -> tuple[str, ...]:
        try:
            return noteworthy(self._document)
        except FAULTS:
            # A damaged corner of the document; its pages speak for themselves.
            return ()

    def page(self, index: int) -> RenderedPage:
        """That page as an upright image; raises UnreadablePage or PageTooLarge."""
        mupdf_complaints()
        try:
            with overhear() as heard:
                page = self._page(index)
            self._check_heard(index, f"{mupdf_complaints()}\n{heard.words}")
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
        images = page.get_images(full=True)
        short = complaints.first(words, Meaning.SHORT)
        fresh = [image for image in images if image[0] not in self._whole]
        for image in images if short else fresh:
            self._check_image(page, image, short=short is not None)
        if complaints.first(words, Meaning.CHECKSUM):
            check_checksums(self._document, page.xref)

    def _check_image(self, page: PdfPage, image: ListedImage, *, short: bool) -> None:
        """An image that is listed and not drawn may be as damaged as it likes."""
        try:
            check_image(self._document, image)
            if short:
                check_samples(self._document, image)
        except FAULTS:
            if image[2:4] in {(info["width"], info["height"]) for info in page.get_image_info()}:
                raise
        else:
            self._whole.add(image[0])

    def _page(self, index: int) -> RenderedPage:
        page = self._document.load_page(index)
        _check_content(page)
        images = page.get_images(full=True)
        self._check_sizes(index, page, images)
        scan = find_scan(page, images) if images else None
        encoded = _extracted(self._document, scan) if scan else None
        source = "embedded" if encoded else "rendered"
        dpi = scan.dpi if scan and encoded else float(self._limits.render_dpi)
        encoded = encoded or encode(_drawn(page, self._limits.render_dpi), lossy=True)
        points = (round(page.rect.width, 3), round(page.rect.height, 3))
        return RenderedPage(
            index, encoded.data, encoded.suffix, encoded.width, encoded.height, round(dpi, 2), source, points
        )

    def _check_sizes(self, index: int, page: PdfPage, images: Sequence[ListedImage]) -> None:
        """Before anything is decoded: the drawing, and every image that it would decode."""
        limit = self._limits.max_pixels
        scale = self._limits.render_dpi / 72
        sizes = [(int(page.rect.width * scale), int(page.rect.height * scale))]
        sizes += [(image[2], image[3]) for image in images]
        for width, height in sizes:
            if width * height > limit:
                raise PageTooLarge(index, f"{width} × {height} pixels are more than the limit of {limit:,}")


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


def _extracted(document: PdfDocument, scan: Scan) -> Encoded | None:
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
    pixels = _pixels(pixmap)
    check_blank(pixels, document.xref_stream_raw(scan.xref) or b"")
    return encode(np.ascontiguousarray(scan.turn.apply(pixels)), lossy=was_jpeg)


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

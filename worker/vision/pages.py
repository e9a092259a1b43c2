"""Bytes of a document in, upright page images out.

The format is read from the first bytes, never from a name. What each format needs lives beside this module:
`pages_pdf` (the only importer of pymupdf), `pages_image` (Pillow) and `pages_encode` (OpenCV).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol

from worker.errors import DocumentTooLarge, EmptyDocument, PageError, TooManyPages, UnknownFormat
from worker.vision.pages_encode import decode
from worker.vision.pages_image import ImageReader
from worker.vision.pages_pdf import PdfReader
from worker.vision.values import Limits, RenderedPage

__all__ = ["DocumentInfo", "decode", "inspect", "render", "sniff"]

#: First bytes of the image formats; BMP and WebP need a second look.
_MAGIC = {
    b"II*\0": "tiff",
    b"MM\0*": "tiff",
    b"II+\0": "tiff",
    b"MM\0+": "tiff",
    b"\xff\xd8\xff": "jpeg",
    b"\x89PNG\r\n\x1a\n": "png",
}
#: What people send by mistake, and what to do about it.
_HINTS = {
    b"PK\x03\x04": "a ZIP archive or an Office file; save it as PDF or unpack it",
    b"\xd0\xcf\x11\xe0": "an old Office file; save it as PDF",
    b"GIF8": "a GIF; save it as PNG",
    b"%!PS": "PostScript; convert it to PDF",
    b"\x1f\x8b": "a gzip archive; unpack it",
    b"\0\0\0\x0cjP": "JPEG 2000; save it as PDF, TIFF or JPEG",
    b"{\\rtf": "RTF; save it as PDF",
    b"<": "HTML or XML; save it as PDF",
}
#: A PDF header may stand behind this many bytes of junk (ISO 32000, implementation note 13).
_PDF_HEADER_WITHIN = 1024


@dataclass(frozen=True, slots=True)
class DocumentInfo:
    """What a look at the outside of a document says."""

    #: "pdf", "tiff", "jpeg", "png", "webp" or "bmp".
    format: str
    pages: int


class _Reader(Protocol):
    """An opened document of one format."""

    def __len__(self) -> int: ...

    def page(self, index: int) -> RenderedPage:
        """The image of that page; raises PageError."""
        ...


def inspect(data: bytes, *, limits: Limits) -> DocumentInfo:
    """Open the document without rendering any of it.

    Raises a DocumentError that says what is wrong and what to do; a document that passes may still have
    pages that cannot be read.
    """
    kind, reader = _open(data, limits)
    return DocumentInfo(kind, len(reader))


def render(
    data: bytes, *, limits: Limits, first: int = 0, last: int | None = None
) -> Iterator[RenderedPage | PageError]:
    """Yield the pages of the half-open range [first, last), in order, one item per page.

    A page that cannot be read yields its PageError and the next one follows. `last` of None, or beyond
    the end, means to the end. Raises DocumentError before the first page when the document cannot be opened.
    """
    _, reader = _open(data, limits)
    end = len(reader) if last is None else min(last, len(reader))
    for index in range(first, end):
        try:
            yield reader.page(index)
        except PageError as error:
            yield error


def sniff(data: bytes) -> str | None:
    """The format of these bytes, or None."""
    for magic, name in _MAGIC.items():
        if data.startswith(magic):
            return name
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        return "webp"
    # "BM" alone also opens ordinary prose; the size of the info header settles it.
    if data[:2] == b"BM" and int.from_bytes(data[14:18], "little") in {12, 40, 52, 56, 64, 108, 124}:
        return "bmp"
    return "pdf" if b"%PDF-" in data[:_PDF_HEADER_WITHIN] else None


def _open(data: bytes, limits: Limits) -> tuple[str, _Reader]:
    if not data:
        raise EmptyDocument("the file is empty; upload it again")
    if len(data) > limits.max_bytes:
        raise DocumentTooLarge(
            f"the file has {len(data):,} bytes, more than {limits.max_bytes:,}; split it or raise the limit"
        )
    kind = sniff(data)
    if kind is None:
        raise UnknownFormat(_unknown(data))
    reader: _Reader = PdfReader(data, limits) if kind == "pdf" else ImageReader(data, kind, limits)
    if not len(reader):
        raise EmptyDocument(f"the {kind.upper()} has no pages; export it again")
    if len(reader) > limits.max_pages:
        raise TooManyPages(
            f"there are more than {limits.max_pages:,} pages; split the file or raise the limit"
        )
    return kind, reader


def _unknown(data: bytes) -> str:
    start = data[:64].lstrip()
    hint = next((text for magic, text in _HINTS.items() if start.startswith(magic)), None)
    if hint is None:
        return "the file is of no format that is read here; send PDF, TIFF, JPEG, PNG, WebP or BMP"
    return f"the file looks like {hint}"

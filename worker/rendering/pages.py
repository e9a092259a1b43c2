"""Bytes of a document in, upright page images out.

The format is read from the first bytes, never from a name. What each format needs lives beside this module:
`pdf` (the only importer of pymupdf), `raster` (Pillow) and `encoding` (OpenCV).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol

from worker.errors import DocumentTooLarge, EmptyDocument, PageError, TooManyPages, UnknownFormat
from worker.rendering.formats import DocumentInfo, sniff
from worker.rendering.pdf import PdfReader
from worker.rendering.raster import ImageReader
from worker.rendering.unknown_formats import describe_unknown
from worker.vision.choices import Limits
from worker.vision.values import RenderedPage


class _Reader(Protocol):
    """An opened document of one format."""

    #: What the document carries beside its pages.
    notes: tuple[str, ...]
    #: The reason code of what it lacks, though its pages can be read.
    lacks: str | None

    def __len__(self) -> int: ...

    def page(self, index: int) -> RenderedPage:
        """The image of that page; raises PageError."""
        ...


@dataclass(frozen=True, slots=True)
class OpenDocument:
    """An opened document; one thread at a time may use it."""

    info: DocumentInfo
    reader: _Reader

    def pages(self, first: int = 0, last: int | None = None) -> Iterator[RenderedPage | PageError]:
        """Yield the pages of the half-open range [first, last), in order, one item per page.

        A page that cannot be read yields its PageError and the next one follows. `last` of None, or
        beyond the end, means to the end.
        """
        end = self.info.pages if last is None else min(last, self.info.pages)
        for index in range(first, end):
            try:
                yield self.reader.page(index)
            except PageError as error:
                yield error


def open_document(data: bytes, *, limits: Limits) -> OpenDocument:
    """Open the document without rendering any of it.

    Raises a DocumentError that says what is wrong and what to do; a document that opens may still have
    pages that cannot be read.
    """
    if not data:
        raise EmptyDocument("the file is empty; upload it again")
    if len(data) > limits.max_bytes:
        raise DocumentTooLarge(
            f"the file has {len(data):,} bytes, more than {limits.max_bytes:,}; split it or raise the limit"
        )
    kind = sniff(data)
    if kind is None:
        raise UnknownFormat(describe_unknown(data))
    reader: _Reader = PdfReader(data, limits) if kind == "pdf" else ImageReader(data, kind, limits)
    if not len(reader):
        raise EmptyDocument(f"the {kind.upper()} has no pages; export it again")
    if len(reader) > limits.max_pages:
        raise TooManyPages(
            f"there are more than {limits.max_pages:,} pages; split the file or raise the limit"
        )
    return OpenDocument(DocumentInfo(kind, len(reader), reader.notes, reader.lacks), reader)


def inspect(data: bytes, *, limits: Limits) -> DocumentInfo:
    """Format and number of pages; raises as `open_document` does."""
    return open_document(data, limits=limits).info


def render(
    data: bytes, *, limits: Limits, first: int = 0, last: int | None = None
) -> Iterator[RenderedPage | PageError]:
    """Yield the pages [first, last) as `OpenDocument.pages` does; a DocumentError comes before the first."""
    yield from open_document(data, limits=limits).pages(first, last)

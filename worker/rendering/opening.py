# mypy: disable-error-code="no-untyped-call"
"""A PDF opened as viewers open it: heads cut away, page trees grown again, and what is missing named."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from worker.errors import (
    EmptyDocument,
    EncryptedDocument,
    IncompleteDocument,
    PortfolioDocument,
    UnreadableDocument,
)
from worker.rendering.container import is_cut_off
from worker.rendering.engine import FAULTS, pymupdf
from worker.rendering.formats import pdf_start
from worker.rendering.mupdf_types import PdfDocument
from worker.rendering.notes import draws_itself, noteworthy
from worker.rendering.repairs import forget_structure, has_sound_tree, regrow

#: MuPDF finds a header by itself behind this many bytes.
_FOUND_WITHIN = 1024
_ENCRYPTION = re.compile(rb"/Encrypt\s+(\d+)\s+(\d+)\s+R")
_DAMAGED = "the PDF is damaged beyond repair; export or scan it again"


@dataclass(frozen=True, slots=True)
class OpenedPdf:
    """A document of pymupdf's, how many pages it has, and what it carries and lacks."""

    document: Any
    pages: int
    notes: tuple[str, ...]
    #: The reason code of what it lacks; None for a complete one.
    lacks: str | None


def open_pdf(data: bytes) -> OpenedPdf:
    """Open a PDF; raises EmptyDocument, UnreadableDocument or EncryptedDocument."""
    start = pdf_start(data) or 0
    data = data[start:] if start > _FOUND_WITHIN else data
    try:
        document = _unlocked(data)
        if document is None:
            raise EncryptedDocument("the PDF asks for a password; remove the protection and send it again")
        pages, told = _counted(document)
        dynamic = draws_itself(document)
    except FAULTS as error:
        raise UnreadableDocument(_DAMAGED) from error
    if dynamic:
        raise UnreadableDocument("the PDF is an XFA form that only its own viewer draws; print it to PDF")
    _forget_structure(document)
    return OpenedPdf(document, pages, _noted(document), _lacks(document, data, pages < told))


def _unlocked(data: bytes) -> Any | None:
    """The document, None where it asks for a password; one whose attachments alone are encrypted does not."""
    document = pymupdf.open(stream=data, filetype="pdf")
    if not document.needs_pass or document.authenticate(""):
        return document
    if not _hides_attachments_only(data):
        return None
    return pymupdf.open(stream=data.replace(b"/Encrypt", b"/Encrypx"), filetype="pdf")


def _hides_attachments_only(data: bytes) -> bool:
    """True where streams and strings are left as they are, and only embedded files are enciphered."""
    for number, generation in _ENCRYPTION.findall(data):
        dictionary = re.search(rb"\b%b\s+%b\s+obj(.*?)endobj" % (number, generation), data, re.DOTALL)
        body = dictionary[1] if dictionary else b""
        enciphered = re.search(rb"/St[mr]F\s*/(?!Identity\b)", body)
        if b"/EFF" in body and re.search(rb"/V\s+[45]\b", body) and not enciphered:
            return True
    return False


def _counted(document: Any) -> tuple[int, int]:
    """The pages that there are, and how many the document speaks of."""
    try:
        pages = int(document.page_count)
    except FAULTS:
        pages = 0
    if pages > 0 and _leads_to_a_page(document):
        return pages, pages
    if pages <= 0 and has_sound_tree(document):
        raise EmptyDocument("the PDF has no pages; export it again")
    told = regrow(document)
    if told:
        return int(document.page_count), told
    if pages > 0:
        return pages, pages
    raise UnreadableDocument(_DAMAGED)


def _leads_to_a_page(document: PdfDocument) -> bool:
    """True when the first page that the tree names is a page object."""
    try:
        return document.xref_get_key(document.page_xref(0), "Type")[1] in {"/Page", "null"}
    except FAULTS:
        return False


def _forget_structure(document: Any) -> None:
    try:
        forget_structure(document)
    except FAULTS:
        # Then there is none that anybody could walk.
        return


def _noted(document: Any) -> tuple[str, ...]:
    try:
        return noteworthy(document)
    except FAULTS:
        # A damaged corner of the document; its pages speak for themselves.
        return ()


def _lacks(document: Any, data: bytes, lost_pages: bool) -> str | None:
    if lost_pages or is_cut_off(data):
        return IncompleteDocument.code
    portfolio = document.xref_get_key(document.pdf_catalog(), "Collection")[0] != "null"
    return PortfolioDocument.code if portfolio else None

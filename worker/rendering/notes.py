"""What a PDF carries beside its pages: scripts, files, actions, forms. It is seen and named, never run.

Works on pymupdf's document objects and imports nothing of it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from worker.rendering.mupdf_types import PdfDocument

#: Pages whose own actions and attachments are looked for; a note is a hint, not an inventory.
_PAGES = 100
#: What stands in the catalogue, and its name for people.
_ENTRIES = {
    "Names/JavaScript": "JavaScript",
    "Names/EmbeddedFiles": "embedded files",
    "Collection": "a portfolio of files",
    "AcroForm/XFA": "an XFA form",
}
#: What an action would do in a viewer, by the type of the action.
_ACTIONS = {
    "JavaScript": "JavaScript",
    "Launch": "a program to launch",
    "URI": "an address to open",
    "GoToR": "an address to open",
    "SubmitForm": "an address to open",
    "ImportData": "a file to import",
}
_ACTION = re.compile(rf"/S\s*/({'|'.join(_ACTIONS)})\b")
_REFERENCE = re.compile(r"(\d+) 0 R")


def noteworthy(document: PdfDocument) -> tuple[str, ...]:
    """What the document carries, each kind once, sorted. Raises what MuPDF raises on damage."""
    catalogue = document.pdf_catalog()
    return tuple(sorted({*_entries(document, catalogue), *_of_pages(document)}))


def draws_itself(document: PdfDocument) -> bool:
    """True for a dynamic XFA form: its pages only ask for another viewer, and the form is not on them."""
    return document.xref_get_key(document.pdf_catalog(), "NeedsRendering")[1] == "true"


def _entries(document: PdfDocument, catalogue: int) -> Iterator[str]:
    for path, name in _ENTRIES.items():
        if document.xref_get_key(catalogue, path)[0] != "null":
            yield name
    yield from _actions(document, catalogue)


def _of_pages(document: PdfDocument) -> Iterator[str]:
    for index in range(min(document.page_count, _PAGES)):
        page = document.page_xref(index)
        yield from _actions(document, page)
        for annotation in _REFERENCE.findall(document.xref_get_key(page, "Annots")[1])[:_PAGES]:
            yield from _of_annotation(document, int(annotation))


def _of_annotation(document: PdfDocument, xref: int) -> Iterator[str]:
    if document.xref_get_key(xref, "Subtype")[1] == "/FileAttachment":
        yield "embedded files"
    # Links to web pages are in every other PDF and are no news.
    yield from (name for name in _actions(document, xref) if name != "an address to open")


def _actions(document: PdfDocument, xref: int) -> Iterator[str]:
    for key in ("OpenAction", "AA", "A"):
        kind, text = document.xref_get_key(xref, key)
        if kind == "xref":
            text = document.xref_object(int(_REFERENCE.match(text)[1]))  # type: ignore[index]
        yield from (_ACTIONS[name] for name in _ACTION.findall(text))

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
#: Flags of annotations (ISO 32000-1, table 165), and the types that may carry ink.
_HIDDEN, _PRINT, _NO_VIEW = 2, 4, 32
_MARKS = frozenset({"/Stamp", "/Ink", "/FreeText", "/PolyLine", "/Polygon", "/Line"})
_ACTION = re.compile(rf"/S\s*/({'|'.join(_ACTIONS)})\b")
#: What the one page of such a form says, in any language or in English.
_ASKS_TO_WAIT = re.compile(r"adobe\.com/go/reader|^\s*Please wait\b|message is not eventually replaced")
_REFERENCE = re.compile(r"(\d+) 0 R")


def noteworthy(document: PdfDocument) -> tuple[str, ...]:
    """What the document carries, each kind once, sorted. Raises what MuPDF raises on damage."""
    catalogue = document.pdf_catalog()
    return tuple(sorted({*_entries(document, catalogue), *_of_pages(document)}))


def draws_itself(document: PdfDocument) -> bool:
    """True for a dynamic XFA form: its pages only ask for another viewer, and the form is not on them."""
    catalogue = document.pdf_catalog()
    if document.xref_get_key(catalogue, "NeedsRendering")[1] == "true":
        return True
    if document.xref_get_key(catalogue, "AcroForm/XFA")[0] == "null" or document.page_count != 1:
        return False
    return _ASKS_TO_WAIT.search(document.load_page(0).get_text()) is not None


def _entries(document: PdfDocument, catalogue: int) -> Iterator[str]:
    for path, name in _ENTRIES.items():
        if document.xref_get_key(catalogue, path)[0] != "null":
            yield name
    yield from _actions(document, catalogue)
    yield from _layers(document, catalogue)


def _layers(document: PdfDocument, catalogue: int) -> Iterator[str]:
    """Layers whose content a viewer does not show, though some printers do."""
    kind, text = document.xref_get_key(catalogue, "OCProperties/D/OFF")
    if kind == "array" and _REFERENCE.search(text):
        yield "hidden layers"
    if document.xref_get_key(catalogue, "OCProperties/D/BaseState")[1] == "/OFF":
        yield "hidden layers"
    groups = _REFERENCE.findall(document.xref_get_key(catalogue, "OCProperties/OCGs")[1])[:_PAGES]
    for group in map(int, groups):
        view = document.xref_get_key(group, "Usage/View/ViewState")[1]
        print_state = document.xref_get_key(group, "Usage/Print/PrintState")[1]
        if (view, print_state) == ("/OFF", "/ON"):
            yield "layers that are only printed"


def _of_pages(document: PdfDocument) -> Iterator[str]:
    for index in range(min(document.page_count, _PAGES)):
        page = document.page_xref(index)
        yield from _actions(document, page)
        for annotation in _REFERENCE.findall(document.xref_get_key(page, "Annots")[1])[:_PAGES]:
            yield from _of_annotation(document, int(annotation))


def _of_annotation(document: PdfDocument, xref: int) -> Iterator[str]:
    if document.xref_get_key(xref, "Subtype")[1] == "/FileAttachment":
        yield "embedded files"
    kind, text = document.xref_get_key(xref, "F")
    flags = int(text) if kind == "int" else 0
    if flags & _NO_VIEW and flags & _PRINT and not flags & _HIDDEN:
        yield "annotations that are only printed"
    elif flags & (_HIDDEN | _NO_VIEW) and document.xref_get_key(xref, "Subtype")[1] in _MARKS:
        yield "hidden annotations"
    # Links to web pages are in every other PDF and are no news.
    yield from (name for name in _actions(document, xref) if name != "an address to open")


def _actions(document: PdfDocument, xref: int) -> Iterator[str]:
    for key in ("OpenAction", "AA", "A"):
        kind, text = document.xref_get_key(xref, key)
        if kind == "xref":
            text = document.xref_object(int(_REFERENCE.match(text)[1]))  # type: ignore[index]
        yield from (_ACTIONS[name] for name in _ACTION.findall(text))

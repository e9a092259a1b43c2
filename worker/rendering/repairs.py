"""What MuPDF gives up or gets wrong on the way to pages, repaired before anything is drawn.

Works on pymupdf's document objects and imports nothing of it. Changes stay in memory.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from worker.rendering.mupdf_types import PdfDocument

#: The flag of annotations of unknown types; viewers draw those they know in spite of it, MuPDF does not.
_INVISIBLE, _HIDDEN, _NO_VIEW = 1, 2, 32
_REFERENCE = re.compile(r"(\d+) 0 R")
#: Objects that are looked through for pages.
_OBJECTS = 200_000
_EMPTY_TREE = re.compile(r"/Kids\s*\[\s*\]")


def forget_structure(document: PdfDocument) -> None:
    """Drop the structure tree: no pixel depends on it, and MuPDF walks one that loops for a minute."""
    catalogue = document.pdf_catalog()
    if document.xref_get_key(catalogue, "StructTreeRoot")[0] != "null":
        document.xref_set_key(catalogue, "StructTreeRoot", "null")


def show_annotations(document: PdfDocument, page: int) -> None:
    """Let the look of annotations be drawn as viewers draw it.

    They obey the flag Invisible for no type that they know, and show fields for signatures as they are.
    """
    for xref in annotations_of(document, page):
        if _is_signature_field(document, xref):
            # MuPDF draws a note in place of the look of a field that nobody signed digitally.
            document.xref_set_key(xref, "V", "<< /Type /Sig >>")
        flags = _flags(document, xref)
        if flags & _INVISIBLE and is_shown(document, xref):
            document.xref_set_key(xref, "F", str(flags & ~_INVISIBLE))


def _is_signature_field(document: PdfDocument, annotation: int) -> bool:
    """True for a field for digital signatures that has a look and no signature."""
    types = {document.xref_get_key(annotation, key)[1] for key in ("FT", "Parent/FT")}
    looks, signed = (document.xref_get_key(annotation, key)[0] != "null" for key in ("AP/N", "V"))
    return "/Sig" in types and looks and not signed


def is_shown(document: PdfDocument, annotation: int) -> bool:
    """True for an annotation that viewers show on a screen."""
    return not _flags(document, annotation) & (_HIDDEN | _NO_VIEW)


def _flags(document: PdfDocument, annotation: int) -> int:
    kind, text = document.xref_get_key(annotation, "F")
    return int(text) if kind == "int" else 0


def annotations_of(document: PdfDocument, page: int) -> Iterator[int]:
    """The annotations of a page."""
    kind, text = document.xref_get_key(page, "Annots")
    if kind == "xref":
        text = document.xref_object(int(text.split()[0]))
    yield from map(int, _REFERENCE.findall(text))


def has_sound_tree(document: PdfDocument) -> bool:
    """True for a document that says, in good order, that it has no pages."""
    catalogue = document.pdf_catalog()
    kind, text = document.xref_get_key(catalogue, "Pages") if catalogue else ("null", "")
    tree = int(text.split()[0]) if kind == "xref" else 0
    if not 0 < tree < document.xref_length():
        return False
    # One that counts pages has lost them.
    counted = document.xref_get_key(tree, "Count")[1] not in {"0", "null"}
    return not counted and _EMPTY_TREE.search(document.xref_object(tree)) is not None


def regrow(document: PdfDocument) -> int:
    """Give a document whose page tree is broken a new one, of the page objects that it has.

    Answers how many pages the broken tree speaks of; 0 where there is not one page object.
    """
    objects = range(1, min(document.xref_length(), _OBJECTS))
    pages = [xref for xref in objects if _is_page(document, xref)]
    if not pages:
        return 0
    told = max((_told(document, xref) for xref in objects), default=0)
    tree, catalogue = document.get_new_xref(), document.get_new_xref()
    kids = " ".join(f"{xref} 0 R" for xref in pages)
    document.update_object(tree, f"<< /Type /Pages /Count {len(pages)} /Kids [{kids}] >>")
    document.update_object(catalogue, f"<< /Type /Catalog /Pages {tree} 0 R >>")
    for xref in pages:
        document.xref_set_key(xref, "Parent", f"{tree} 0 R")
    document.xref_set_key(-1, "Root", f"{catalogue} 0 R")
    return max(told, len(pages))


def _told(document: PdfDocument, xref: int) -> int:
    """How many pages a node of the tree speaks of, by its count or its children; 0 for other objects."""
    if document.xref_get_key(xref, "Type")[1] != "/Pages":
        return 0
    count, kids = document.xref_get_key(xref, "Count")[1], document.xref_get_key(xref, "Kids")[1]
    number = int(count) if count.isdecimal() else 0
    return max(number if number < _OBJECTS else 0, len(_REFERENCE.findall(kids)))


def _is_page(document: PdfDocument, xref: int) -> bool:
    """A page object; one without content would be drawn white and is passed over."""
    if document.xref_get_key(xref, "Type")[1] != "/Page":
        return False
    return document.xref_get_key(xref, "Contents")[0] != "null"

"""The images that a PDF page may draw: its own, those in the looks of its annotations, and the masks of both.

Works on pymupdf's document objects and imports nothing of it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from worker.rendering.mupdf_types import ListedImage, PdfDocument, PdfPage
from worker.rendering.repairs import annotations_of, is_shown

_REFERENCE = re.compile(r"(\d+) 0 R")
#: Objects of a page's annotations that are looked at.
_OBJECTS = 2_000


@dataclass(frozen=True, slots=True)
class DrawableImage:
    """An image or a mask, and the size by which a page that draws it lists it.

    That of a mask is the size of what it masks; it is None in annotations, some of which no page lists.
    """

    image: ListedImage
    listed_size: tuple[int, int] | None


def drawable_images(
    document: PdfDocument, page: PdfPage, images: Sequence[ListedImage]
) -> list[DrawableImage]:
    """What the page may draw; `images` is what `page.get_images(full=True)` lists."""
    pictures = [DrawableImage(image, image[2:4]) for image in images]
    pictures += [
        DrawableImage(_listed(document, xref), None) for xref in _in_annotations(document, page.xref)
    ]
    masked = [picture for picture in pictures if picture.image[1]]
    return pictures + [DrawableImage(_listed(document, one.image[1]), one.listed_size) for one in masked]


def _in_annotations(document: PdfDocument, page: int) -> Iterator[int]:
    """The images in the normal looks of the annotations of a page, whatever states those have."""
    visible = (xref for xref in annotations_of(document, page) if is_shown(document, xref))
    looks = (document.xref_get_key(xref, "AP/N")[1] for xref in visible)
    waiting = [int(number) for look in looks for number in _REFERENCE.findall(look)]
    seen = set(waiting)
    while waiting and len(seen) < _OBJECTS:
        xref = waiting.pop()
        if document.xref_get_key(xref, "Subtype")[1] == "/Image":
            yield xref
            continue
        fresh = {int(number) for number in _REFERENCE.findall(_named(document, xref))} - seen
        seen |= fresh
        waiting += sorted(fresh)


def _named(document: PdfDocument, form: int) -> str:
    """The source of the dictionary of images and forms that a form may draw."""
    kind, text = document.xref_get_key(form, "Resources/XObject")
    return document.xref_object(int(text.split()[0])) if kind == "xref" else text


def _listed(document: PdfDocument, xref: int) -> ListedImage:
    """An image as pymupdf lists those of a page."""
    width, height, bits = (_number(document, xref, key) for key in ("Width", "Height", "BitsPerComponent"))
    masks = (document.xref_get_key(xref, key) for key in ("SMask", "Mask"))
    mask = next((int(text.split()[0]) for kind, text in masks if kind == "xref"), 0)
    colour = document.xref_get_key(xref, "ColorSpace")[1].strip("/")
    filters = re.findall(r"/(\w+)", document.xref_get_key(xref, "Filter")[1])
    return (xref, mask, width, height, bits or 1, colour, "", "", filters[0] if filters else "", 0)


def _number(document: PdfDocument, xref: int, key: str) -> int:
    """A whole number of an object; 0 for anything else."""
    kind, text = document.xref_get_key(xref, key)
    return int(text) if kind == "int" else 0

# mypy: disable-error-code="no-untyped-call"
"""Pages written as files: JPEG, PNG, fax TIFF, scanned PDF, and a PDF that lost its end."""

from __future__ import annotations

from collections.abc import Sequence
from io import BytesIO

import numpy as np
import pymupdf
from PIL import Image

from training.synthesis.ink import Pixels
from training.synthesis.pages import DrawnPage


def _image(pixels: Pixels) -> Image.Image:
    """A grey image where no pixel has a colour: a third of the bytes."""
    if np.array_equal(pixels[..., 0], pixels[..., 1]) and np.array_equal(pixels[..., 1], pixels[..., 2]):
        return Image.fromarray(np.ascontiguousarray(pixels[..., 0]))
    return Image.fromarray(pixels)


def jpeg(page: DrawnPage, *, quality: int = 70) -> bytes:
    """One page as a JPEG file."""
    data = BytesIO()
    _image(page.pixels).save(data, "JPEG", quality=quality, dpi=(page.dpi, page.dpi))
    return data.getvalue()


def png(page: DrawnPage) -> bytes:
    """One page as a PNG file."""
    data = BytesIO()
    _image(page.pixels).save(data, "PNG", dpi=(page.dpi, page.dpi), compress_level=6)
    return data.getvalue()


def fax(pages: Sequence[DrawnPage]) -> bytes:
    """Pages as one TIFF file with CCITT group 4 compression, black and white."""
    data = BytesIO()
    first, *others = _two_valued(pages)
    dpi = (pages[0].dpi, pages[0].dpi)
    first.save(data, "TIFF", save_all=True, append_images=others, compression="group4", dpi=dpi)
    return data.getvalue()


def fax_pdf(pages: Sequence[DrawnPage]) -> bytes:
    """Pages as a PDF file whose pages are nothing but one image in CCITT group 4 each."""
    data = BytesIO()
    first, *others = _two_valued(pages)
    first.save(data, "PDF", save_all=True, append_images=others, resolution=pages[0].dpi)
    return data.getvalue()


def _two_valued(pages: Sequence[DrawnPage]) -> list[Image.Image]:
    return [Image.fromarray(page.pixels[..., 0]).convert("1", dither=Image.Dither.NONE) for page in pages]


def scanned_pdf(pages: Sequence[DrawnPage], *, quality: int = 65) -> bytes:
    """Pages as a PDF file whose pages are nothing but one JPEG image each."""
    with pymupdf.open() as document:
        for page in pages:
            height, width = page.pixels.shape[:2]
            sheet = document.new_page(width=width * 72 / page.dpi, height=height * 72 / page.dpi)
            sheet.insert_image(sheet.rect, stream=jpeg(page, quality=quality))
        return saved(document)


def saved(document: pymupdf.Document) -> bytes:
    """The bytes of a PDF, the same for the same content."""
    data: bytes = document.tobytes(garbage=3, deflate=True, no_new_id=True)
    return data


def damaged(pdf: bytes, *, size: int = 9_000) -> bytes:
    """What a bad disk leaves of a PDF: its header, then a piece of a stream without any object."""
    header, middle = pdf.split(b"\n", 1)[0], len(pdf) // 2
    remains = pdf[middle : middle + size].replace(b"obj", b"\0\0\0").replace(b"trailer", b"\0" * 7)
    return header + b"\n" + bytes(512) + remains

"""The bricks of broken PDFs: a scanned page, a drawn page, a catalogue with more in it."""

from __future__ import annotations

from tests.sheets import FULL, Page, jpeg_picture, pdf, sheet

TEXT = b"BT /F1 24 Tf 20 200 Td (Agreed and accepted) Tj ET"
SCAN = (jpeg_picture(sheet((420, 594))),)


def stream(body: bytes, entries: str = "") -> bytes:
    return f"<< {entries} /Length {len(body)} >>\nstream\n".encode() + body + b"\nendstream"


def one_page(more: dict[int, bytes] | None = None, **page: str) -> bytes:
    """A scanned page; `more` replaces objects: 1 is the catalogue, 2 the page tree, 3 the page."""
    return pdf(Page(FULL, SCAN, **page), more=more)


def text(content: bytes = TEXT, **page: str) -> bytes:
    """A page that is drawn, small."""
    page.setdefault("box", "[0 0 200 300]")
    return pdf(Page(content, **page))


def catalogue(entries: str, more: dict[int, bytes] | None = None, *, page: str = "") -> bytes:
    body = f"<< /Type /Catalog /Pages 2 0 R {entries} >>".encode()
    return one_page({1: body, **(more or {})}, entries=page)

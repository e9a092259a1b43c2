"""PDFs that are no plain scans, and damaged or locked ones."""

from __future__ import annotations

import pymupdf

from tests.inputs.expectations import DRAWN_OTHER, EMBEDDED, HUGE, LOST, Case, Want
from tests.inputs.scan_builders import scan
from tests.sheets import FULL, Page, jpeg_picture, pdf

TEXT = b"BT /F1 24 Tf 200 300 Td (Agreed and accepted) Tj ET"


def encrypted(user_password: str) -> bytes:
    """A scan under AES-256."""
    document = pymupdf.open(stream=scan())
    return bytes(
        document.tobytes(encryption=pymupdf.PDF_ENCRYPT_AES_256, owner_pw="owner", user_pw=user_password)
    )


def bomb_of_forms(depth: int = 12, width: int = 8) -> bytes:
    """A page of a few kilobytes that draws width ** depth times: rendering it never ends."""
    forms = {}
    for level in range(depth):
        more = f"/XObject << /F {91 + level} 0 R >>" if level + 1 < depth else ""
        body = b"/F Do " * width if more else b"0 0 m 9 9 l S "
        entries = f"<< /Subtype /Form /BBox [0 0 600 800] /Resources << {more} >> /Length {len(body)} >>"
        forms[90 + level] = entries.encode() + b"\nstream\n" + body + b"\nendstream"
    return pdf(
        Page(b"/F Do", resources="/XObject << /F 90 0 R >>"), Page(FULL, (jpeg_picture(),)), more=forms
    )


def broken_in_the_middle() -> bytes:
    """Three scans; the content of the second is damaged compressed data."""
    broken = b"<< /Filter /FlateDecode /Length 14 >>\nstream\ngarbagegarbage\nendstream"
    return pdf(*(Page(FULL, (jpeg_picture(),)) for _ in range(3)), more={7: broken})


def no_page_object() -> bytes:
    """Two pages; the second page object is a number."""
    return pdf(Page(FULL, (jpeg_picture(),)), Page(FULL, (jpeg_picture(),)), more={6: b"42"})


PDFS = (
    Case("pdf-vector", lambda: pdf(Page(TEXT)), (DRAWN_OTHER,)),
    Case("pdf-blank", lambda: pdf(Page()), (DRAWN_OTHER,)),
    Case("pdf-mixed", lambda: pdf(Page(TEXT), Page(FULL, (jpeg_picture(),))), (DRAWN_OTHER, EMBEDDED)),
    Case(
        "pdf-vector-rotated",
        lambda: pdf(Page(TEXT, entries="/Rotate 90")),
        (Want((1170, 827), source="rendered", upright=False),),
    ),
    Case("pdf-header-after-junk", lambda: b"junk\n" * 100 + scan(), (EMBEDDED,)),
    Case(
        "pdf-negative-box",
        lambda: scan(b"q 595 0 0 842 -100 -200 cm /Im0 Do Q", box="[495 642 -100 -200]"),
        (EMBEDDED,),
    ),
    Case(
        "pdf-user-unit",
        lambda: scan(b"q 297.5 0 0 421 0 0 cm /Im0 Do Q", box="[0 0 297.5 421]", entries="/UserUnit 2"),
        (EMBEDDED,),
    ),
    Case("pdf-huge-box", lambda: pdf(Page(TEXT, box="[0 0 14400 14400]")), (HUGE,)),
    Case(
        "pdf-tiny-box",
        lambda: pdf(Page(TEXT, box="[0 0 1 1]")),
        (Want((2, 2), source="rendered", upright=False),),
    ),
    Case("pdf-broken-page", broken_in_the_middle, (EMBEDDED, LOST, EMBEDDED)),
    Case("pdf-no-page-object", no_page_object, (EMBEDDED, LOST)),
    Case("pdf-without-content", lambda: pdf(Page(), more={4: b"null"}), (LOST,)),
    Case("pdf-cut-off", lambda: scan()[:2000], (LOST,)),
    Case("pdf-open-password", lambda: encrypted("secret"), code="encrypted_document"),
    Case("pdf-owner-password", lambda: encrypted(""), (EMBEDDED,)),
    Case("pdf-no-pages", pdf, code="empty_document"),
    Case("pdf-header-only", lambda: b"%PDF-1.7\n" + bytes(100), code="unreadable_document"),
    Case("pdf-too-many-pages", lambda: pdf(*[Page()] * 9), code="too_many_pages"),
)

"""PDF files whose skeleton is broken: boxes, page trees, cross-references, encryption."""

from __future__ import annotations

import pymupdf

from tests.corpus.kind import Kind, by_id, lost, torn
from tests.corpus.pdf_parts import TEXT, one_page
from tests.sheets import Page, pdf


def many_pages(number: int) -> bytes:
    """Pages that share one content; only the page objects are many."""
    kids = b" ".join(b"%d 0 R" % (10 + index) for index in range(number))
    objects = {10 + index: b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 9 9] >>" for index in range(number)}
    return pdf(more={2: b"<< /Type /Pages /Count %d /Kids [%s] >>" % (number, kids), **objects})


def deep_tree(depth: int) -> bytes:
    """A page at the end of a chain of page tree nodes."""
    objects = {2: b"<< /Type /Pages /Count 1 /Kids [10 0 R] >>"}
    for level in range(depth):
        objects[10 + level] = b"<< /Type /Pages /Count 1 /Parent %d 0 R /Kids [%d 0 R] >>" % (
            level + 9 if level else 2,
            level + 11,
        )
    objects[10 + depth] = b"<< /Type /Page /Parent %d 0 R /MediaBox [0 0 99 99] >>" % (9 + depth)
    return pdf(more=objects)


def deep_arrays(depth: int) -> bytes:
    return one_page(
        {90: b"[" * depth + b"]" * depth}, entries="/Odd 90 0 R /Other " + "[" * depth + "]" * depth
    )


def incremental_loop() -> bytes:
    """A cross-reference table whose previous one is itself."""
    data = one_page()
    start = data.rindex(b"startxref") + 10
    place = data[start:].split(b"\n")[0]
    return data.replace(b"/Root 1 0 R >>", b"/Root 1 0 R /Prev " + place + b" >>")


def without_xref() -> bytes:
    data = one_page()
    return data[: data.index(b"xref\n0")] + b"trailer\n<< /Root 1 0 R >>\n%%EOF\n"


def wrong_startxref() -> bytes:
    data = one_page()
    return data[: data.rindex(b"startxref")] + b"startxref\n99999999\n%%EOF\n"


def shifted_xref() -> bytes:
    """Every offset is wrong, as after a transfer that changed line ends."""
    return one_page().replace(b"\nendobj", b"\r\nendobj")


def locked(password: str, method: int) -> bytes:
    document = pymupdf.open(stream=one_page())
    return bytes(document.tobytes(encryption=method, owner_pw="owner", user_pw=password))


BOXES = {
    "nan": "[0 0 nan nan]",
    "words": "[a b c d]",
    "three-numbers": "[0 0 595]",
    "infinite": "[0 0 1e40 1e40]",
    "huge-exponent": "[0 0 1e308 1e308]",
    "enormous": "[0 0 999999999999999999999 9999999999999]",
    "inside-out": "[595 842 0 0]",
    "empty": "[10 10 10 10]",
    "flat": "[0 0 595 0.0001]",
    "negative": "[-1e9 -1e9 -1e9 -1e9]",
    "far-away": "[1e9 1e9 1000000595 1000000842]",
    "null": "null",
    "a-loop": "3 0 R",
    "missing": "99 0 R",
}

LARGE = ("enormous", "far-away")


def boxed(name: str, number: int) -> Kind:
    """A page in a box; MuPDF takes US letter for a box that cannot be meant."""
    # No two may have the same bytes: the second would be given the first one's answer.
    data = pdf(Page(TEXT + b" %d 0 m" % number, box=BOXES[name]))
    reason = "page_too_large" if name in LARGE else None
    return Kind(f"pdf-box-{name}", lambda: data, "failed" if reason else "done", reason)


STRUCTURE = (
    *(boxed(name, number) for number, name in enumerate(BOXES)),
    Kind("pdf-user-unit-huge", lambda: one_page(entries="/UserUnit 1e30")),
    lost("pdf-user-unit-zero", lambda: one_page(entries="/UserUnit 0"), "unreadable_page"),
    Kind("pdf-rotate-45", lambda: one_page(entries="/Rotate 45")),
    Kind("pdf-rotate-huge", lambda: one_page(entries="/Rotate 99999999999999")),
    lost("pdf-20000-pages", lambda: many_pages(20_000), "too_many_pages"),
    # A tree that is broken is grown again from the pages that there are.
    Kind(
        "pdf-count-lies-2g",
        lambda: pdf(Page(), more={2: b"<< /Type /Pages /Count 2147483647 /Kids [3 0 R] >>"}),
    ),
    torn(
        "pdf-count-lies-5",
        lambda: one_page({2: b"<< /Type /Pages /Count 5 /Kids [3 0 R] >>"}),
        "unreadable_page",
    ),
    lost(
        "pdf-count-of-lost-pages",
        lambda: pdf(more={2: b"<< /Type /Pages /Count 5 /Kids [] >>"}),
        "unreadable_document",
    ),
    Kind("pdf-count-lies-0", lambda: one_page({2: b"<< /Type /Pages /Count 0 /Kids [3 0 R] >>"})),
    Kind("pdf-count-negative", lambda: one_page({2: b"<< /Type /Pages /Count -5 /Kids [3 0 R] >>"})),
    Kind("pdf-no-count", lambda: one_page({2: b"<< /Type /Pages /Kids [3 0 R] >>"})),
    Kind("pdf-tree-loop", lambda: one_page({2: b"<< /Type /Pages /Count 1 /Kids [2 0 R] >>"})),
    torn(
        "pdf-tree-loop-after-a-page",
        lambda: one_page({2: b"<< /Type /Pages /Count 3 /Kids [3 0 R 2 0 R] >>"}),
        "unreadable_page",
    ),
    torn(
        "pdf-tree-pair-loop",
        lambda: one_page(
            {
                2: b"<< /Type /Pages /Count 2 /Kids [90 0 R] >>",
                90: b"<< /Type /Pages /Count 2 /Kids [2 0 R 3 0 R] >>",
            }
        ),
        "incomplete_document",
    ),
    lost(
        "pdf-parent-loop",
        lambda: one_page({3: b"<< /Type /Page /Parent 3 0 R /Contents 4 0 R >>"}),
        "unreadable_page",
    ),
    Kind(
        "pdf-same-page-thrice",
        lambda: one_page({2: b"<< /Type /Pages /Count 3 /Kids [3 0 R 3 0 R 3 0 R] >>"}),
    ),
    Kind("pdf-deep-tree", lambda: deep_tree(3000)),
    lost("pdf-deep-arrays", lambda: deep_arrays(20_000), "unreadable_document"),
    Kind("pdf-xref-loop", incremental_loop),
    Kind("pdf-xref-missing", without_xref),
    Kind("pdf-xref-elsewhere", wrong_startxref),
    Kind("pdf-xref-shifted", shifted_xref),
    Kind("pdf-xref-negative", lambda: one_page().replace(b"xref\n0 ", b"xref\n-7 ")),
    Kind("pdf-xref-huge", lambda: one_page().replace(b"/Size ", b"/Size 99999999999 %")),
    Kind("pdf-root-loop", lambda: one_page({1: b"1 0 R"})),
    Kind("pdf-root-is-a-page", lambda: one_page({1: b"<< /Type /Page >>"})),
    lost("pdf-encrypted-rc4", lambda: locked("secret", pymupdf.PDF_ENCRYPT_RC4_128), "encrypted_document"),
    lost("pdf-encrypted-aes128", lambda: locked("secret", pymupdf.PDF_ENCRYPT_AES_128), "encrypted_document"),
    lost("pdf-encrypted-aes256", lambda: locked("secret", pymupdf.PDF_ENCRYPT_AES_256), "encrypted_document"),
    Kind("pdf-encrypted-owner-only", lambda: locked("", pymupdf.PDF_ENCRYPT_AES_128)),
    lost(
        "pdf-encrypted-nonsense",
        lambda: one_page().replace(
            b"/Root 1 0 R",
            b"/Root 1 0 R /Encrypt << /Filter /Standard /V 99 /R 99 /O (x) /U (y) /P -1 >> /ID [(a)(b)]",
        ),
        "unreadable_document",
    ),
    *by_id(
        "pdf-huge-box",
        "pdf-tiny-box",
        "pdf-broken-page",
        "pdf-no-page-object",
        "pdf-without-content",
        "pdf-no-pages",
        "pdf-header-only",
        "pdf-too-many-pages",
        "pdf-header-after-junk",
    ),
)

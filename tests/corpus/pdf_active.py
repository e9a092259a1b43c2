"""PDF files that carry more than pages: scripts, actions, files, forms. None of it may ever run."""

from __future__ import annotations

import pymupdf

from tests.corpus.kind import Kind
from tests.corpus.pdf_parts import catalogue, one_page, stream


def attached() -> bytes:
    """A page with a file beside it."""
    document = pymupdf.open(stream=one_page())
    document.embfile_add("invoice.exe", b"MZ" + bytes(100))
    return bytes(document.tobytes(no_new_id=True))


def annotated_file() -> bytes:
    document = pymupdf.open(stream=one_page())
    document[0].add_file_annot((10, 10), b"MZ", "run.exe")
    return bytes(document.tobytes(no_new_id=True))


ACTIVE = (
    Kind(
        "pdf-javascript-open",
        lambda: catalogue("/OpenAction << /S /JavaScript /JS (app.alert\\(1\\); this.closeDoc\\(\\)) >>"),
        notes="JavaScript",
    ),
    Kind(
        "pdf-javascript-names",
        lambda: catalogue(
            "/Names << /JavaScript << /Names [(a) << /S /JavaScript /JS (while\\(1\\);) >>] >> >>"
        ),
        notes="JavaScript",
    ),
    Kind(
        "pdf-javascript-page",
        lambda: one_page(entries="/AA << /O << /S /JavaScript /JS (while\\(1\\);) >> >>"),
        notes="JavaScript",
    ),
    Kind(
        "pdf-launch",
        lambda: catalogue("/OpenAction << /S /Launch /F (calc.exe) >>"),
        notes="a program to launch",
    ),
    Kind(
        "pdf-goto-remote",
        lambda: catalogue("/OpenAction << /S /GoToR /F (http://127.0.0.1:9/x.pdf) >>"),
        notes="an address to open",
    ),
    Kind(
        "pdf-uri",
        lambda: catalogue("/OpenAction << /S /URI /URI (http://127.0.0.1:9/) >>"),
        notes="an address to open",
    ),
    Kind(
        "pdf-submit-form",
        lambda: catalogue("/OpenAction << /S /SubmitForm /F (http://127.0.0.1:9/) >>"),
        notes="an address to open",
    ),
    Kind("pdf-files", attached, notes="embedded files"),
    Kind("pdf-file-annotation", annotated_file, notes="embedded files"),
    Kind(
        "pdf-portfolio",
        lambda: catalogue("/Collection << /Type /Collection /View /T >>"),
        "partial",
        "portfolio",
        notes="a portfolio of files",
    ),
    Kind(
        "pdf-xfa-static",
        lambda: catalogue(
            "/AcroForm << /Fields [] /XFA [(template) 90 0 R] >>", {90: stream(b"<template/>")}
        ),
        notes="an XFA form",
    ),
    Kind(
        "pdf-xfa-dynamic",
        lambda: catalogue(
            "/NeedsRendering true /AcroForm << /Fields [] /XFA 90 0 R >>", {90: stream(b"<template/>")}
        ),
        "failed",
        "unreadable_document",
    ),
    Kind(
        "pdf-external-stream",
        lambda: one_page({4: b"<< /Length 0 /F (/etc/passwd) >>\nstream\n\nendstream"}),
    ),
    Kind(
        "pdf-external-form",
        lambda: catalogue(
            "/AcroForm << /Fields [] /XFA 90 0 R >>",
            {90: stream(b'<!DOCTYPE a [<!ENTITY b SYSTEM "file:///etc/passwd">]><a>&b;</a>')},
        ),
        notes="an XFA form",
    ),
)

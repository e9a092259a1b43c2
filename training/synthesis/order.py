# mypy: disable-error-code="no-untyped-call"
"""Forms in good order and others: a lease with its witness and without, a mark in the wrong box."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pymupdf

from training.synthesis import files, prose
from training.synthesis.layouts import Slot
from training.synthesis.manifest import SampleDocument, SamplePage
from training.synthesis.pages import A4, Entry, handwriting_entry, insert, signature_entry
from training.synthesis.strokes import InventedSigner

_Rng = np.random.Generator
_DPI = 200
#: Points: left edge of the print, where lines for signatures and for dates begin and end, and their pitch.
_LEFT, _SIGN, _SIGN_END, _DATE, _DATE_END, _PITCH = 72.0, 190.0, 370.0, 420.0, 520.0, 74.0
_PARTIES = ("Tenant", "Landlord", "Witness")


def lease(rng: _Rng, people: Sequence[InventedSigner], *, name: str, note: str) -> SampleDocument:
    """A lease that the first people sign and date, in the order tenant, landlord, witness."""
    with pymupdf.open() as document:
        page = document.new_page(width=A4[0], height=A4[1])
        _print(page, "Residential lease", prose.statements(9, rng))
        entries: list[Entry] = []
        day = prose.some_day(rng)
        for number, party in enumerate(_PARTIES):
            signing, dating = _line(page, party, 470 + number * _PITCH)
            if number < len(people):
                written = handwriting_entry(dating, day.written(rng), people[number], rng)
                entries += (signature_entry(signing, people[number], rng), written)
        return _document(document, page, entries, name=name, note=note)


def signed_in_the_wrong_box(rng: _Rng, person: InventedSigner, *, name: str, note: str) -> SampleDocument:
    """A form whose signature stands in the box of the date."""
    with pymupdf.open() as document:
        page = document.new_page(width=A4[0], height=A4[1])
        _print(page, "Change of address", prose.statements(4, rng))
        for left, right, caption in ((72, 330, "Signature of applicant"), (330, 523, "Date")):
            page.draw_rect((left, 520, right, 580), width=0.8)
            page.insert_text((left + 4, 531), caption, fontname="helv", fontsize=8)
        slot = Slot("signature", 345.0, 572.0, 150.0, 32.0)
        return _document(document, page, [signature_entry(slot, person, rng)], name=name, note=note)


def _print(page: pymupdf.Page, title: str, statements: Sequence[str]) -> None:
    page.insert_text((_LEFT, 90), title, fontname="hebo", fontsize=16)
    for number, statement in enumerate(statements, start=1):
        page.insert_text((_LEFT, 110 + 26 * number), f"{number}. {statement}", fontname="helv", fontsize=10)


def _line(page: pymupdf.Page, party: str, y: float) -> tuple[Slot, Slot]:
    """A line for a party's signature and one for its date, with where they are written on."""
    page.insert_text((_LEFT, y), f"Signature of {party.lower()}:", fontname="helv", fontsize=10)
    page.draw_line((_SIGN, y + 2), (_SIGN_END, y + 2), width=0.7)
    page.insert_text((_DATE - 28, y), "Date:", fontname="helv", fontsize=10)
    page.draw_line((_DATE, y + 2), (_DATE_END, y + 2), width=0.7)
    signing = Slot("signature", _SIGN + 10, y, _SIGN_END - _SIGN - 30, 30.0)
    return signing, Slot("handwritten_date", _DATE + 6, y, _DATE_END - _DATE - 12, 14.0)


def _document(
    document: pymupdf.Document, page: pymupdf.Page, entries: Sequence[Entry], *, name: str, note: str
) -> SampleDocument:
    marks = tuple(insert(page, entry, dpi=_DPI) for entry in entries)
    width, height = (round(side * _DPI / 72) for side in A4)
    return SampleDocument(name, files.saved(document), (SamplePage(width, height, marks),), (), note)

# mypy: disable-error-code="no-untyped-call"
"""Printed pages with places to write on: letters, contracts, forms and delivery notes, drawn as vectors."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from zlib import crc32

import numpy as np
import pymupdf

from training.synthesis import prose
from training.synthesis.columns import TextColumn, footer, letterhead

_Rng = np.random.Generator


@dataclass(frozen=True, slots=True)
class Slot:
    """Room for handwriting: `kind` is what belongs there, (x, y) the left end of its baseline, in points.

    `party` counts the people who sign the page: a date and a signature of one party belong together.
    """

    kind: str
    x: float
    y: float
    width: float
    height: float
    party: int = 0
    #: The printed name of the field, where it has one.
    title: str = ""
    #: Whether initials in this place sign the page; a signature does wherever it stands.
    signs: bool = False


def rubber_stamp(page: pymupdf.Page, rng: _Rng, x: float, y: float, *, date: str) -> None:
    """A tilted office stamp around (x, y): print that looks like ink, and is no signature."""
    ink = ((0.35, 0.2, 0.6), (0.7, 0.15, 0.15), (0.1, 0.3, 0.6))[int(rng.integers(3))]
    tilt = (pymupdf.Point(x, y), pymupdf.Matrix(float(rng.uniform(-14, 14))))
    word = prose.pick(("RECEIVED", "COPY", "PAID", "ENTERED", "APPROVED"), rng)
    shape = page.new_shape()
    if rng.random() < 0.6:
        shape.draw_rect((x - 62, y - 24, x + 62, y + 22))
        shape.draw_rect((x - 58, y - 20, x + 58, y + 18))
    else:
        shape.draw_circle((x, y), 44)
        shape.draw_circle((x, y), 39)
    shape.finish(color=ink, width=1.6, morph=tilt, stroke_opacity=0.75)
    shape.insert_text((x - len(word) * 5.4, y - 1), word, fontname="hebo", fontsize=15, color=ink, morph=tilt)
    shape.insert_text((x - len(date) * 2.3, y + 12), date, fontname="helv", fontsize=9, color=ink, morph=tilt)
    shape.commit()


def letter(page: pymupdf.Page, rng: _Rng, names: Sequence[str]) -> list[Slot]:
    """A business letter with letterhead; the place to sign is between the closing words and the name."""
    column = TextColumn(page, rng)
    company = letterhead(column)
    for line in (
        prose.pick([name for name in prose.COMPANIES if name != company], rng),
        prose.pick(prose.STREETS, rng),
        prose.pick(prose.TOWNS, rng),
    ):
        column.text(line)
    column.y += 12
    day = prose.some_day(rng)
    column.text(day.printed, align=2 if rng.random() < 0.5 else 0)
    column.text(prose.subject(rng), bold=True)
    column.text("Dear Sir or Madam,")
    for text in prose.paragraphs(rng):
        column.text(text, align=column.justify)
    column.text(prose.pick(("Yours faithfully,", "Yours sincerely,", "With kind regards,"), rng))
    x = column.left if rng.random() < 0.75 else column.left + 230
    height = float(rng.uniform(48, 62))
    slot = Slot("signature", x, column.y + height * 0.72, 210, height)
    column.y += height + 12
    column.put(x, names[0])
    column.put(x, company, dy=column.size * 1.25, face=column.italic)
    if rng.random() < 0.3:
        received = prose.later(day, int(rng.integers(1, 9))).printed
        rubber_stamp(page, rng, column.right - 80, float(rng.uniform(190, 240)), date=received)
    footer(column, f"{company} · registered number {prose.number(rng, 8)}")
    return [slot]


def contract(page: pymupdf.Page, rng: _Rng, names: Sequence[str]) -> list[Slot]:
    """A page of clauses, with a box for the initials of each party at its foot."""
    column = _contract_column(page, names)
    column.text(column.title, bold=True, size=14 if page.number == 0 else column.size, align=1)
    column.y += 8
    if page.number == 0:
        between = " and ".join(f"{name}, {_employer(name)}" for name in names)
        column.text(f"between {between}, together called the parties.", align=1)
    for index, (heading, text) in _numbered_clauses(page, names):
        if column.y > column.bottom - 110:
            break
        column.text(f"{index}.  {heading}", bold=True)
        column.text(text, align=column.justify)
    footer(column, f"{column.title} · page {page.number + 1}")
    slots = []
    column.y = column.bottom - 4
    for party, _ in enumerate(names):
        x = column.right - 62 * (len(names) - party)
        column.box(x, x + 54, 34)
        column.put(x + 2, "Initials", dy=-3, size=7)
        slots.append(Slot("initials", x + 7, column.y + 26, 42, 27, party))
    return slots


def _contract_column(page: pymupdf.Page, names: Sequence[str]) -> TextColumn:
    """All pages of one contract, that is of the same parties, look alike."""
    return TextColumn(page, np.random.default_rng(crc32(",".join(names).encode())))


def _employer(name: str) -> str:
    """Whom a party signs for: the same on every page."""
    return prose.COMPANIES[crc32(name.encode()) % len(prose.COMPANIES)]


def _numbered_clauses(page: pymupdf.Page, names: Sequence[str]) -> list[tuple[int, tuple[str, str]]]:
    """The clauses of the contract from this page on, eight to a page; none when all have been printed."""
    numbered = enumerate(prose.clauses(np.random.default_rng(crc32(names[0].encode()))), start=1)
    ordered = list(numbered)
    first = page.number * 8
    return ordered[first : first + 8]


def signing_page(page: pymupdf.Page, rng: _Rng, names: Sequence[str]) -> list[Slot]:
    """The last page of a contract: a ruled line to sign on and one for the date, per party."""
    column = _contract_column(page, names)
    column.text(column.title, bold=True, align=1)
    column.y += 8
    for index, (heading, text) in _numbered_clauses(page, names)[: int(rng.integers(2, 5))]:
        column.text(f"{index}.  {heading}", bold=True)
        column.text(text, align=column.justify)
    if page.number > 3:
        column.text(f"Annex {page.number - 3}: goods and prices", bold=True)
        _table(column, int(rng.integers(5, 9)))
    footer(column, f"{column.title} · page {page.number + 1}")
    column.y += 10
    column.text("In witness whereof the parties have signed this agreement on the dates given below.")
    slots = []
    for party, name in enumerate(names):
        column.y += 58
        slots += _signed_dated(column, party)
        column.put(column.left, f"{name}, for {_employer(name)}", dy=14, size=column.size * 0.9)
        column.y += 26
    return slots


def _signed_dated(column: TextColumn, party: int) -> list[Slot]:
    """A line 'Signed: ____  Date: ____'."""
    start, middle = column.left + column.size * 4.2, column.right - 150
    dash = "[1 2]" if column.dotted else None
    column.put(column.left, "Signed:")
    column.put(middle + 10, "Date:")
    for x, x1 in ((start, middle), (middle + 42, column.right)):
        column.page.draw_line((x, column.y + 2), (x1, column.y + 2), width=0.7, dashes=dash)
    return [
        Slot("signature", start + 8, column.y, middle - start - 16, 52, party),
        Slot("handwritten_date", middle + 48, column.y - 1, column.right - middle - 52, 20, party),
    ]


def form(page: pymupdf.Page, rng: _Rng, names: Sequence[str]) -> list[Slot]:
    """A form with boxed fields, tick boxes and a framed place to sign; the fields wait for handwriting."""
    column = TextColumn(page, rng)
    company = letterhead(column)
    column.text(
        prose.pick(("Application for membership", "Change of details", "Consent to treatment"), rng),
        bold=True,
    )
    column.text("Please complete both columns and sign at the foot of the page.", size=8.5)
    slots = _fields(column)
    column.text("I agree to the following:", bold=True)
    for text in prose.statements(3, rng):
        column.page.draw_rect((column.left, column.y + 2, column.left + 9, column.y + 11), width=0.7)
        column.left += 18
        column.text(text, size=9)
        column.left -= 18
    column.y += 12
    middle = column.left + (column.right - column.left) * 0.62
    for x, x1, title in ((column.left, middle - 8, "Signature"), (middle, column.right, "Date")):
        column.box(x, x1, 62)
        column.put(x + 4, title, dy=9, size=7.5)
    slots.append(Slot("signature", column.left + 22, column.y + 44, middle - column.left - 50, 50))
    slots.append(Slot("handwritten_date", middle + 14, column.y + 42, column.right - middle - 24, 22))
    footer(column, f"{company} · form {prose.number(rng, 4)}")
    return slots


def _fields(column: TextColumn) -> list[Slot]:
    slots, middle = [], (column.left + column.right) / 2
    labels = [prose.FIELDS[int(index)] for index in column.rng.permutation(len(prose.FIELDS))[:8]]
    for row in range(0, len(labels), 2):
        for label, x in zip(labels[row : row + 2], (column.left, middle + 6), strict=True):
            column.box(x, x + middle - column.left - 6, 30)
            column.put(x + 3, label, dy=8, size=7)
            slots.append(
                Slot("handwriting", x + 14, column.y + 26, middle - column.left - 40, 14, title=label)
            )
        column.y += 38
    column.y += 6
    return slots


def delivery_note(page: pymupdf.Page, rng: _Rng, names: Sequence[str]) -> list[Slot]:
    """A table of goods and a narrow place to sign, crowded by rules and print that the ink will cross."""
    column = TextColumn(page, rng)
    letterhead(column)
    column.text(f"Delivery note {prose.number(rng)}    {prose.some_day(rng).printed}", bold=True)
    column.y += 6
    _table(column, int(rng.integers(6, 11)))
    column.y += 26
    column.text("Goods received complete and in good condition. Complaints within seven days.", size=9)
    column.y += 30
    for line in range(3):
        column.rule(column.left, column.right, dy=line * 21)
    column.put(column.left + 4, "Received by (name in capitals, signature, company stamp)", dy=17, size=8.5)
    column.put(column.left + 4, f"Driver  {names[-1]}      Vehicle  {prose.number(rng, 4)}", dy=38, size=8.5)
    return [Slot("signature", column.left + 90, column.y + 28, 240, 58)]


def _table(column: TextColumn, rows: int) -> None:
    edges = [column.left, column.left + 40, column.right - 130, column.right - 70, column.right]
    top = column.y
    items = prose.goods(rows, column.rng)
    for row in range(rows + 1):
        column.rule(column.left, column.right)
        cells = ("No.", "Item", "Quantity", "Price")
        if row:
            price = f"{column.rng.integers(3, 400)}.{column.rng.integers(100):02d}"
            cells = (str(row), items[row - 1], str(column.rng.integers(1, 60)), price)
        for x, cell in zip(edges, cells, strict=False):
            column.put(x + 4, cell, dy=13, size=9, face=None if row else column.bold)
        column.y += 19
    column.rule(column.left, column.right)
    for x in edges:
        column.page.draw_line((x, top), (x, column.y), width=0.5)


#: Every layout by name: draws the print on an empty page and returns the room for handwriting.
LAYOUTS: dict[str, Callable[[pymupdf.Page, _Rng, Sequence[str]], list[Slot]]] = {
    "letter": letter,
    "contract": contract,
    "signing_page": signing_page,
    "form": form,
    "delivery_note": delivery_note,
}

# mypy: disable-error-code="no-untyped-call"
"""Agreements as they are signed today: blocks of "By, Name, Title, Date", thin ink, initials at the foot.

Detectors learn from these beside the other layouts, which the fixed drawn test set is made of.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np
import pymupdf

from training.synthesis import prose
from training.synthesis.columns import TextColumn
from training.synthesis.ink import Colour
from training.synthesis.layouts import Slot, rubber_stamp
from training.synthesis.strokes import Pen

_Rng = np.random.Generator
_TITLES = ("Director", "Head of Division", "Chair", "President", "Country Manager", "Authorised signatory")
_OPENINGS = ("In witness whereof", "Signed on behalf of the parties", "Executed as a deed", "Acknowledged by")


def execution(page: pymupdf.Page, rng: _Rng, names: Sequence[str]) -> list[Slot]:
    """The page that is signed: two to five blocks in one column or two, some left empty, some stamped."""
    column, slots = _plain(page, rng), list[Slot]()
    for text in prose.paragraphs(rng)[: int(rng.integers(0, 3))]:
        column.text(text, align=column.justify)
    column.text(f"{prose.pick(_OPENINGS, rng)}, {prose.statements(1, rng)[0]}", bold=bool(rng.random() < 0.4))
    columns = int(rng.integers(1, 3))
    width = (column.right - column.left) / columns
    for row in range(int(rng.integers(1, 5))):
        top = column.y
        for side in range(columns):
            column.y = top
            party = (row + side) % len(names)
            slots += _block(column, column.left + side * width, width - 16, party, names[party])
        if column.y > column.bottom - 130:
            break
        column.y += float(rng.uniform(10, 34))
    return slots


def _block(column: TextColumn, x: float, width: float, party: int, name: str) -> list[Slot]:
    """One block from the cursor down; one in seven is not signed."""
    page, rng, size = column.page, column.rng, column.size
    pitch = size * float(rng.uniform(1.6, 2.4))
    column.put(x, prose.pick(prose.COMPANIES, rng), face=column.bold)
    column.y += pitch + float(rng.uniform(14, 34))
    label = prose.pick(("By:", "By:", "Signed:", "Signature:"), rng)
    line = x + size * (0.6 * len(label) + 0.5)
    column.put(x, label)
    column.rule(line, x + width * float(rng.uniform(0.6, 0.95)), dy=2, width=0.6)
    high, slots = float(rng.uniform(16, 46)), list[Slot]()
    if rng.random() > 1 / 7:
        wide = min(width * 0.75, high * float(rng.uniform(1.2, 5)))
        start = line + float(rng.uniform(0, 0.3)) * width * 0.4
        slots.append(Slot("signature", start, column.y - high * 0.15, wide, high, party))
        if rng.random() < 0.25:
            stamped = prose.some_day(rng).printed
            rubber_stamp(page, rng, start + wide * float(rng.uniform(0.6, 1.3)), column.y, date=stamped)
    for text in (f"Name: {name}", f"Title: {prose.pick(_TITLES, rng)}"):
        column.y += pitch
        column.put(x, text)
    column.y += pitch
    if slots and rng.random() < 0.6:
        column.put(x, "Date:")
        slots.append(
            Slot("handwritten_date", x + size * 3, column.y, float(rng.uniform(50, 110)), pitch, party)
        )
    else:
        column.put(x, f"Date: {prose.some_day(rng).printed}", size=size * float(rng.uniform(0.9, 1.4)))
    column.y += pitch
    return slots


def clause_page(page: pymupdf.Page, rng: _Rng, names: Sequence[str]) -> list[Slot]:
    """A page of clauses or of a table; mostly initials stand below the text, without a line or a label."""
    column = _plain(page, rng)
    for number, (heading, text) in enumerate(prose.clauses(rng), start=int(rng.integers(1, 30))):
        if column.y > column.bottom - 120:
            break
        if rng.random() < 0.2:
            _grid(column, int(rng.integers(2, 6)))
        column.text(f"{number}. {heading}", bold=bool(rng.random() < 0.7))
        column.text(text, align=column.justify)
    page.insert_text((page.rect.width / 2, page.rect.height - 40), str(page.number + 1), fontsize=8)
    if rng.random() < 0.25:
        return []
    places = rng.permutation(4)[: int(rng.integers(1, 4))]
    step, y = (
        (column.right - column.left) / 4,
        float(rng.uniform(page.rect.height - 60, page.rect.height - 14)),
    )
    return [
        Slot(
            "initials", column.left + place * step + float(rng.uniform(0, 20)), y, 46, 26, index % len(names)
        )
        for index, place in enumerate(places)
    ]


def _grid(column: TextColumn, rows: int) -> None:
    """Two or three ruled columns of short entries."""
    rng, top = column.rng, column.y
    edges = np.linspace(column.left, column.right, int(rng.integers(3, 5)))
    for _ in range(rows):
        column.rule(column.left, column.right)
        for x in edges[:-1]:
            column.put(float(x) + 4, prose.pick(prose.FIELDS, rng)[:18], dy=13, size=column.size * 0.9)
        column.y += 19
    column.rule(column.left, column.right)
    for x in edges:
        column.page.draw_line((x, top), (x, column.y), width=0.6)
    column.y += 16


def thinned(pen: Pen, rng: _Rng) -> Pen:
    """The pen as signing tools and pale copies show it: down to a third of its width, its ink lighter."""
    pale = float(rng.uniform(0, 0.45))
    red, green, blue = (round(level + (255 - level) * pale) for level in pen.ink)
    ink: Colour = (red, green, blue)
    return replace(pen, width=pen.width * float(rng.uniform(0.35, 1.0)), ink=ink)


def _plain(page: pymupdf.Page, rng: _Rng) -> TextColumn:
    """A column in sans print on plain paper."""
    column = TextColumn(page, rng)
    if rng.random() < 0.7:
        column.regular, column.bold, column.italic = "helv", "hebo", "heit"
    column.size = float(rng.uniform(7.5, 10.5))
    return column


#: Layouts of agreements, by name.
AGREEMENTS: dict[str, Callable[[pymupdf.Page, _Rng, Sequence[str]], list[Slot]]] = {
    "execution": execution,
    "clause_page": clause_page,
}

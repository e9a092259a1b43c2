# mypy: disable-error-code="no-untyped-call"
"""Print as offices of today make it: colour bands, sans faces, signing blocks in frames and in tables."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import pymupdf

from training.synthesis import prose
from training.synthesis.columns import TextColumn
from training.synthesis.layouts import LAYOUTS, Slot, rubber_stamp

_Rng = np.random.Generator
_BANDS = ((0.07, 0.2, 0.42), (0.0, 0.45, 0.4), (0.75, 0.2, 0.15), (0.15, 0.15, 0.18), (0.9, 0.55, 0.05))
_PALE = ((0.9, 0.94, 1.0), (0.95, 0.95, 0.95), (1.0, 0.97, 0.85), (1.0, 1.0, 1.0))
_TOOLS = ("Signed by:", "Electronically signed by", "eSigned", "Digitally signed")


def _sheet(page: pymupdf.Page, rng: _Rng) -> TextColumn:
    """A column in sans print below a coloured band or a plain company name."""
    column = TextColumn(page, rng)
    column.regular, column.bold, column.italic = "helv", "hebo", "heit"
    column.accent = _BANDS[int(rng.integers(len(_BANDS)))]
    company, width = prose.pick(prose.COMPANIES, rng), page.rect.width
    if rng.random() < 0.6:
        height = float(rng.uniform(34, 70))
        page.draw_rect((0, 0, width, height), color=None, fill=column.accent)
        page.insert_text((column.left, height * 0.65), company, fontname="hebo", fontsize=18, color=(1, 1, 1))
        column.y = height + 34
    else:
        page.insert_text((column.left, 54), company, fontname="hebo", fontsize=16, color=column.accent)
        column.y = 84
    if rng.random() < 0.5:
        foot = page.rect.height
        page.draw_rect((0, foot - 18, width, foot), color=None, fill=column.accent)
    return column


def mail(page: pymupdf.Page, rng: _Rng, names: Sequence[str]) -> list[Slot]:
    """A short letter; the signature stands on no line, at times beside a date by hand."""
    column = _sheet(page, rng)
    column.text(prose.some_day(rng).printed)
    column.text(prose.subject(rng), bold=True)
    for text in prose.paragraphs(rng)[: int(rng.integers(1, 4))]:
        column.text(text)
    column.text(prose.pick(("Best regards,", "Kind regards,", "Sincerely,"), rng))
    height = float(rng.uniform(34, 66))
    slots = [Slot("signature", column.left, column.y + height * 0.7, float(rng.uniform(110, 220)), height)]
    if rng.random() < 0.35:
        slots.append(Slot("handwritten_date", column.left + 260, column.y + height * 0.7, 90, 18))
    column.y += height + 14
    column.put(column.left, names[0], face=column.bold)
    column.put(column.left, prose.pick(("Director", "Head of Finance", "Manager"), rng), dy=13)
    return slots


def acceptance(page: pymupdf.Page, rng: _Rng, names: Sequence[str]) -> list[Slot]:
    """The end of an offer: one signing block per party side by side, with name, title and date."""
    column = _sheet(page, rng)
    column.text(prose.pick(("Statement of work", "Order form", "Data processing agreement"), rng), bold=True)
    for heading, text in prose.clauses(rng)[: int(rng.integers(2, 5))]:
        column.text(heading, bold=True)
        column.text(text)
    column.y = min(column.y + 14, column.bottom - 170)
    gap, slots = float(rng.uniform(14, 30)), list[Slot]()
    width, framed, initialled = (column.right - column.left - gap) / 2, rng.random() < 0.5, rng.random() < 0.4
    for party, name in enumerate(names):
        x = column.left + party * (width + gap)
        slots += _block(column, x, width, party, name, framed=bool(framed))
        if initialled:
            slots.append(Slot("initials", x + width - 46, column.y + 34, 40, 26, party))
    return slots


def _block(column: TextColumn, x: float, width: float, party: int, name: str, *, framed: bool) -> list[Slot]:
    """One party's block from the cursor down; framed as signing tools print it, or with ruled lines."""
    page, rng = column.page, column.rng
    page.insert_text(
        (x, column.y), f"For {prose.pick(prose.COMPANIES, rng)}"[:34], fontname="hebo", fontsize=9
    )
    line = column.y + 62
    if framed:
        tone = column.accent
        page.draw_line((x, column.y + 12), (x, line + 6), color=tone, width=1.6)
        page.draw_line((x, column.y + 12), (x + 12, column.y + 12), color=tone, width=1.6)
        page.draw_line((x, line + 6), (x + 12, line + 6), color=tone, width=1.6)
        page.insert_text((x + 15, column.y + 15), prose.pick(_TOOLS, rng), fontname="hebo", fontsize=6.5)
        code = "".join(f"{int(byte):02X}" for byte in rng.integers(0, 256, 8))
        page.insert_text((x + 15, line + 8), f"{code}...", fontname="helv", fontsize=6.5)
    else:
        page.draw_line((x + 30, line + 2), (x + width - 8, line + 2), width=0.6)
        page.insert_text((x, line), "By:", fontname="helv", fontsize=9)
    for row, text in enumerate((f"Name: {name}", "Title:", "Date:")):
        page.insert_text((x, line + 24 + row * 20), text, fontname="helv", fontsize=9)
    slots = [Slot("signature", x + 34, line - 4, width * float(rng.uniform(0.45, 0.7)), 42, party)]
    if rng.random() < 0.7:
        slots.append(Slot("handwritten_date", x + 32, line + 63, 80, 17, party))
    return slots


def approvals(page: pymupdf.Page, rng: _Rng, names: Sequence[str]) -> list[Slot]:
    """A record with a table of approvals: name, signature, initials, date; dark heads and pale rows."""
    column = _sheet(page, rng)
    column.text(
        prose.pick(("Change record", "Test report", "Minutes"), rng) + f" {prose.number(rng)}", bold=True
    )
    for text in prose.statements(3, rng):
        column.text(text)
    column.y += 12
    wide = column.right - column.left
    edges = [column.left + wide * share for share in (0, 0.3, 0.62, 0.78, 1)]
    page.draw_rect((column.left, column.y, column.right, column.y + 20), color=None, fill=column.accent)
    for x, head in zip(edges, ("Name", "Signature", "Initials", "Date"), strict=False):
        page.insert_text((x + 4, column.y + 14), head, fontname="hebo", fontsize=9, color=(1, 1, 1))
    slots, top = list[Slot](), column.y
    pale, height = _PALE[int(rng.integers(len(_PALE)))], float(rng.uniform(28, 46))
    column.y += 20
    for row in range(int(rng.integers(2, 7))):
        party, y = row % len(names), column.y + height * 0.72
        page.draw_rect(
            (column.left, column.y, column.right, column.y + height),
            width=0.6,
            fill=pale if row % 2 else None,
        )
        page.insert_text((edges[0] + 4, y), names[party], fontname="helv", fontsize=9)
        row_slots = (
            Slot("signature", edges[1] + 6, y, wide * 0.27, height * 0.9, party),
            Slot("initials", edges[2] + 6, y, wide * 0.12, height * 0.7, party),
            Slot("handwritten_date", edges[3] + 6, y, wide * 0.18, height * 0.55, party),
        )
        slots += [slot for slot in row_slots if rng.random() < 0.8]
        column.y += height
    for x in edges:
        page.draw_line((x, top), (x, column.y), width=0.6)
    if rng.random() < 0.3:
        rubber_stamp(page, rng, column.right - 90, column.y + 60, date=prose.some_day(rng).printed)
    return slots


def initialled(page: pymupdf.Page, rng: _Rng, names: Sequence[str]) -> list[Slot]:
    """A dense page of clauses, with initials at its foot or margin and beside changed paragraphs."""
    column = _sheet(page, rng)
    column.size = float(rng.uniform(8, 10))
    slots = list[Slot]()
    for heading, text in prose.clauses(rng):
        if column.y > column.bottom - 90:
            break
        column.text(heading, bold=True)
        if rng.random() < 0.2:
            slots.append(
                Slot("initials", column.right + 4, column.y + 18, 36, 20, int(rng.integers(len(names))))
            )
        column.text(text, align=column.justify)
    for party, _ in enumerate(names):
        x = column.right - 60 * (len(names) - party)
        slots.append(Slot("initials", x, column.bottom - 2, 40, 26, party))
        if rng.random() < 0.5:
            page.draw_line((x - 4, column.bottom), (x + 46, column.bottom), width=0.6)
    return slots


#: Layouts that detectors learn from, beside those of `layouts`.
OFFICE: dict[str, Callable[[pymupdf.Page, _Rng, Sequence[str]], list[Slot]]] = {
    "mail": mail,
    "acceptance": acceptance,
    "approvals": approvals,
    "initialled": initialled,
}
EVERY_LAYOUT = LAYOUTS | OFFICE

# mypy: disable-error-code="no-untyped-call"
"""Office papers on which initials stand: memos that they sign, and lists on which they sign nothing."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import pymupdf

from training.synthesis import prose
from training.synthesis.columns import TextColumn
from training.synthesis.layouts import Slot

_Rng = np.random.Generator
_TITLES = ("MEMORANDUM", "Interoffice correspondence", "INTERNAL MEMO", "Inter-Office Memo")
_LISTS = ("Routing", "Distribution", "Please read and pass on", "Circulation")
#: Points from the left edge of a memo's head to its entries, and between its lines.
_TAB, _STEP = 66, 19


def memo(page: pymupdf.Page, rng: _Rng, names: Sequence[str]) -> list[Slot]:
    """A memo; its first party initials it: above their typed name at its end, or beside it in the head."""
    column, sender = TextColumn(page, rng), names[0]
    in_head = bool(rng.random() < 0.4)
    line = _head(column, sender)
    for text in prose.paragraphs(rng):
        column.text(text, align=column.justify)
    if in_head:
        beside = column.left + _TAB + pymupdf.get_text_length(sender, column.regular, column.size) + 8
        return [Slot("initials", beside, line + 2, 44, 24, signs=True)]
    x = column.left if rng.random() < 0.6 else column.left + 250
    column.y += 40
    column.put(x, sender)
    column.y += 24
    column.put(column.left, f"{_initials(sender)}:{prose.pick(('ab', 'mt', 'kl'), rng)}", size=8.5)
    return [Slot("initials", x + 6, column.y - 36, 46, 28, signs=True)]


def routing_list(page: pymupdf.Page, rng: _Rng, names: Sequence[str]) -> list[Slot]:
    """A memo that nobody signs, with a list of its readers; some of them put their initials beside a name."""
    column = TextColumn(page, rng)
    _head(column, names[0])
    for text in prose.paragraphs(rng)[: int(rng.integers(1, 3))]:
        column.text(text, align=column.justify)
    column.y += 14
    column.text(f"{prose.pick(_LISTS, rng)}:", bold=True)
    ruled, slots = bool(rng.random() < 0.5), list[Slot]()
    for row, name in enumerate(_readers(names, rng)):
        column.put(column.left + 6, name, dy=12)
        if ruled:
            column.rule(column.left + 150, column.left + 220, dy=14)
        if row < 2 or rng.random() < 0.6:
            slots.append(Slot("initials", column.left + 160, column.y + 12, 34, 17, row % len(names)))
        column.y += 24
    return slots


def _head(column: TextColumn, sender: str) -> float:
    """Title and the lines To, From, Date, Subject; returns the baseline of From."""
    column.text(prose.pick(_TITLES, column.rng), bold=True, size=14)
    day = prose.some_day(column.rng).printed
    entries = (
        ("To:", prose.pick(("All departments", "The Board", "Mr. R. Hale", "File"), column.rng)),
        ("From:", sender),
        ("Date:", day),
        ("Subject:", prose.subject(column.rng)),
    )
    sender_line = 0.0
    for title, text in entries:
        column.y += _STEP
        column.put(column.left, title, face=column.bold)
        column.put(column.left + _TAB, text[:60])
        sender_line = column.y if title == "From:" else sender_line
    column.y += 10
    column.rule(column.left, column.right)
    column.y += 14
    return sender_line


def _readers(names: Sequence[str], rng: _Rng) -> list[str]:
    first = prose.pick(("Mr.", "Ms.", "Dr."), rng)
    others = ("J. Marsh", "T. Abel", "R. Voss", "L. Quint", "P. Orme")
    return [*names, *(f"{first} {name}" for name in others[: int(rng.integers(2, 6))])]


def _initials(name: str) -> str:
    return "".join(word[0] for word in name.split())


#: Layouts whose marks have a role that their form does not tell; samples and the training of roles draw them.
MEMOS: dict[str, Callable[[pymupdf.Page, _Rng, Sequence[str]], list[Slot]]] = {
    "memo": memo,
    "routing_list": routing_list,
}

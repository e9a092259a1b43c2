# mypy: disable-error-code="no-untyped-call"
"""A column of print on a page: its faces, its cursor, its letterhead and its footer."""

from __future__ import annotations

import numpy as np
import pymupdf

from training.synthesis import prose

_Rng = np.random.Generator
_Shade = tuple[float, float, float]

#: Regular, bold and italic faces among the fourteen that every PDF reader carries.
_FACES = (
    ("helv", "hebo", "heit"),
    ("tiro", "tibo", "tiit"),
    ("tiro", "tibo", "tiit"),
    ("cour", "cobo", "coit"),
)
_ACCENTS: tuple[_Shade, ...] = ((0.1, 0.25, 0.5), (0.45, 0.1, 0.12), (0.05, 0.38, 0.3), (0.2, 0.2, 0.2))
_GREY = (0.35, 0.35, 0.35)


class TextColumn:
    """A column of print that grows downwards on a page."""

    def __init__(self, page: pymupdf.Page, rng: _Rng) -> None:
        self.page = page
        self.rng = rng
        self.regular, self.bold, self.italic = _FACES[int(rng.integers(len(_FACES)))]
        self.size = float(rng.uniform(9.5, 11.5))
        self.left = float(rng.uniform(56, 82))
        self.right = float(page.rect.width - rng.uniform(52, 80))
        self.y = float(rng.uniform(52, 70))
        self.accent = _ACCENTS[int(rng.integers(len(_ACCENTS)))]
        self.justify = 3 if rng.random() < 0.5 else 0
        self.title = f"Framework agreement {prose.number(rng)}"
        self.dotted = bool(rng.random() < 0.3)

    @property
    def bottom(self) -> float:
        """The lowest y for print."""
        return float(self.page.rect.height - 58)

    def text(self, text: str, *, bold: bool = False, align: int = 0, size: float | None = None) -> None:
        """A paragraph over the whole column, then a gap."""
        face, size = self.bold if bold else self.regular, size or self.size
        rect = pymupdf.Rect(self.left, self.y, self.right, self.page.rect.height + 400)
        spare = self.page.insert_textbox(
            rect, text, fontname=face, fontsize=size, align=align, lineheight=1.3
        )
        self.y += rect.height - spare + size * 0.5

    def put(
        self, x: float, text: str, *, dy: float = 0, size: float | None = None, face: str | None = None
    ) -> None:
        """One line of text at x, its baseline dy below the cursor."""
        self.page.insert_text(
            (x, self.y + dy), text, fontname=face or self.regular, fontsize=size or self.size
        )

    def rule(self, x: float, x1: float, *, dy: float = 0, width: float = 0.7) -> None:
        """A horizontal line."""
        self.page.draw_line((x, self.y + dy), (x1, self.y + dy), width=width)

    def box(self, x: float, x1: float, height: float, *, width: float = 0.7) -> None:
        """An empty frame from the cursor down."""
        self.page.draw_rect((x, self.y, x1, self.y + height), width=width)


def letterhead(column: TextColumn) -> str:
    """Print a company's mark, name and address from the cursor down; return the name."""
    page, rng = column.page, column.rng
    company = prose.pick(prose.COMPANIES, rng)
    x = column.left if rng.random() < 0.6 else column.right - 250
    if rng.random() < 0.5:
        page.draw_circle((x + 14, column.y), 14, color=None, fill=column.accent)
        page.draw_circle((x + 20, column.y - 4), 8, color=None, fill=(1, 1, 1))
    else:
        page.draw_rect((x, column.y - 13, x + 26, column.y + 13), color=None, fill=column.accent)
        page.draw_line((x + 5, column.y + 8), (x + 21, column.y - 8), color=(1, 1, 1), width=3)
    page.insert_text((x + 38, column.y + 2), company, fontname=column.bold, fontsize=15, color=column.accent)
    address = (
        f"{prose.pick(prose.STREETS, rng)} · {prose.pick(prose.TOWNS, rng)} · Tel. 0{prose.number(rng, 9)}"
    )
    page.insert_text((x + 38, column.y + 14), address, fontname="helv", fontsize=7.5, color=_GREY)
    column.y += 30
    if rng.random() < 0.5:
        page.draw_line((column.left, column.y), (column.right, column.y), color=column.accent, width=1.2)
    column.y += 28
    return company


def footer(column: TextColumn, text: str) -> None:
    """Print one small line at the foot of the page."""
    height = column.page.rect.height
    column.page.insert_text((column.left, height - 30), text, fontname="helv", fontsize=7.5, color=_GREY)

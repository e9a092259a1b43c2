"""Pages whose every mark is labelled by hand: what it is, and whether it signs the document."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import TypedDict

from worker.vision.values import Box

#: The sources labelled that way; none of them trained the detector; memos train the roles.
MARKED_SOURCES = ("memos", "modern_town")


@dataclass(frozen=True, slots=True)
class JudgedMark:
    """One mark on a page, its box in pixels of the stored image.

    `form` is `signature`, `initials`, `handwritten_date`, `handwriting`, `print`, `nothing` or `unclear`.
    `fits` is False where the box is a part of the mark or several times as large.
    """

    box: Box
    form: str
    signs: bool
    fits: bool


@dataclass(frozen=True, slots=True)
class MarkedPage:
    """A page with its marks; `signed` is None where the eye could not tell."""

    image: Path
    document: str
    width: int
    height: int
    signed: bool | None
    marks: tuple[JudgedMark, ...]

    @property
    def signing(self) -> tuple[JudgedMark, ...]:
        """The marks that sign, approve or acknowledge the document."""
        return tuple(mark for mark in self.marks if mark.signs)

    @property
    def signed_by_initials_only(self) -> bool:
        """Whether the page is signed, and by no full signature."""
        return bool(self.signed) and all(mark.form == "initials" for mark in self.signing)


class _Mark(TypedDict):
    box: tuple[float, float, float, float]
    form: str
    signs: bool | None
    fits: bool


def read_marked(root: Path, source: str) -> list[MarkedPage]:
    """All pages of one of MARKED_SOURCES below `root`, the folder of detection sets."""
    folder = root / source
    rows = json.loads((folder / "annotations.json").read_text(encoding="utf-8"))
    return [
        MarkedPage(
            image=folder / row["image"],
            document=str(row["document"]),
            width=row["width"],
            height=row["height"],
            signed=row["signed"],
            marks=tuple(_judged(mark) for mark in row["marks"]),
        )
        for row in rows
    ]


def _judged(mark: _Mark) -> JudgedMark:
    left, top, right, bottom = mark["box"]
    return JudgedMark(
        box=Box(left, top, right - left, bottom - top),
        form=mark["form"],
        signs=mark["signs"] is True,
        fits=mark["fits"],
    )

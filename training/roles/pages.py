"""The pages that roles are trained and measured on, and what is true of their marks."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from PIL import Image

from training.detector.marked import MARKED_SOURCES, MarkedPage, read_marked
from training.detector.readers import PageRecord, read_rf100, read_tobacco800
from training.detector.testsets import unsigned_pages
from worker.vision.choices import Label
from worker.vision.values import Box

#: What pages are called that their publisher, or an earlier choice, sets aside for measuring.
HELD_OUT = " test"
#: The form of a mark that nobody could tell.
UNCLEAR = "unclear"
#: Unsigned pages by their source's flag on which a mark may sign all the same.
DOUBTFUL = Path(__file__).with_name("labels") / "unsigned.json"


@dataclass(frozen=True, slots=True)
class TrueMark:
    """One mark: its box in pixels of the stored image, its form as its source names it, whether it signs."""

    box: Box
    form: str
    signs: bool


@dataclass(frozen=True, slots=True)
class RolePage:
    """A page; `signed` is None where the eye could not tell.

    `is_complete` is False where only signatures are labelled: initials may stand there that nobody marked.
    """

    image: Path
    source: str
    document: str
    width: int
    height: int
    signed: bool | None
    by_initials: bool
    marks: tuple[TrueMark, ...]
    is_complete: bool


def read_role_pages(root: Path) -> list[RolePage]:
    """All pages below `root`, the folder of detection sets, source by source."""
    return [
        *(_marked(source, page) for source in MARKED_SOURCES for page in read_marked(root, source)),
        *_annotated("tobacco800", read_tobacco800(root)),
        *_annotated("rf100_color", read_rf100(root)),
        *_unsigned(root),
    ]


def _marked(source: str, page: MarkedPage) -> RolePage:
    return RolePage(
        page.image,
        source,
        f"{source}:{page.document}",
        page.width,
        page.height,
        page.signed,
        page.signed_by_initials_only,
        tuple(TrueMark(mark.box, mark.form, mark.signs) for mark in page.marks),
        is_complete=True,
    )


def _annotated(source: str, pages: Sequence[PageRecord]) -> Iterator[RolePage]:
    """Pages on which signatures are labelled; those of the published test split are held out."""
    for page in pages:
        with Image.open(page.image) as stored:
            width, height = stored.size
        yield RolePage(
            page.image,
            source + (HELD_OUT if page.split == "test" else ""),
            f"{source}:{page.group}",
            width,
            height,
            signed=bool(page.boxes),
            by_initials=False,
            marks=tuple(TrueMark(box, Label.SIGNATURE.value, signs=True) for box in page.boxes),
            is_complete=False,
        )


def _unsigned(root: Path) -> Iterator[RolePage]:
    """Pages flagged as unsigned; where a mark may sign all the same, nothing is known of the marks."""
    doubtful = json.loads(DOUBTFUL.read_text(encoding="utf-8"))["doubtful"]
    for case in unsigned_pages(root):
        image = root / "unsigned" / "images" / case.name
        with Image.open(image) as stored:
            width, height = stored.size
        known = not case.signed and case.name not in doubtful
        yield RolePage(
            image,
            "unsigned",
            f"unsigned:{case.name}",
            width,
            height,
            signed=case.signed,
            by_initials=False,
            marks=() if known else (TrueMark(Box(0, 0, width, height), UNCLEAR, signs=False),),
            is_complete=True,
        )

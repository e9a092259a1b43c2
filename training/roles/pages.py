"""The pages that roles are trained and measured on, and what is true of their marks."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from PIL import Image

from training.detector.marked import MARKED_SOURCES, MarkedPage, read_marked
from training.detector.readers import PageRecord, read_rf100, read_tobacco800
from training.detector.strokes import StrokeBook
from training.detector.testsets import rendered, unsigned_pages
from training.roles.decoys import decoy_page
from training.roles.drawn import INITIALS_UNTOLD, drawn_role_page
from training.synthesis.pages import DrawnPage
from worker.vision.choices import Label
from worker.vision.values import Box, Pixels

#: The source of pages that our own code draws.
DRAWN = "drawn"
#: The source of drawn pages with what is taken for signatures.
DECOYS = "decoys"
#: The form of a mark that nobody could tell.
UNCLEAR = "unclear"
#: Marks that sources leave out, labelled by hand: those that sign, and those of which nobody can tell.
JUDGED = Path(__file__).with_name("labels") / "marks.json"


@dataclass(frozen=True, slots=True)
class TrueMark:
    """One mark: its box in pixels of the stored image, its form as its source names it, whether it signs."""

    box: Box
    form: str
    signs: bool


#: By source and name of the image.
JudgedMarks = Mapping[tuple[str, str], tuple[TrueMark, ...]]


@dataclass(frozen=True, slots=True)
class PageTruth:
    """Where a page comes from and whether it is signed; None where the eye could not tell."""

    source: str
    document: str
    signed: bool | None
    by_initials: bool


@dataclass(frozen=True, slots=True)
class RolePage:
    """A page, what is true of its marks, in pixels of an image of that size, and what renders it."""

    truth: PageTruth
    read: Callable[[], Pixels]
    width: int
    height: int
    marks: tuple[TrueMark, ...]


def read_role_pages(root: Path) -> list[RolePage]:
    """All pages below `root`, the folder of detection sets, that no test set holds, source by source."""
    judged = judged_marks()
    return [
        *(_marked(source, page) for source in MARKED_SOURCES for page in read_marked(root, source)),
        *_annotated("tobacco800", read_tobacco800(root), judged),
        *_annotated("rf100_color", read_rf100(root), judged),
        *_unsigned(root, judged),
    ]


def judged_marks() -> JudgedMarks:
    """The marks in JUDGED by source and name of the image."""
    stored = json.loads(JUDGED.read_text(encoding="utf-8"))
    return {
        (source, image): tuple(TrueMark(Box(*mark["box"]), mark["form"], mark["signs"]) for mark in marks)
        for source, images in stored.items()
        if source != "note"
        for image, marks in images.items()
    }


def drawn_role_pages(data: Path | None, count: int, *, source: str = DRAWN) -> Iterator[RolePage]:
    """That many pages of DRAWN or DECOYS, each drawn when it is asked for; `data` may hold recorded hands."""
    book = StrokeBook.recorded(data)
    draw = decoy_page if source == DECOYS else drawn_role_page
    for index in range(count):
        layout, page = draw(index, book)
        height, width = page.pixels.shape[:2]
        marks = tuple(
            TrueMark(
                Box(*mark.box),
                UNCLEAR if mark.label == Label.INITIALS and layout in INITIALS_UNTOLD else mark.label,
                mark.signs,
            )
            for mark in page.marks
        )
        signed = any(mark.signs for mark in marks)
        truth = PageTruth(source, f"{source}:{index}", signed, by_initials=False)
        yield RolePage(truth, partial(_drawn, page), width, height, marks)


def _drawn(page: DrawnPage) -> Pixels:
    return page.pixels


def _stored(image: Path) -> Callable[[], Pixels]:
    return partial(_rendered, image)


def _rendered(image: Path) -> Pixels:
    return rendered(image.read_bytes())


def _marked(source: str, page: MarkedPage) -> RolePage:
    document = f"{source}:{page.document}"
    return RolePage(
        PageTruth(source, document, page.signed, page.signed_by_initials_only),
        _stored(page.image),
        page.width,
        page.height,
        tuple(TrueMark(mark.box, mark.form, mark.signs) for mark in page.marks),
    )


def _annotated(source: str, pages: Sequence[PageRecord], judged: JudgedMarks) -> Iterator[RolePage]:
    """Pages on which signatures are labelled, but for those of the published test split."""
    for page in (page for page in pages if page.split != "test"):
        with Image.open(page.image) as stored:
            width, height = stored.size
        signatures = (TrueMark(box, Label.SIGNATURE.value, signs=True) for box in page.boxes)
        marks = (*signatures, *judged.get((source, page.image.name), ()))
        signed = any(mark.signs for mark in marks)
        truth = PageTruth(source, f"{source}:{page.group}", signed, by_initials=signed and not page.boxes)
        yield RolePage(truth, _stored(page.image), width, height, marks)


def _unsigned(root: Path, judged: JudgedMarks) -> Iterator[RolePage]:
    """Pages flagged as unsigned by their source; a few are signed all the same."""
    for case in unsigned_pages(root):
        image = root / "unsigned" / "images" / case.name
        with Image.open(image) as stored:
            width, height = stored.size
        truth = PageTruth("unsigned", f"unsigned:{case.name}", case.signed, by_initials=False)
        yield RolePage(truth, _stored(image), width, height, judged.get(("unsigned", case.name), ()))

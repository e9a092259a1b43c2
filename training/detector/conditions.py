"""The same pages under other conditions: turned, askew, coarser, finer, in one bit, photographed."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np

from training.common.degradations import compressed, one_bit
from training.common.pixels import in_grey, resampled
from training.detector.drawn_test import SEED, marked
from training.detector.sheets import Marked
from training.detector.testsets import PageCase
from training.synthesis.camera import photograph
from training.synthesis.pages import DrawnMark, DrawnPage, random_page
from training.synthesis.scanner import Scanner, scan
from worker.vision.detection.orientation import turned, turned_box
from worker.vision.values import Box, Pixels

#: A page and what is on it.
Marks = tuple[Marked, ...]
Change = Callable[[Pixels, Marks], tuple[Pixels, Marks]]

DRAWN_PAGES, SCANNED_PAGES = 40, 60
#: Where the pages of this module begin among the seeds of the drawn test set.
_FIRST = 10_000
#: Drawn pages are drawn fine, and reduced to what an office scans with.
_FINE_DPI, _USUAL_DPI = 300.0, 200.0
#: Longer side of a letter in inches, by which scanned pages of any size are brought to a resolution.
_LETTER = 11.0


@dataclass(frozen=True, slots=True)
class PageCondition:
    """What is done to every page; `turns` says that it then lies on a side or upside down."""

    name: str
    change: Change
    turns: bool = False


@dataclass(frozen=True, slots=True)
class Family:
    """Pages, and the conditions that each of them is seen under."""

    name: str
    cases: tuple[PageCase, ...]
    conditions: tuple[PageCondition, ...]


def drawn_family() -> Family:
    """Signed pages drawn and scanned without a fault, in 300 dpi."""
    usual = partial(_scaled, _USUAL_DPI / _FINE_DPI)
    return Family(
        "drawn",
        tuple(PageCase(f"{index}", str(index), partial(_drawn, index)) for index in range(DRAWN_PAGES)),
        (
            PageCondition("200 dpi, colour", usual),
            *(PageCondition(f"{dpi} dpi", partial(_scaled, dpi / _FINE_DPI)) for dpi in (100, 150, 300, 600)),
            PageCondition("grey", _both(usual, _grey)),
            PageCondition("1-bit", _both(usual, _one_bit)),
            PageCondition("JPEG quality 20", _both(usual, _squeezed)),
            PageCondition("askew by 3°", _both(usual, partial(_askew, 3.0))),
            *(PageCondition(f"askew by {by}°", _both(usual, partial(_askew, float(by)))) for by in (6, 10)),
            *_turns(usual),
            PageCondition("photographed", _both(usual, _photographed)),
        ),
    )


def scanned_family(cases: Sequence[PageCase]) -> Family:
    """The first of those scanned pages."""
    return Family(
        "scanned",
        tuple(cases[:SCANNED_PAGES]),
        (
            PageCondition("as it is, 150–300 dpi, 1-bit", _unchanged),
            PageCondition("100 dpi, grey", partial(_resized, round(100 * _LETTER))),
            PageCondition("100 dpi, 1-bit", _both(partial(_resized, round(100 * _LETTER)), _one_bit)),
            PageCondition("600 dpi, grey", partial(_resized, round(600 * _LETTER))),
            PageCondition("askew by 3°", partial(_askew, 3.0)),
            *_turns(_unchanged),
        ),
    )


def _turns(first: Change) -> list[PageCondition]:
    return [
        PageCondition(f"turned by {turns * 90}°", _both(first, partial(_turned, turns)), turns=True)
        for turns in (1, 2, 3)
    ]


def _both(first: Change, then: Change) -> Change:
    def change(pixels: Pixels, marks: Marks) -> tuple[Pixels, Marks]:
        return then(*first(pixels, marks))

    return change


def _drawn(index: int) -> tuple[Pixels, Marks]:
    page = random_page(np.random.default_rng([SEED, _FIRST + index]), dpi=_FINE_DPI, signed=True)
    return page.pixels, marked(page)


def _unchanged(pixels: Pixels, marks: Marks) -> tuple[Pixels, Marks]:
    return pixels, marks


def _turned(turns: int, pixels: Pixels, marks: Marks) -> tuple[Pixels, Marks]:
    height, width = pixels.shape[:2]
    boxes = (turned_box(one.box, turns, width=width, height=height) for one in marks)
    return turned(pixels, turns), tuple(Marked(one.label, box) for one, box in zip(marks, boxes, strict=True))


def _grey(pixels: Pixels, marks: Marks) -> tuple[Pixels, Marks]:
    return in_grey(pixels), marks


def _one_bit(pixels: Pixels, marks: Marks) -> tuple[Pixels, Marks]:
    return one_bit(pixels, 150), marks


def _squeezed(pixels: Pixels, marks: Marks) -> tuple[Pixels, Marks]:
    return compressed(pixels, quality=20), marks


def _resized(longest: int, pixels: Pixels, marks: Marks) -> tuple[Pixels, Marks]:
    return _scaled(longest / max(pixels.shape[:2]), pixels, marks)


def _scaled(scale: float, pixels: Pixels, marks: Marks) -> tuple[Pixels, Marks]:
    size = (round(pixels.shape[1] * scale), round(pixels.shape[0] * scale))
    boxes = (Box(*(scale * number for number in (b.x, b.y, b.width, b.height))) for b in _boxes(marks))
    moved = tuple(Marked(one.label, box) for one, box in zip(marks, boxes, strict=True))
    return resampled(pixels, size), moved


def _askew(degrees: float, pixels: Pixels, marks: Marks) -> tuple[Pixels, Marks]:
    seen = scan(_paper(pixels, marks), Scanner(skew=degrees), np.random.default_rng(0))
    return seen.pixels, marked(seen)


def _photographed(pixels: Pixels, marks: Marks) -> tuple[Pixels, Marks]:
    # What is on the page seeds the photograph: every page has its own, the same each time.
    seen = photograph(_paper(pixels, marks), np.random.default_rng(int(pixels[::50, ::50].sum())))
    return seen.pixels, marked(seen)


def _paper(pixels: Pixels, marks: Marks) -> DrawnPage:
    """The page as synthesis knows it; hulls are the boxes' corners."""
    hulls = (
        ((b.x, b.y), (b.x + b.width, b.y), (b.x + b.width, b.y + b.height), (b.x, b.y + b.height))
        for b in _boxes(marks)
    )
    known = (DrawnMark(one.label.value, hull, signer="") for one, hull in zip(marks, hulls, strict=True))
    return DrawnPage(pixels, _USUAL_DPI, tuple(known))


def _boxes(marks: Marks) -> list[Box]:
    return [one.box for one in marks]

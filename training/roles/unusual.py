"""Drawn pages of unusual kinds, each kind by itself: signatures that are there, and marks that are none.

Every kind is drawn anew from a seed of its own. None of these pages trained or chose anything.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial

import cv2
import numpy as np

from training.common.console import StageNotice
from training.common.shares import Share
from training.detector.signed_pages import MARK_IOU
from training.detector.strokes import free_place
from training.synthesis import oddities, prose
from training.synthesis.ink import coverage, stain
from training.synthesis.layouts import Slot
from training.synthesis.marks import plot
from training.synthesis.pages import A4, Blank, DrawnPage, Entry, blank, complete, fill, signature_entry
from training.synthesis.scanner import Scanner, scan
from training.synthesis.strokes import InventedSigner, sign
from worker.vision.boxes import iou
from worker.vision.detection.detector import Detector
from worker.vision.detection.tiles import detect_closely
from worker.vision.values import Box, Grey, Pixels

_Rng = np.random.Generator
#: First number of every seed; trainings and tests use others.
SEED = 0x18_2026
PAGES = 30
#: Large sheets take a detector a dozen times as long as a page.
LARGE_SHEETS = 12
DPI = 200.0
_MM = DPI / 25.4
_LAYOUTS = ("letter", "signing_page", "form", "delivery_note")
_BLUE, _RED, _VIOLET, _BLACK = (40, 60, 160), (190, 40, 50), (110, 50, 140), (30, 30, 30)
_PADS = (_BLUE, _BLUE, _VIOLET, _RED, _BLACK)
#: Share of a free place that may be dark.
_FREE = 0.002
#: A mark may be found together with the stamp over it: its box is then so much larger.
_LOOSELY = 0.2


@dataclass(frozen=True, slots=True)
class UnusualPage:
    """A page, where it is signed (nowhere on one that is not), and its pixels per inch."""

    pixels: Pixels
    signed: tuple[Box, ...] = ()
    dpi: float = DPI


@dataclass(frozen=True, slots=True)
class UnusualKind:
    """One kind of page; `iou` is the overlap from which a mark is found."""

    name: str
    draw: Callable[[_Rng], UnusualPage]
    pages: int = PAGES
    iou: float = MARK_IOU


@dataclass(frozen=True, slots=True)
class Unusual:
    """How many signatures of a kind were found by a region that signs, or pages without any called signed."""

    kind: str
    share: Share


def measure_unusual(
    kinds: Sequence[UnusualKind], detector: Detector, notice: StageNotice, *, limit: int = 0
) -> list[Unusual]:
    """Each kind as it is served: the signatures found, or the pages called signed."""
    measured = []
    for kind in kinds:
        hits: list[bool] = []
        pages = min(kind.pages, limit) if limit else kind.pages
        for number in range(pages):
            page = unusual_page(kind, number)
            (regions,) = detect_closely(detector, [page.pixels], [page.dpi])
            signing = [region.box for region in regions if region.signs]
            if page.signed:
                hits += [any(iou(box, other) >= kind.iou for other in signing) for box in page.signed]
            else:
                hits.append(bool(signing))
            notice(kind.name, number + 1, pages)
        measured.append(Unusual(kind.name, Share(sum(hits), len(hits))))
    return measured


def unusual_page(kind: UnusualKind, number: int) -> UnusualPage:
    """That page of a kind: the same each time."""
    return kind.draw(np.random.default_rng([SEED, *kind.name.encode(), number]))


def _paper(rng: _Rng) -> tuple[Blank, InventedSigner]:
    signer = InventedSigner.from_seed(int(rng.integers(2**31)))
    layout = _LAYOUTS[int(rng.integers(len(_LAYOUTS)))]
    return blank(layout, rng, names=[signer.name, signer.name], dpi=DPI), signer


def _place(paper: Blank, rng: _Rng) -> Slot:
    slots = [slot for slot in paper.slots if slot.kind == "signature"]
    return slots[int(rng.integers(len(slots)))] if slots else Slot("signature", 90, 620, 200, 40)


def _signed(rng: _Rng) -> DrawnPage:
    """A page signed once, and dated."""
    paper, signer = _paper(rng)
    dates = [slot for slot in paper.slots if slot.kind == "handwritten_date"]
    return fill(
        paper, [*complete(dates, [signer, signer], rng), signature_entry(_place(paper, rng), signer, rng)]
    )


def _boxes(page: DrawnPage) -> tuple[Box, ...]:
    return tuple(Box(*mark.box) for mark in page.marks if mark.signs)


def _seen(page: DrawnPage) -> UnusualPage:
    return UnusualPage(page.pixels, _boxes(page))


def _laid(pixels: Pixels, ink: Grey, x: float, y: float, colour: tuple[int, int, int]) -> Box:
    """Lay coverage onto a page in place, its corner at (x, y) as far as it fits; where it came to lie."""
    height, width = (min(have, room) for have, room in zip(ink.shape, pixels.shape, strict=False))
    left, top = (
        int(np.clip(at, 0, room - size))
        for at, room, size in ((x, pixels.shape[1], width), (y, pixels.shape[0], height))
    )
    stain(
        pixels[top : top + height, left : left + width],
        ink[:height, :width].astype(np.float32) / np.float32(255),
        colour,
    )
    rows, columns = (
        np.nonzero(ink[:height, :width].max(axis=1) > 60)[0],
        np.nonzero(ink[:height, :width].max(axis=0) > 60)[0],
    )
    return Box(left + int(columns[0]), top + int(rows[0]), int(np.ptp(columns)) + 1, int(np.ptp(rows)) + 1)


def _stamped(draw: Callable[..., Grey], millimetres: tuple[float, float], rng: _Rng) -> UnusualPage:
    """A stamp over the signature or touching it."""
    page = _signed(rng)
    (box,) = _boxes(page)[:1]
    ink = draw(rng, side=round(rng.uniform(*millimetres) * _MM))
    ink = np.asarray(ink * rng.uniform(0.55, 0.95), np.uint8)
    across, down = rng.uniform(-0.1, 1.1), rng.uniform(0.1, 0.9)
    x, y = box.x + across * box.width - ink.shape[1] / 2, box.y + down * box.height - ink.shape[0] / 2
    _laid(page.pixels, ink, x, y, _PADS[int(rng.integers(len(_PADS)))])
    return _seen(page)


def _negative(rng: _Rng) -> UnusualPage:
    page = _seen(_signed(rng))
    return replace(page, pixels=np.asarray(255 - page.pixels, np.uint8))


def _on_dark(rng: _Rng) -> UnusualPage:
    """Light ink in a dark field."""
    page = _signed(rng)
    (box,) = _boxes(page)[:1]
    margin = rng.uniform(0.15, 0.6) * box.height
    left, top = int(max(0, box.x - margin)), int(max(0, box.y - margin))
    window = page.pixels[top : int(box.y + box.height + margin), left : int(box.x + box.width + margin)]
    window[:] = np.clip(255 - window.astype(np.int16) + int(rng.integers(0, 60)), 0, 255)
    return _seen(page)


def _small(rng: _Rng) -> UnusualPage:
    """A signature of 8 to 15 mm."""
    paper, signer = _paper(rng)
    slot = _place(paper, rng)
    width = rng.uniform(8, 15) * 72 / 25.4
    return _seen(fill(paper, [signature_entry(replace(slot, width=width, height=width), signer, rng)]))


def _slip(rng: _Rng) -> UnusualPage:
    """A page of A6 on the glass of an A4 scanner."""
    page = _signed(rng)
    share = rng.uniform(0.45, 0.55)
    small = cv2.resize(page.pixels, None, fx=share, fy=share, interpolation=cv2.INTER_AREA)
    sheet = np.full_like(page.pixels, int(rng.integers(225, 256)))
    x, y = (
        int(rng.integers(0, have - size))
        for have, size in zip(sheet.shape[1::-1], small.shape[1::-1], strict=True)
    )
    sheet[y : y + small.shape[0], x : x + small.shape[1]] = small
    sheet[y : y + small.shape[0], max(0, x - 2) : x + 1] = 190
    return UnusualPage(
        sheet,
        tuple(Box(x + share * b.x, y + share * b.y, share * b.width, share * b.height) for b in _boxes(page)),
    )


def _large(rng: _Rng) -> UnusualPage:
    """A drawing of A2 to A0 that is signed in its title block."""
    times = (2.0, 2.83, 4.0)[int(rng.integers(3))]
    width, height = round(times * A4[1] / 72 * DPI * 0.75), round(times * A4[0] / 72 * DPI * 0.75)
    pixels = np.full((height, width, 3), 255, np.uint8)
    for _ in range(int(rng.integers(20, 60))):
        ends = rng.uniform((0.03, 0.03), (0.75, 0.9), (2, 2)) * (width, height)
        ends[1, int(rng.integers(2))] = ends[0, int(rng.integers(2))]
        start, end = (tuple(map(int, corner)) for corner in ends)
        cv2.line(pixels, start, end, (60, 60, 60), 2)
    block, mm = (round(0.8 * width), round(0.8 * height)), 0.75 * _MM
    cv2.rectangle(pixels, block, (width - 40, height - 40), (0, 0, 0), 4)
    for row, words in enumerate(("Drawing", "Scale 1:50", "Approved:")):
        _print(pixels, words, (block[0] + 20, round(block[1] + (12 + 12 * row) * mm)), mm)
    signer = InventedSigner.from_seed(int(rng.integers(2**31)))
    place = (block[0] + 20 + 22 * mm, block[1] + 28 * mm)
    return UnusualPage(pixels, (_written(pixels, signer, place, mm, rng),), dpi=0.75 * DPI)


def _print(pixels: Pixels, words: str, place: tuple[int, int], mm: float) -> None:
    """Words in print of about 3 mm, in place; `place` is the left end of their baseline."""
    cv2.putText(pixels, words, place, cv2.FONT_HERSHEY_SIMPLEX, 0.13 * mm, (30, 30, 30), 2, cv2.LINE_AA)


def _written(
    pixels: Pixels, signer: InventedSigner, corner: tuple[float, float], mm: float, rng: _Rng
) -> Box:
    """Sign on a page in place, true to scale, at that corner."""
    return _laid(pixels, _ink_of(signer, mm, rng), *corner, signer.pen.ink)


def _ink_of(signer: InventedSigner, mm: float, rng: _Rng) -> Grey:
    strokes = sign(signer, rng)
    left, top, right, bottom = strokes.bounds
    placed = strokes.placed(scale=mm, x=(2 - left) * mm, y=(2 - top) * mm)
    shape = (round((bottom - top + 4) * mm), round((right - left + 4) * mm))
    return np.asarray(coverage(placed, shape=shape, pen_width=signer.pen.width * mm) * 255, np.uint8)


def _roll(rng: _Rng) -> UnusualPage:
    """A receipt 80 mm wide and 0.5 to 1.2 m long, signed at its end."""
    pixels = np.full((round(rng.uniform(500, 1200) * _MM), round(80 * _MM), 3), 255, np.uint8)
    for y in range(60, pixels.shape[0] - round(60 * _MM), 44):
        text = (
            f"{int(rng.integers(1, 9))} x item {int(rng.integers(1000, 9999))}     {rng.uniform(1, 99):.2f}"
        )
        cv2.putText(pixels, text, (40, y), cv2.FONT_HERSHEY_SIMPLEX, 0.8, (40, 40, 40), 2, cv2.LINE_AA)
    signer = InventedSigner.from_seed(int(rng.integers(2**31)))
    line = pixels.shape[0] - round(rng.uniform(18, 30) * _MM)
    cv2.line(pixels, (40, line), (pixels.shape[1] - 40, line), (40, 40, 40), 2)
    _print(pixels, prose.pick(("Signature", "Customer", "Received"), rng), (40, line + 40), _MM * 0.8)
    corner = (rng.uniform(20, 160), line - rng.uniform(12, 16) * _MM)
    return UnusualPage(pixels, (_written(pixels, signer, corner, _MM, rng),))


def _askew(degrees: float, rng: _Rng) -> UnusualPage:
    return _seen(scan(_signed(rng), Scanner(skew=degrees * float(rng.choice([-1, 1]))), rng))


def _unsigned(rng: _Rng) -> tuple[Blank, Pixels]:
    paper, _ = _paper(rng)
    return paper, paper.pixels.copy()


def _vertical(rng: _Rng) -> UnusualPage:
    """Written upwards in a free place of an upright page."""
    _, pixels = _unsigned(rng)
    signer = InventedSigner.from_seed(int(rng.integers(2**31)))
    ink = np.ascontiguousarray(np.rot90(_ink_of(signer, _MM, rng), int(rng.choice([1, 3]))))
    x, y = _free(pixels, ink, rng)
    return UnusualPage(pixels, (_laid(pixels, ink, x, y, signer.pen.ink),))


def _free(pixels: Pixels, ink: Grey, rng: _Rng) -> tuple[int, int]:
    """A free place; the lower right where there is none."""
    return free_place(pixels, ink.shape, rng, dark=_FREE, tries=100) or (
        pixels.shape[1] - ink.shape[1] - 20,
        pixels.shape[0] - ink.shape[0] - 20,
    )


def _typed(rng: _Rng) -> UnusualPage:
    paper, signer = _paper(rng)
    slot, pixels = _place(paper, rng), paper.pixels.copy()
    ink = oddities.typed_signature(signer.name, rng, width=round(rng.uniform(45, 70) * _MM))
    box = _laid(pixels, ink, slot.x * DPI / 72, slot.y * DPI / 72 - 0.8 * ink.shape[0], (20, 20, 60))
    return UnusualPage(pixels, (box,))


def _crossed(rng: _Rng) -> UnusualPage:
    paper, signer = _paper(rng)
    entry = Entry(_place(paper, rng), oddities.cross(rng), signer.pen, signer.name)
    return _seen(fill(paper, [entry]))


def _thumbed(rng: _Rng) -> UnusualPage:
    paper, _ = _paper(rng)
    slot, pixels = _place(paper, rng), paper.pixels.copy()
    ink = oddities.thumb_print(rng, side=round(rng.uniform(14, 19) * _MM))
    colour = (_BLUE, _BLACK, _VIOLET)[int(rng.integers(3))]
    box = _laid(pixels, ink, slot.x * DPI / 72 + 30, slot.y * DPI / 72 - 0.6 * ink.shape[0], colour)
    return UnusualPage(pixels, (box,))


def _struck(rng: _Rng) -> UnusualPage:
    """One straight line through an empty place to sign."""
    paper, pixels = _unsigned(rng)
    slot, scale = _place(paper, rng), DPI / 72
    left, right = slot.x + rng.uniform(0, 0.2) * slot.width, slot.x + rng.uniform(0.6, 1) * slot.width
    top, bottom = slot.y - slot.height * rng.uniform(-0.2, 0.6, 2)
    start, end = (round(left * scale), round(top * scale)), (round(right * scale), round(bottom * scale))
    cv2.line(pixels, start, end, (30, 30, int(rng.integers(30, 120))), int(rng.integers(2, 6)), cv2.LINE_AA)
    return UnusualPage(pixels)


def _shown_through(rng: _Rng) -> UnusualPage:
    """Nobody signed here; the back, mirrored, is signed."""
    paper, _ = _paper(rng)
    front = DrawnPage(paper.pixels.copy(), DPI)
    seen = scan(front, Scanner(bleed=float(rng.uniform(0.12, 0.35)), blur=0.6), rng, back=_signed(rng).pixels)
    return UnusualPage(seen.pixels)


def _with(draw: Callable[[_Rng], Grey], rng: _Rng) -> UnusualPage:
    """An unsigned page with a mark of print in a free place."""
    _, pixels = _unsigned(rng)
    ink = draw(rng)
    x, y = _free(pixels, ink, rng)
    _laid(pixels, ink, x, y, _BLACK)
    return UnusualPage(pixels)


def _plotted(rng: _Rng) -> Grey:
    by = rng.uniform(0.8, 2.2)
    return np.asarray(cv2.resize(plot(rng), None, fx=by, fy=by), np.uint8)


#: Signatures that are there.
THERE = (
    UnusualKind("thumb print", _thumbed, iou=_LOOSELY),
    UnusualKind("X mark", _crossed),
    UnusualKind("typed electronic signature", _typed, iou=_LOOSELY),
    UnusualKind(
        "under or touching a round stamp", partial(_stamped, oddities.round_stamp, (28, 42)), iou=_LOOSELY
    ),
    UnusualKind(
        "under or touching an oblong stamp", partial(_stamped, oddities.oblong_stamp, (40, 60)), iou=_LOOSELY
    ),
    UnusualKind("light on dark", _on_dark),
    UnusualKind("negative page", _negative),
    UnusualKind("8 to 15 mm wide", _small),
    UnusualKind("slip of A6 on A4", _slip),
    UnusualKind("sheet of A2 to A0", _large, LARGE_SHEETS),
    UnusualKind("receipt of 0.5 to 1.2 m", _roll),
    UnusualKind("askew by 7°", partial(_askew, 7.0)),
    UnusualKind("askew by 12°", partial(_askew, 12.0)),
    UnusualKind("vertical on an upright page", _vertical),
)
#: Marks that are none, on pages that nobody signed.
NONE_THERE = (
    UnusualKind("a line through an empty place to sign", _struck),
    UnusualKind("a signed back that shows through, mirrored", _shown_through),
    UnusualKind("plots", partial(_with, _plotted)),
    UnusualKind("logos", partial(_with, lambda rng: oddities.logo(rng, side=int(rng.integers(90, 260))))),
    UnusualKind(
        "broken lines",
        partial(_with, lambda rng: oddities.broken_line(rng, width=int(rng.integers(200, 900)))),
    ),
    UnusualKind(
        "large digits",
        partial(_with, lambda rng: oddities.large_digits(rng, height=int(rng.integers(80, 320)))),
    ),
)

"""Drawn pages that train on what is taken for a signature, and on marks that are easily missed.

Charts, emblems, large letters and backs that show through stand on signed and unsigned pages alike, so that
no such page tells by itself. Layouts and shapes are others than those of `unusual`, which measures.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import cv2
import numpy as np

from training.detector.strokes import StrokeBook, free_place
from training.roles.drawn import crossed_strokes
from training.synthesis.agreements import AGREEMENTS
from training.synthesis.decoys import decoy, ridges
from training.synthesis.ink import INKS, PenStrokes, stain
from training.synthesis.layouts import Slot
from training.synthesis.memos import MEMOS
from training.synthesis.office import EVERY_LAYOUT
from training.synthesis.pages import Blank, DrawnMark, DrawnPage, Entry, blank, complete, fill
from training.synthesis.scanner import random_scanner, scan
from training.synthesis.strokes import InventedSigner
from worker.vision.values import Grey, Pixels

_Rng = np.random.Generator
#: First number of every seed here; tests and other trainings use others.
SEED = 0x21DEC0
#: The layouts of the pages that measure.
_MEASURED = ("letter", "signing_page", "form", "delivery_note")
LAYOUTS = tuple(name for name in (*EVERY_LAYOUT, *AGREEMENTS, *MEMOS) if name not in _MEASURED)
_CAPTIONS = ("X", "Sign here", "Name", "Accepted")
_MM_PER_INCH, _POINTS_PER_MM = 25.4, 72 / 25.4


@dataclass(frozen=True, slots=True)
class _Sheet:
    """A printed page before anybody writes, who may sign it, and recorded hands if there are any."""

    layout: str
    paper: Blank
    signers: tuple[InventedSigner, ...]
    book: StrokeBook | None


def decoy_page(index: int, book: StrokeBook | None, *, seed: int = SEED) -> tuple[str, DrawnPage]:
    """A layout and a page of it as a scanner delivers it; every number gives another one."""
    rng = np.random.default_rng([seed, index])
    kinds: tuple[Callable[[_Sheet, _Rng], DrawnPage], ...] = (
        *(_decorated,) * 8,
        *(_shown_through,) * 5,
        *(_small,) * 4,
        *(_voucher,) * 2,
        _crossed,
        _thumbed,
    )
    sheet = _sheet(book, rng)
    page = kinds[int(rng.integers(len(kinds)))](sheet, rng)
    return sheet.layout, scan(page, random_scanner(rng), rng) if rng.random() < 0.6 else page


def _sheet(book: StrokeBook | None, rng: _Rng) -> _Sheet:
    layout = LAYOUTS[int(rng.integers(len(LAYOUTS)))]
    signers = tuple(InventedSigner.from_seed(int(number)) for number in rng.integers(0, 2**31, 2))
    names = [signer.name for signer in signers]
    paper = blank(layout, rng, names=names, dpi=float(rng.uniform(100, 200)))
    return _Sheet(layout, paper, signers, book)


def _decorated(sheet: _Sheet, rng: _Rng) -> DrawnPage:
    """One to three figures in free places; two in five such pages are signed."""
    page = _written(sheet, rng, signed=rng.random() < 0.4)
    for _ in range(int(rng.integers(1, 4))):
        figure = decoy(rng, side=round(_pixels(sheet.paper, rng.uniform(12, 110))))
        _laid(page.pixels, figure, rng)
    return page


def _shown_through(sheet: _Sheet, rng: _Rng) -> DrawnPage:
    """A signed back shows through, mirrored and paler; half of the fronts are signed, too."""
    page = _written(sheet, rng, signed=rng.random() < 0.5)
    other = _sheet(sheet.book, rng)
    mirrored = _written(other, rng, signed=True).pixels[:, ::-1]
    back = cv2.resize(mirrored, page.pixels.shape[1::-1], interpolation=cv2.INTER_AREA)
    seen = cv2.GaussianBlur(back, (0, 0), rng.uniform(0.4, 2.0)).astype(np.float32)
    cloud = cv2.resize(rng.uniform(0.6, 1.2, (8, 6)), page.pixels.shape[1::-1])[..., None]
    paled = 255 - (255 - seen) * cloud * rng.uniform(0.08, 0.5)
    return replace(page, pixels=np.asarray(page.pixels * (paled / 255), np.uint8))


def _small(sheet: _Sheet, rng: _Rng) -> DrawnPage:
    """Signatures 6 to 16 millimetres wide."""
    return _written(sheet, rng, signed=True, width=float(rng.uniform(6, 16)))


def _voucher(sheet: _Sheet, rng: _Rng) -> DrawnPage:
    """A narrow slip with rows of figures; two in three are signed at the foot."""
    shape = [round(_pixels(sheet.paper, side)) for side in (rng.uniform(110, 260), rng.uniform(65, 110))]
    pixels = np.full((*shape, 3), 255, np.uint8)
    height, width = shape
    size, foot = rng.uniform(2.2, 3.2), round(_pixels(sheet.paper, rng.uniform(14, 40)))
    scale = _pixels(sheet.paper, size) / 22
    first, step = (round(_pixels(sheet.paper, length)) for length in (8, 1.8 * size))
    for y in range(first, height - 2 * foot, step):
        words = f"{rng.integers(10, 9999):>5} {'#' if rng.random() < 0.2 else ''} {rng.uniform(1, 200):.2f}"
        _printed(pixels, words, (round(width * 0.08), y), scale)
    _printed(pixels, _CAPTIONS[int(rng.integers(4))], (round(width * 0.06), height - foot), scale)
    line = (round(width * 0.2), height - foot), (round(width * 0.92), height - foot)
    cv2.line(pixels, *line, (80,) * 3, 1)
    left, base, long = (72 / sheet.paper.dpi * at for at in (0.24 * width, height - foot - 2, 0.6 * width))
    slip = replace(sheet, paper=Blank(pixels, sheet.paper.dpi, (Slot("signature", left, base, long, 40),)))
    return _written(slip, rng, signed=rng.random() < 0.67)


def _printed(pixels: Pixels, words: str, place: tuple[int, int], scale: float) -> None:
    """Words in print, in place; `place` is the left end of their baseline."""
    cv2.putText(pixels, words, place, cv2.FONT_HERSHEY_DUPLEX, scale, (50,) * 3, 1, cv2.LINE_AA)


def _crossed(sheet: _Sheet, rng: _Rng) -> DrawnPage:
    """A cross in place of a signature."""
    entries = []
    for slot in _places(sheet.paper):
        signer = sheet.signers[slot.party]
        entries.append(Entry(slot, PenStrokes(crossed_strokes(rng)), signer.pen, signer.name))
    return fill(sheet.paper, entries)


def _thumbed(sheet: _Sheet, rng: _Rng) -> DrawnPage:
    """The print of a finger in place of a signature."""
    pixels, marks, scale = sheet.paper.pixels.copy(), [], sheet.paper.dpi / 72
    for slot in _places(sheet.paper)[:1]:
        ink = ridges(rng, side=round(_pixels(sheet.paper, rng.uniform(13, 22))))
        left = round(slot.x * scale + rng.uniform(0, 0.4) * slot.width * scale)
        top = round(slot.y * scale - rng.uniform(0.5, 1.0) * ink.shape[0])
        window = pixels[top : top + ink.shape[0], left : left + ink.shape[1]]
        height, width = window.shape[:2]
        covered = ink[:height, :width].astype(np.float32) / np.float32(255)
        stain(window, covered, INKS[int(rng.integers(len(INKS)))])
        hull = ((left, top), (left + width, top), (left + width, top + height), (left, top + height))
        marks.append(DrawnMark("signature", hull, sheet.signers[slot.party].name))
    return DrawnPage(pixels, sheet.paper.dpi, tuple(marks))


def _places(paper: Blank) -> list[Slot]:
    """Places to sign; one in the lower half where the layout has none."""
    return [slot for slot in paper.slots if slot.kind == "signature"] or [Slot("signature", 80, 600, 180, 40)]


def _written(sheet: _Sheet, rng: _Rng, *, signed: bool, width: float = 0.0) -> DrawnPage:
    """What the parties write: all, or nothing that signs; signatures of `width` millimetres if given."""
    slots = [slot for slot in sheet.paper.slots if signed or not (slot.kind == "signature" or slot.signs)]
    if width:
        slots = [_narrowed(slot, width) for slot in slots]
    entries = complete(slots, sheet.signers, rng, fields=rng.random() < 0.5)
    return fill(sheet.paper, [_by_hand(entry, sheet.book, rng) for entry in entries])


def _narrowed(slot: Slot, width: float) -> Slot:
    if slot.kind != "signature":
        return slot
    return replace(slot, width=width * _POINTS_PER_MM, height=0.8 * width * _POINTS_PER_MM)


def _by_hand(entry: Entry, book: StrokeBook | None, rng: _Rng) -> Entry:
    """Most sign in a recorded hand."""
    if book is None or entry.slot.kind not in {"signature", "initials"} or rng.random() < 0.35:
        return entry
    return replace(entry, strokes=book.signed(rng) if entry.slot.kind == "signature" else book.begun(rng))


def _laid(pixels: Pixels, figure: Grey, rng: _Rng) -> None:
    """Lay a figure onto some free place in black or a colour, in place; nothing where there is none."""
    place = free_place(pixels, figure.shape, rng, dark=0.004, tries=60)
    if place is None:
        return
    x, y = place
    window = pixels[y : y + figure.shape[0], x : x + figure.shape[1]]
    colour = (20, 20, 20) if rng.random() < 0.6 else tuple(int(level) for level in rng.integers(0, 150, 3))
    stain(window, figure.astype(np.float32) / np.float32(255), (colour[0], colour[1], colour[2]))


def _pixels(paper: Blank, millimetres: float) -> float:
    return millimetres * paper.dpi / _MM_PER_INCH

"""Drawn pages for the roles: initials that sign and initials that do not, empty lines, strayed strokes.

Public pages are of the past century or few; these show what they lack: film frames, folded corners,
photographs, crosses instead of names, lines struck through the place to sign.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import cv2
import numpy as np
import numpy.typing as npt

from training.detector.strokes import StrokeBook, free_place
from training.synthesis.agreements import AGREEMENTS
from training.synthesis.camera import photograph
from training.synthesis.edits import margin_notes
from training.synthesis.frames import folded, framed
from training.synthesis.ink import PenStrokes, stain
from training.synthesis.kinematics import Trace
from training.synthesis.layouts import Slot
from training.synthesis.marks import pen_mark, plot
from training.synthesis.memos import MEMOS
from training.synthesis.office import EVERY_LAYOUT
from training.synthesis.pages import (
    A4,
    LETTER,
    Blank,
    DrawnPage,
    Entry,
    blank,
    complete,
    fill,
    handwriting_entry,
)
from training.synthesis.scanner import random_scanner, scan
from training.synthesis.strokes import InventedSigner
from worker.vision.values import Grey

_Rng = np.random.Generator
_Point = npt.NDArray[np.float64]
#: First number of every seed here; tests and other trainings use others.
SEED = 0x20135
#: Layouts on which initials may sign or not: nobody can tell.
INITIALS_UNTOLD = ("approvals", "acceptance")


def drawn_role_page(index: int, book: StrokeBook | None, *, seed: int = SEED) -> tuple[str, DrawnPage]:
    """A layout and a page of it as scanner or camera deliver it; every number gives another one."""
    rng = np.random.default_rng([seed, index])
    names = tuple(MEMOS) if rng.random() < 0.4 else (*EVERY_LAYOUT, *AGREEMENTS)
    layout = names[int(rng.integers(len(names)))]
    signers = [InventedSigner.from_seed(int(number)) for number in rng.integers(0, 2**31, 2)]
    size = A4 if rng.random() < 0.6 else LETTER
    paper = blank(
        layout, rng, names=[signer.name for signer in signers], dpi=float(rng.uniform(100, 200)), size=size
    )
    page = fill(paper, _entries(paper, signers, book, rng))
    return layout, _delivered(_scribbled(page, paper, signers, rng), rng)


def _entries(
    paper: Blank, signers: Sequence[InventedSigner], book: StrokeBook | None, rng: _Rng
) -> list[Entry]:
    """What is written into the slots: all, or nothing that signs."""
    signed, fields = rng.random() < 0.55, rng.random() < 0.5
    slots = [slot for slot in paper.slots if signed or not (slot.kind == "signature" or slot.signs)]
    return [_written(entry, book, rng) for entry in complete(slots, signers, rng, fields=bool(fields))]


def _written(entry: Entry, book: StrokeBook | None, rng: _Rng) -> Entry:
    """Some sign in a recorded hand, a few with a cross."""
    if entry.slot.kind not in {"signature", "initials"}:
        return entry
    if entry.slot.kind == "signature" and rng.random() < 0.06:
        return replace(entry, strokes=PenStrokes(crossed_strokes(rng)), label="initials")
    if book is None or rng.random() < 0.4:
        return entry
    return replace(entry, strokes=book.signed(rng) if entry.slot.kind == "signature" else book.begun(rng))


def crossed_strokes(rng: _Rng) -> tuple[Trace, ...]:
    """Two strokes in millimetres around the start of their baseline."""
    side, wobble = rng.uniform(5, 12), rng.normal(0, 0.6, 8)
    ends = np.array([[0, -side, side, 0], [0, 0, side, -side]]) + wobble.reshape(2, 4)
    return tuple(_stroke(line[:2], line[2:]) for line in ends)


def _stroke(start: _Point, end: _Point) -> Trace:
    share = np.linspace(0, 1, 24)[:, None]
    bend = np.sin(np.pi * share) * 0.03 * float(np.hypot(*(end - start)))
    points = start + share * (end - start) + bend
    return np.column_stack([points, share[:, 0] * 0.3, np.full(24, 0.8)])


def _scribbled(page: DrawnPage, paper: Blank, signers: Sequence[InventedSigner], rng: _Rng) -> DrawnPage:
    """Notes, pen marks, curves of plots, and a line through a place to sign that stayed empty."""
    if rng.random() < 0.3:
        places = margin_notes(page.pixels, rng, dpi=page.dpi, count=int(rng.integers(1, 3)))
        notes = [handwriting_entry(slot, text, signers[1], rng) for slot, text in places]
        noted = fill(Blank(page.pixels, page.dpi, ()), notes)
        page = replace(noted, marks=page.marks + noted.marks)
    if rng.random() < 0.3:
        _overlaid(page, pen_mark(rng) if rng.random() < 0.7 else plot(rng), rng)
    empty = [slot for slot in paper.slots if slot.kind == "signature"]
    if empty and not any(mark.signs for mark in page.marks) and rng.random() < 0.4:
        _struck(page, empty[int(rng.integers(len(empty)))], rng)
    return page


def _overlaid(page: DrawnPage, mask: Grey, rng: _Rng) -> None:
    """Lay coverage onto some nearly free place, in place."""
    share = float(rng.uniform(0.08, 0.3)) * page.pixels.shape[1] / mask.shape[1]
    small = cv2.resize(mask, None, fx=share, fy=share, interpolation=cv2.INTER_AREA)
    place = free_place(page.pixels, small.shape, rng)
    if place is not None:
        x, y = place
        window = page.pixels[y : y + small.shape[0], x : x + small.shape[1]]
        stain(window, small.astype(np.float32) / np.float32(255), (30, 30, 60))


def _struck(page: DrawnPage, slot: Slot, rng: _Rng) -> None:
    """One straight stroke or scratch across a place to sign, in place."""
    scale = page.dpi / 72
    left, top = slot.x - 10 * rng.random(), slot.y - slot.height * rng.uniform(-0.1, 1.4)
    right = slot.x + slot.width * rng.uniform(0.5, 1.1)
    bottom = top + slot.height * rng.uniform(-0.3, 1.6) * rng.choice([0, 1])
    ends = [tuple(round(number * scale) for number in end) for end in ((left, top), (right, bottom))]
    tone = int(rng.integers(0, 150))
    cv2.line(page.pixels, ends[0], ends[1], (tone,) * 3, int(rng.integers(1, 4)), cv2.LINE_AA)


def _delivered(page: DrawnPage, rng: _Rng) -> DrawnPage:
    """Framed, folded, photographed or scanned."""
    if rng.random() < 0.12:
        page = framed(page, rng, share=float(rng.uniform(0.55, 0.9)))
    elif rng.random() < 0.15:
        page = folded(page, rng, share=float(rng.uniform(0.08, 0.2)))
    if rng.random() < 0.15:
        return photograph(page, rng)
    return scan(page, random_scanner(rng), rng) if rng.random() < 0.8 else page

# mypy: disable-error-code="no-untyped-call"
"""Pages: print with handwriting in its places, and the true box of everything that was put on."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from io import BytesIO

import cv2
import numpy as np
import numpy.typing as npt
import pymupdf
from PIL import Image

from training.synthesis import prose
from training.synthesis.agreements import AGREEMENTS, thinned
from training.synthesis.edits import Rectangle, margin_notes, redact
from training.synthesis.ink import PenStrokes, Pixels, coverage, stain
from training.synthesis.layouts import Slot
from training.synthesis.memos import MEMOS
from training.synthesis.office import EVERY_LAYOUT
from training.synthesis.strokes import InventedSigner, Pen, forge, sign, write_text

_Rng = np.random.Generator
A4 = (595.0, 842.0)
LETTER = (612.0, 792.0)
_POINTS_PER_MM = 72 / 25.4


@dataclass(frozen=True, slots=True)
class DrawnMark:
    """Something written on a page: its label, its hull in pixels of the page, who wrote it and how.

    `truth` is "genuine" or "forged" (for `signer`, whose hand it is or pretends to be). `approves` says
    whether initials or a cross stand for a signature.
    """

    label: str
    hull: tuple[tuple[float, float], ...]
    signer: str
    truth: str = "genuine"
    approves: bool = False

    @property
    def signs(self) -> bool:
        """Whether it signs its page."""
        return self.label == "signature" or self.approves

    def moved(self, matrix: npt.NDArray[np.float64]) -> DrawnMark:
        """The same mark after an affine map of its page, (2, 3)."""
        points = np.array(self.hull) @ matrix[:, :2].T + matrix[:, 2]
        return replace(self, hull=tuple((float(x), float(y)) for x, y in points))

    @property
    def box(self) -> tuple[float, float, float, float]:
        """x, y, width and height of the smallest upright box around the ink, in pixels."""
        points = np.array(self.hull)
        (left, top), (right, bottom) = points.min(axis=0), points.max(axis=0)
        return float(left), float(top), float(right - left), float(bottom - top)


@dataclass(frozen=True, slots=True, eq=False)
class DrawnPage:
    """One page image and the marks on it."""

    pixels: Pixels
    dpi: float
    marks: tuple[DrawnMark, ...] = ()


@dataclass(frozen=True, slots=True)
class Entry:
    """What somebody puts into a slot; the strokes are in millimetres around the start of their baseline."""

    slot: Slot
    strokes: PenStrokes
    pen: Pen
    signer: str
    truth: str = "genuine"
    label: str = ""


@dataclass(frozen=True, slots=True, eq=False)
class Blank:
    """A printed page that nobody has written on: pixels, and slots in points."""

    pixels: Pixels
    dpi: float
    slots: tuple[Slot, ...]


def blank(
    layout: str, rng: _Rng, *, names: Sequence[str], dpi: float = 200, size: tuple[float, float] = A4
) -> Blank:
    """Print one page of a layout; `names` are the parties whose names are printed."""
    with pymupdf.open() as document:
        page = document.new_page(width=size[0], height=size[1])
        slots = (EVERY_LAYOUT | AGREEMENTS | MEMOS)[layout](page, rng, names)
        picture = page.get_pixmap(dpi=round(dpi), alpha=False)
        pixels = np.frombuffer(picture.samples, np.uint8).reshape(picture.height, picture.width, 3)
        return Blank(pixels, dpi, tuple(slots))


def fill(paper: Blank, entries: Iterable[Entry]) -> DrawnPage:
    """A copy of the printed page with the entries written on it."""
    pixels = paper.pixels.copy()
    marks = [_inked(pixels, entry, paper.dpi) for entry in entries]
    return DrawnPage(pixels, paper.dpi, tuple(marks))


def signature_entry(slot: Slot, signer: InventedSigner, rng: _Rng, *, forged: bool = False) -> Entry:
    """The signer's name in the slot: by their own hand, or by a forger who imitates it."""
    strokes = forge(signer, rng) if forged else sign(signer, rng)
    pen = replace(signer.pen, width=max(signer.pen.width, 0.5)) if forged else signer.pen
    return Entry(_loosely(slot, rng), strokes, pen, signer.name, "forged" if forged else "genuine")


def handwriting_entry(slot: Slot, text: str, signer: InventedSigner, rng: _Rng) -> Entry:
    """Plain handwriting (a date, initials, a field of a form) in the slot."""
    return Entry(_loosely(slot, rng), write_text(text, signer, rng), signer.pen, signer.name)


def complete(
    slots: Iterable[Slot],
    signers: Sequence[InventedSigner],
    rng: _Rng,
    *,
    day: prose.Day | None = None,
    fields: bool = True,
) -> list[Entry]:
    """What the parties write on a page: signatures, initials and dates, and with `fields` the rest.

    The first party signs on `day`, the others up to a week later.
    """
    entries = []
    day = day or prose.some_day(rng)
    for slot in slots:
        signer = signers[slot.party]
        if slot.kind == "signature":
            entries.append(signature_entry(slot, signer, rng))
        elif slot.kind == "initials":
            initials = "".join(word[0] for word in signer.name.split())
            entries.append(handwriting_entry(slot, initials, signer, rng))
        elif slot.kind == "handwritten_date":
            signing = prose.later(day, int(rng.integers(0, 7)) if slot.party else 0)
            entries.append(handwriting_entry(slot, signing.written(rng), signer, rng))
        elif fields:
            entries.append(
                handwriting_entry(slot, prose.field_answer(slot.title, signer.name, rng), signer, rng)
            )
    return entries


def _loosely(slot: Slot, rng: _Rng) -> Slot:
    """People neither start at the same place nor keep to the line."""
    return replace(
        slot, x=slot.x + rng.uniform(0, 0.08) * slot.width, y=slot.y + rng.normal(-1, 0.04 * slot.height)
    )


def placed(entry: Entry) -> tuple[PenStrokes, float]:
    """The entry's strokes and pen width in points, made smaller where the slot is too small."""
    left, top, right, bottom = entry.strokes.bounds
    slot = entry.slot
    fit = min(
        _POINTS_PER_MM, slot.width / max(right - left, 1e-3), 1.25 * slot.height / max(bottom - top, 1e-3)
    )
    strokes = entry.strokes.placed(scale=fit, x=slot.x - left * fit, y=slot.y)
    return strokes, entry.pen.width * max(fit, 0.6 * _POINTS_PER_MM)


def _mark(entry: Entry, strokes: PenStrokes, pen_width: float) -> DrawnMark:
    points = np.concatenate([trace[:, :2] for trace in strokes.traces]).astype(np.float32)
    radius = pen_width / 2 * max(float(trace[:, 3].max()) for trace in strokes.traces)
    corners = np.array([[-1, -1], [1, -1], [1, 1], [-1, 1]], np.float32) * radius
    hull = cv2.convexHull((points[:, None, :] + corners).reshape(-1, 1, 2)).reshape(-1, 2)
    outline = tuple((float(x), float(y)) for x, y in hull)
    approves = entry.slot.kind == "signature" or entry.slot.signs
    return DrawnMark(entry.label or entry.slot.kind, outline, entry.signer, entry.truth, approves)


def _inked(pixels: Pixels, entry: Entry, dpi: float) -> DrawnMark:
    strokes, pen_width = placed(entry)
    scale = dpi / 72
    strokes, pen_width = strokes.placed(scale=scale, x=0, y=0), pen_width * scale
    mark = _mark(entry, strokes, pen_width)
    x, y, width, height = mark.box
    left, top = max(int(x) - 1, 0), max(int(y) - 1, 0)
    window = pixels[top : int(y + height) + 3, left : int(x + width) + 3]
    local = strokes.placed(scale=1, x=-left, y=-top)
    stain(window, coverage(local, shape=window.shape[:2], pen_width=pen_width), entry.pen.ink)
    return mark


def insert(page: pymupdf.Page, entry: Entry, *, dpi: float = 200) -> DrawnMark:
    """Put an entry on a vector page, as a picture with a transparent background, as signing tools do.

    The mark is in pixels of the page rendered at `dpi`.
    """
    strokes, pen_width = placed(entry)
    left, top, right, bottom = strokes.bounds
    pad, scale = pen_width, 250 / 72
    shape = (round((bottom - top + 2 * pad) * scale), round((right - left + 2 * pad) * scale))
    local = strokes.placed(scale=scale, x=(pad - left) * scale, y=(pad - top) * scale)
    ink = coverage(local, shape=shape, pen_width=pen_width * scale)
    picture = np.empty((*shape, 4), np.uint8)
    picture[..., :3], picture[..., 3] = entry.pen.ink, np.round(ink * 255)
    data = BytesIO()
    Image.fromarray(picture).save(data, "PNG")
    page.insert_image(
        pymupdf.Rect(left - pad, top - pad, left - pad + shape[1] / scale, top - pad + shape[0] / scale),
        stream=data.getvalue(),
    )
    on_page = strokes.placed(scale=dpi / 72, x=0, y=0)
    return _mark(entry, on_page, pen_width * dpi / 72)


#: How a page's signatures and initials are written: (kind, signer, rng) to strokes in millimetres.
Hand = Callable[[str, InventedSigner, _Rng], PenStrokes | None]


def agreement_page(rng: _Rng, *, dpi: float = 200, hand: Hand | None = None) -> DrawnPage:
    """A page of an agreement of today by synthetic signers, to train on; `hand` as for `random_page`."""
    layout = prose.pick(tuple(AGREEMENTS), rng)
    signers = [InventedSigner.from_seed(int(seed)) for seed in rng.integers(0, 2**31, 2)]
    pens = [thinned(signer.pen, rng) for signer in signers]
    size = A4 if rng.random() < 0.6 else LETTER
    paper = blank(layout, rng, names=[signer.name for signer in signers], dpi=dpi, size=size)
    entries = [
        replace(_rewritten(entry, signers, hand, rng), pen=pens[entry.slot.party])
        for entry in complete(paper.slots, signers, rng)
    ]
    return fill(paper, entries)


def random_page(
    rng: _Rng, *, dpi: float = 200, signed: bool | None = None, hand: Hand | None = None
) -> DrawnPage:
    """A page of any layout by synthetic signers, to train on; `signed` is left to chance (0.8) when None.

    Some pages carry notes in their free places, some have passages blacked out. `hand` may write signatures
    and initials in place of the kinematic model, where it does not return None.
    """
    layout = prose.pick(tuple(EVERY_LAYOUT), rng)
    signers = [InventedSigner.from_seed(int(seed)) for seed in rng.integers(0, 2**31, 2)]
    size = A4 if rng.random() < 0.6 else LETTER
    paper = blank(layout, rng, names=[signer.name for signer in signers], dpi=dpi, size=size)
    signed = rng.random() < 0.8 if signed is None else signed
    slots = paper.slots if signed else [slot for slot in paper.slots if slot.kind == "handwriting"]
    entries = complete(slots, signers, rng, fields=rng.random() < 0.5)
    page = fill(paper, [_rewritten(entry, signers, hand, rng) for entry in entries])
    return _edited(page, signers[0], rng)


def _rewritten(entry: Entry, signers: Sequence[InventedSigner], hand: Hand | None, rng: _Rng) -> Entry:
    if hand is None or entry.slot.kind not in ("signature", "initials"):
        return entry
    strokes = hand(entry.slot.kind, signers[entry.slot.party], rng)
    return entry if strokes is None else replace(entry, strokes=strokes)


def _edited(page: DrawnPage, writer: InventedSigner, rng: _Rng) -> DrawnPage:
    """Notes on a quarter of the pages, redactions on another."""
    if rng.random() < 0.25:
        places = margin_notes(page.pixels, rng, dpi=page.dpi, count=int(rng.integers(1, 4)))
        noted = fill(
            Blank(page.pixels, page.dpi, ()),
            [handwriting_entry(slot, text, writer, rng) for slot, text in places],
        )
        page = replace(noted, marks=page.marks + noted.marks)
    if rng.random() < 0.3:
        pixels = page.pixels.copy()
        keep = [_around(mark) for mark in page.marks]
        bars = redact(pixels, rng, count=int(rng.integers(1, 9)), keep=keep)
        covered = tuple(DrawnMark("redaction", bar.hull, signer="") for bar in bars)
        page = DrawnPage(pixels, page.dpi, page.marks + covered)
    return page


def _around(mark: DrawnMark) -> Rectangle:
    x, y, width, height = mark.box
    return Rectangle(int(x), int(y), int(x + width) + 1, int(y + height) + 1)

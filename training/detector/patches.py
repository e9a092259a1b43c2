"""What is laid onto pages: coverage cut to its ink, with a label, or none where it must not be found."""

from __future__ import annotations

import zipfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path

import cv2
import numpy as np
from PIL import Image

from training.classifier.real import labelled
from training.common.pixels import cut_to_ink, resampled, scaled
from training.detector.sheets import Sheet
from training.detector.strokes import FAINT, MAX_DARK, StrokeBook, free_place
from training.synthesis import prose
from training.synthesis.edits import added_words
from training.synthesis.hands import note_lines, penned_lines
from training.synthesis.ink import PenStrokes, coverage, stain
from training.synthesis.marks import pen_mark, plot, tilted, underlined
from training.synthesis.strokes import InventedSigner, write_text
from training.synthesis.typeset import Face
from worker.vision.choices import Label
from worker.vision.crops import crop, grey
from worker.vision.detection.classifier import Kind
from worker.vision.values import Box, Grey, Pixels

#: Masks are kept no wider than this.
_WIDEST = 320
_INKS = ((20, 20, 24), (40, 40, 44), (28, 52, 140), (44, 78, 190), (20, 30, 84), (60, 60, 150), (150, 30, 40))
_INK_SHARES = (0.45, 0.12, 0.14, 0.12, 0.1, 0.05, 0.02)


@dataclass(frozen=True, slots=True, eq=False)
class Patch:
    """Ink as coverage: `mask` is (height, width) uint8, 255 where it is full, tight around the ink.

    `height` is its own height on a page in 640ths of the page's longer side; 0 where it has none. No `label`:
    loops, arrows, plots, what must not be found.
    """

    label: Label | None
    mask: Grey
    height: float = 0.0


class PatchBook:
    """Patches by label."""

    def __init__(self, patches: Sequence[Patch]) -> None:
        self._by_label: dict[Label | None, list[Patch]] = {}
        for patch in patches:
            self._by_label.setdefault(patch.label, []).append(patch)

    def count(self, label: Label) -> int:
        """How many patches carry a label."""
        return len(self._by_label.get(label, ()))

    def paste(
        self, pixels: Pixels, rng: np.random.Generator, *, scale: float
    ) -> tuple[Label | None, Box] | None:
        """Lay something onto a free place, in place; what and where, or None where there was no room.

        What has no label is laid over print, too, as pens mark it. `scale` is the number of pixels that
        are one 640th of the page.
        """
        label = _LABELS[int(rng.choice(len(_LABELS), p=_SHARES))]
        if label is Label.REDACTION:
            return label, _bar(pixels, rng, scale)
        known = self._by_label.get(label)
        if not known:
            return None
        mask = _sized(known[int(rng.integers(len(known)))], rng, scale)
        dark = 1.0 if label is None and rng.random() < _OVER_PRINT else MAX_DARK
        place = free_place(pixels, mask.shape, rng, dark=dark)
        if place is None:
            return None
        return label, laid(pixels, mask, place, rng)


_LABELS = (
    Label.SIGNATURE,
    Label.INITIALS,
    Label.HANDWRITTEN_DATE,
    Label.HANDWRITING,
    Label.REDACTION,
    None,
)
_SHARES = (0.36, 0.08, 0.11, 0.29, 0.05, 0.11)
#: How often what has no label may lie over print.
_OVER_PRINT = 0.6
#: Heights of short pieces, in 640ths of a page, where they have none of their own.
_HEIGHTS = {Label.INITIALS: (10, 30), Label.HANDWRITTEN_DATE: (8, 26), Label.HANDWRITING: (8, 36)}
#: How much larger or smaller than on its page a real piece is laid down: a natural logarithm.
_RESIZED = 0.3
#: How much larger than 8 640ths a line of a note in type may be: a natural logarithm.
_LARGE = 1.4
#: How far notes and dates are turned, in degrees: one in three as someone writes across a page, others less.
_TURNED, _STEEP, _STEEP_SHARE = 3.0, 20.0, 1 / 3
#: How much of what has no label is a plot.
_PLOTS = 0.3
#: Windows of a large handwritten passage.
_WINDOWS = 30
#: How often a note in type is underlined or encircled.
_UNDERLINED = 0.25
#: How often a piece of real writing counts beside an invented one: there are few of them.
_REAL = 6


def _sized(patch: Patch, rng: np.random.Generator, scale: float) -> Grey:
    height, width = patch.mask.shape
    mask = patch.mask
    if patch.label is Label.SIGNATURE:
        factor = min(rng.uniform(55, 210) * scale / width, 90 * scale / height)
    elif patch.label is None:
        factor = float(np.exp(rng.uniform(np.log(12), np.log(160)))) * scale / max(height, width)
    else:
        measured = patch.height * np.exp(rng.uniform(-_RESIZED, _RESIZED))
        tall = float(measured or rng.uniform(*_HEIGHTS[patch.label]))
        factor = min(tall * scale / height, 220 * scale / width)
    if patch.label in (Label.HANDWRITING, Label.HANDWRITTEN_DATE):
        leaning = rng.normal(0, _STEEP if rng.random() < _STEEP_SHARE else _TURNED)
        mask = cut_to_ink(tilted(mask, leaning), above=FAINT)
    size = (max(4, round(mask.shape[1] * factor)), max(4, round(mask.shape[0] * factor)))
    return resampled(mask, size)


def laid(pixels: Pixels, mask: Grey, place: tuple[int, int], rng: np.random.Generator) -> Box:
    """Multiply ink onto the page at (x, y) in some pen's colour; return the mask's box."""
    x, y = place
    height, width = mask.shape
    colour = _INKS[int(rng.choice(len(_INKS), p=_INK_SHARES))]
    cover = mask.astype(np.float32) / np.float32(255) * np.float32(rng.uniform(0.7, 1.0))
    stain(pixels[y : y + height, x : x + width], cover, colour)
    return Box(x=float(x), y=float(y), width=float(width), height=float(height))


def _bar(pixels: Pixels, rng: np.random.Generator, scale: float) -> Box:
    """A redaction: a black bar, or a framed white one, over whatever is there."""
    wide = int(min(rng.uniform(18, 240) * scale, pixels.shape[1] - 4))
    tall = int(min(rng.uniform(6, 14) * scale * rng.choice([1, 1, 1, 3]), pixels.shape[0] - 4))
    x, y = int(rng.integers(1, pixels.shape[1] - wide)), int(rng.integers(1, pixels.shape[0] - tall))
    ends = (x, y), (x + wide - 1, y + tall - 1)
    cv2.rectangle(pixels, *ends, (int(rng.integers(0, 40)),) * 3 if rng.random() < 0.75 else (255,) * 3, -1)
    cv2.rectangle(pixels, *ends, (int(rng.integers(0, 90)),) * 3, 1)
    return Box(x=float(x), y=float(y), width=float(wide), height=float(tall))


def collect(
    book: StrokeBook | None,
    sheets: Sequence[Sheet],
    data: Path | None,
    *,
    count: int,
    seed: int,
    hands: Sequence[Sequence[Face]] = (),
) -> PatchBook:
    """Patches of every label and of none: about `count` signatures from strokes, half as many of the others.

    What is marked on the real sheets is laid onto others, too, and from below `data`, where it has them,
    scanned signatures (BHSig260's training writers, cross-media) and windows of handwritten passages. Half of
    the dates and most notes are set in `hands`, each the faces of one family, where there are any.
    """
    rng = np.random.default_rng([seed, 0xBA])
    patches = list(_cut_out(sheets))
    if book is not None:
        patches += [Patch(Label.SIGNATURE, book.random(rng)) for _ in range(count)]
        patches += [Patch(Label.INITIALS, mask) for mask in _initials(book, count // 4, rng)]
    if data is not None:
        patches += _published(data, count // 3, rng)
    for _ in range(count // 2):
        patches += _written(rng)
        patches.append(Patch(None, _reduced(plot(rng) if rng.random() < _PLOTS else pen_mark(rng))))
        if hands:
            patches += _penned(hands, rng)
    return PatchBook(patches)


def _published(data: Path, count: int, rng: np.random.Generator) -> Iterator[Patch]:
    """About `count` scanned signatures, and handwritten passages, of what the data folder has of them."""
    for mask in _scanned(data / "verification", count, rng):
        yield Patch(Label.SIGNATURE, mask)
    if (data / "detection").is_dir():
        yield from _passages(data / "detection")


def _cut_out(sheets: Sequence[Sheet]) -> Iterator[Patch]:
    """What is marked on real pages, print below it included; other writing than signatures several times."""
    for sheet in sheets:
        if sheet.source not in ("scans", "empty"):
            continue
        page = grey(sheet.pixels)
        for mark in sheet.marks:
            cut = crop(page, mark.box, margin=0.0)
            if min(cut.shape) < 8:
                continue
            patch = Patch(mark.label, _ink(cut), mark.box.height * 640 / max(page.shape))
            yield from [patch] * (1 if mark.label is Label.SIGNATURE else _REAL)


def _passages(pages: Path) -> Iterator[Patch]:
    """Windows of the handwritten passages that were labelled by hand for the crop classifier."""
    for piece in labelled(pages, "train", a_passage=_WINDOWS):
        if piece.kind is Kind.HANDWRITING:
            cut = crop(piece.pixels, piece.box, margin=0.0)
            if min(cut.shape) >= 8:
                yield Patch(Label.HANDWRITING, _ink(cut))


def _ink(cut: Grey) -> Grey:
    """What is darker than the paper, as coverage."""
    paper = float(np.quantile(cut, 0.8))
    return np.asarray(np.clip((paper - cut) * (255 / max(paper, 1.0)), 0, 255), np.uint8)


def _initials(book: StrokeBook, count: int, rng: np.random.Generator) -> Iterator[Grey]:
    for _ in range(count):
        yield _mask(book.begun(rng), rng)


def _written(rng: np.random.Generator) -> list[Patch]:
    """A date, a note and initials in a synthetic hand."""
    signer = InventedSigner.from_seed(int(rng.integers(2**31)))
    initials = "".join(word[0] for word in signer.name.split())
    texts = {
        Label.HANDWRITTEN_DATE: prose.some_day(rng).written(rng),
        Label.HANDWRITING: added_words(rng),
        Label.INITIALS: initials,
    }
    return [Patch(label, _mask(write_text(text, signer, rng), rng)) for label, text in texts.items()]


def _penned(hands: Sequence[Sequence[Face]], rng: np.random.Generator) -> list[Patch]:
    """A date and two notes in a hand in type."""
    faces = hands[int(rng.integers(len(hands)))]
    face = faces[int(rng.integers(len(faces)))]
    date = [prose.some_day(rng).written(rng)]
    patches = [Patch(Label.HANDWRITTEN_DATE, _reduced(penned_lines(date, face, rng)))]
    for _ in range(2):
        lines = note_lines(rng)
        height = len(lines) * 8 * float(np.exp(rng.uniform(0, _LARGE)))
        mask = cut_to_ink(penned_lines(lines, face, rng), above=FAINT)
        if rng.random() < _UNDERLINED:
            mask = underlined(mask, rng)
        patches.append(Patch(Label.HANDWRITING, _reduced(mask), height))
    return patches


def _reduced(mask: Grey) -> Grey:
    """Cut to the ink, and no wider than masks are kept."""
    cut = cut_to_ink(mask, above=FAINT)
    return scaled(cut, min(1.0, _WIDEST / cut.shape[1]))


def _mask(strokes: PenStrokes, rng: np.random.Generator) -> Grey:
    """Strokes in millimetres as tight coverage, 4 pixels a millimetre at most."""
    left, top, right, bottom = strokes.bounds
    scale = min(4.0, (_WIDEST - 8) / max(right - left, 1.0))
    pen = rng.uniform(0.3, 0.75) * scale
    shape = (max(6, round((bottom - top) * scale + 8)), max(6, round((right - left) * scale + 8)))
    placed = strokes.placed(scale=scale, x=4 - left * scale, y=4 - top * scale)
    ink = coverage(placed, shape=shape, pen_width=max(pen, 1.0))
    return cut_to_ink((ink * 255).astype(np.uint8), above=FAINT)


def _scanned(root: Path, count: int, rng: np.random.Generator) -> Iterator[Grey]:
    """Scanned signatures of other scripts: Hindi (training writers alone) and Chinese."""
    for folder, allowed in (("bhsig_hindi", range(1, 101)), ("crossmedia_cn", None)):
        if not (root / folder / "images.zip").exists():
            continue
        with zipfile.ZipFile(root / folder / "images.zip") as archive:
            names = [name for name in archive.namelist() if name.endswith(".png")]
            if allowed is not None:
                names = [name for name in names if _writer(name) in allowed]
            for index in rng.permutation(len(names))[:count]:
                with Image.open(BytesIO(archive.read(names[int(index)]))) as image:
                    yield _from_picture(np.asarray(image.convert("L"), dtype=np.uint8))


def _writer(name: str) -> int:
    digits = "".join(letter for letter in Path(name).parent.name if letter.isdigit())
    return int(digits or 0)


def _from_picture(grey: Grey) -> Grey:
    return _reduced(255 - grey)

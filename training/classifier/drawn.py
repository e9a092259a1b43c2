"""Drawn pieces: handwriting, signatures, print and emblems that never existed, each from its seed."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from training.classifier.emblems import emblem
from training.classifier.pieces import Piece, cut_piece, whole
from training.synthesis import prose
from training.synthesis.ink import PenStrokes, coverage
from training.synthesis.strokes import InventedSigner, forge, sign, write_text
from training.synthesis.typeset import Face, english, package_faces, script_words, sheet, windows
from worker.vision.detection.classifier import Kind
from worker.vision.values import Grey

_Rng = np.random.Generator
#: The hand in type that has Hindi letters, too.
_HINDI = "fontpkg_kalam"
#: Pixels per millimetre of drawn strokes, about 150 dpi.
_SCALE = 6.0


def draw_signatures(seeds: range) -> Iterator[Piece]:
    """One piece a seed: mostly a genuine signature, at times an imitation, which is a signature too."""
    for seed in seeds:
        rng, signer = np.random.default_rng([seed, 0xC1]), InventedSigner.from_seed(seed)
        strokes = forge(signer, rng) if rng.random() < 0.2 else sign(signer, rng)
        piece = whole(_ink(strokes, signer), Kind.SIGNATURE, source="drawn signature", group=f"signer {seed}")
        if piece is not None:
            yield piece


def draw_handwriting(seeds: range) -> Iterator[Piece]:
    """One piece a seed: dates, numbers, words and notes of one to four lines in one hand."""
    for seed in seeds:
        rng, signer = np.random.default_rng([seed, 0xC2]), InventedSigner.from_seed(seed)
        rows = [
            _ink(write_text(text, signer, rng), signer) for text in _note(rng) if any(map(str.isalnum, text))
        ]
        piece = whole(_stacked(rows, rng), Kind.HANDWRITING, source="drawn handwriting", group=f"hand {seed}")
        if piece is not None:
            yield piece


def draw_emblems(seeds: range) -> Iterator[Piece]:
    """One stamp, seal or logo a seed."""
    for seed in seeds:
        rng = np.random.default_rng([seed, 0xC3])
        piece = whole(emblem(rng), Kind.STAMP_OR_LOGO, source="drawn emblem", group=f"emblem {seed}")
        if piece is not None:
            yield piece


def draw_typed(
    seeds: range, faces: Sequence[Face], scripts: Sequence[str], *, source: str, a_sheet: int = 6
) -> Iterator[Piece]:
    """Windows of one sheet of print a seed, script and face drawn at random; `source` gains the script."""
    for seed in seeds:
        rng = np.random.default_rng([seed, 0xC4])
        script = scripts[int(rng.integers(len(scripts)))]
        face = faces[int(rng.integers(len(faces)))]
        pixels = sheet([_text(script, rng) for _ in range(9)], face, rng)
        for box in windows(pixels, a_sheet, rng):
            yield cut_piece(
                pixels, box, Kind.PRINTED_TEXT, source=f"{source}, {script}", group=f"sheet {seed}"
            )


def draw_penned(seeds: range, hands: Sequence[Sequence[Face]], *, a_sheet: int = 4) -> Iterator[Piece]:
    """Windows of sheets in handwriting fonts; each hand is the faces of one family."""
    for seed in seeds:
        rng = np.random.default_rng([seed, 0xC5])
        faces = hands[int(rng.integers(len(hands)))]
        face = faces[int(rng.integers(len(faces)))]
        hindi = face in package_faces(_HINDI) and rng.random() < 0.5
        count = int(rng.integers(1, 7))
        text = [script_words("devanagari", count, rng) if hindi else " ".join(_note(rng)) for _ in range(9)]
        pixels = sheet(text, face, rng, plain=True)
        for box in windows(pixels, a_sheet, rng):
            yield cut_piece(pixels, box, Kind.HANDWRITING, source="handwriting font", group=f"note {seed}")


def _text(script: str, rng: _Rng) -> str:
    count = int(rng.integers(2, 22))
    return (
        english(count, rng) if script == "latin" and rng.random() < 0.6 else script_words(script, count, rng)
    )


def _note(rng: _Rng) -> list[str]:
    """What people write beside signing: one to four short lines."""
    kind = rng.random()
    if kind < 0.3:
        return [prose.some_day(rng).written(rng)]
    if kind < 0.45:
        return [prose.number(rng, int(rng.integers(2, 10))) for _ in range(int(rng.integers(1, 4)))]
    if kind < 0.6:
        return [
            prose.pick(
                ("ok", "please call", "to file", "copy sent", "no", "paid", "see page 2", "urgent"), rng
            )
        ]
    if kind < 0.75:
        field = prose.pick(prose.FIELDS, rng)
        return [prose.field_answer(field, prose.pick(prose.COMPANIES, rng), rng)]
    return [english(int(rng.integers(1, 6)), rng) for _ in range(int(rng.integers(1, 5)))]


def _ink(strokes: PenStrokes, signer: InventedSigner) -> Grey:
    left, top, right, bottom = strokes.bounds
    shape = (int((bottom - top + 3) * _SCALE) + 1, int((right - left + 3) * _SCALE) + 1)
    placed = strokes.placed(scale=_SCALE, x=(1.5 - left) * _SCALE, y=(1.5 - top) * _SCALE)
    ink = coverage(placed, shape=shape, pen_width=signer.pen.width * _SCALE)
    return np.asarray(np.round(ink * 255), np.uint8)


def _stacked(rows: Sequence[Grey], rng: _Rng) -> Grey:
    """Lines below one another, their starts uneven."""
    if not rows:
        return np.zeros((4, 4), np.uint8)
    starts = [int(rng.integers(0, 40)) if len(rows) > 1 else 0 for _ in rows]
    lead = rng.uniform(0.65, 1.0)
    tops = np.cumsum([0, *(int(row.shape[0] * lead) for row in rows[:-1])])
    width = max(row.shape[1] + start for row, start in zip(rows, starts, strict=True))
    height = max(int(top) + row.shape[0] for row, top in zip(rows, tops, strict=True))
    canvas = np.zeros((height, width), np.uint8)
    for row, start, top in zip(rows, starts, tops, strict=True):
        part = canvas[top : top + row.shape[0], start : start + row.shape[1]]
        np.maximum(part, row, out=part)
    return canvas

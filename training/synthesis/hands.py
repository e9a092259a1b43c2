"""Handwriting in type: the faces that look like a hand, and what people write beside signing, set in them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np
from PIL import Image, ImageDraw, ImageFont

from training.synthesis import prose
from training.synthesis.edits import added_words
from training.synthesis.typeset import Face, english, folder_faces, package_faces
from worker.vision.values import Grey

_Rng = np.random.Generator
#: Installed hands, by use: whoever learns a face is not measured on it.
LEARNT_HANDS = ("fontpkg_caveat", "fontpkg_kalam", "fontpkg_indie_flower")
TEST_HANDS = ("fontpkg_shadows_into_light", "fontpkg_delius", "fontpkg_zeyada")
#: Pixels of an em: notes are drawn large and reduced when they are laid onto a page.
_EM = 40
_OPENINGS = ("Dear Sir,", "Dear Tom,", "Dear Ms Hale,", "To: Ruth", "cc: J. Marsh", "Re: our talk", "Bill -")


def installed_hands(packages: Sequence[str] = LEARNT_HANDS) -> list[Sequence[Face]]:
    """Those packages' hands, each the faces of one family."""
    return [package_faces(name) for name in packages]


def hands_for_training(folder: Path, converted: Path) -> list[Sequence[Face]]:
    """The hands in a folder but for those of tests; web fonts are written to `converted` as TrueType."""
    return [faces for faces in folder_faces(folder, converted) if not any(map(_measures, faces))]


def _measures(face: Face) -> bool:
    name = "" if face.file is None else face.file.name.lower().replace("-", "_")
    return any(package.removeprefix("fontpkg_") in name for package in TEST_HANDS)


def note_lines(rng: _Rng) -> list[str]:
    """One to five lines: a phrase, a salutation, figures, or a few words a line."""
    kind = rng.random()
    if kind < 0.35:
        return [added_words(rng)]
    if kind < 0.5:
        return [prose.pick(_OPENINGS, rng)]
    if kind < 0.65:
        return [prose.number(rng, int(rng.integers(2, 8))) for _ in range(int(rng.integers(1, 5)))]
    return [english(int(rng.integers(2, 6)), rng) for _ in range(int(rng.integers(1, 6)))]


def penned_lines(lines: Sequence[str], face: Face, rng: _Rng) -> Grey:
    """Lines in a hand as coverage (255 where the ink is full), slanted a little, their starts uneven."""
    font = ImageFont.truetype(str(face.file), _EM)
    lead = round(_EM * rng.uniform(0.8, 1.15))
    starts = [int(rng.integers(0, _EM)) if len(lines) > 1 else 0 for _ in lines]
    width = max(start + int(font.getlength(line)) for start, line in zip(starts, lines, strict=True))
    image = Image.new("L", (width + 2 * _EM, lead * len(lines) + 2 * _EM))
    drawing = ImageDraw.Draw(image)
    for row, (start, line) in enumerate(zip(starts, lines, strict=True)):
        place = (_EM + start, _EM // 2 + row * lead)
        drawing.text(place, line, 255, font, stroke_width=float(rng.choice([0, 0, 0.5, 1])))
    return _slanted(np.asarray(image, np.uint8), rng)


def _slanted(mask: Grey, rng: _Rng) -> Grey:
    """Sheared as hands lean, and rising or falling by a few degrees."""
    height, width = mask.shape
    lean, rise = rng.uniform(-0.1, 0.3), float(np.tan(np.radians(rng.normal(0, 2.0))))
    grown = (width + int(height * 0.3) + 1, height + int(width * abs(rise)) + 1)
    moved = np.array([[1, lean, max(0.0, -lean) * height], [rise, 1, max(0.0, -rise) * width]], np.float32)
    return np.asarray(cv2.warpAffine(mask, moved, grown), np.uint8)

# mypy: disable-error-code="no-untyped-call"
"""Printed words as coverage: the faces that PyMuPDF carries, so that every machine draws the same."""

from __future__ import annotations

import io
from functools import cache

import cv2
import numpy as np
import numpy.typing as npt
import pymupdf
from PIL import Image, ImageDraw, ImageFont

#: Faces with Latin, Cyrillic and Greek letters: regular, bold, italic. The last has those of East Asia.
FACES = ("helv", "hebo", "heit", "tiro", "tibo", "tiit", "cour", "cobo", "coit", "china-s")
_LATIN = "eeeeeaaaaooootttiiinnnssrrhhllddccuummfppggwybvkxjqzEATSNOLMRPCDI0123456789.,:-/&()"
_CYRILLIC = "оооееааиинттсрвлкмдпуяыьгзбчйхжшюцщэфАПДСНКРМТ"
_GREEK = "αοιετσνηυρπκμλςωδγχθφβξζψΑΕΠΣΚΜΤΔΛ"
_HAN, _KANA, _HANGUL = (
    "".join(map(chr, range(*ends))) for ends in ((0x4E00, 0x9FA5), (0x3041, 0x3094), (0xAC00, 0xD7A4))
)


@cache
def face(name: str, size: int) -> ImageFont.FreeTypeFont:
    """A face at an em of `size` pixels."""
    return ImageFont.truetype(io.BytesIO(_file(name)), size)


def known_words(name: str, count: int, rng: np.random.Generator) -> str:
    """Invented words in a script that the face has."""
    european, asian = (_LATIN, _LATIN, _LATIN, _CYRILLIC, _GREEK), (_HAN, _HAN, _KANA, _HANGUL)
    scripts = asian if name == "china-s" else european
    letters = scripts[int(rng.integers(len(scripts)))]
    drawn = ("".join(rng.choice(list(letters), int(rng.integers(2, 10)))) for _ in range(count))
    return " ".join(word.capitalize() if rng.random() < 0.3 else word for word in drawn)


def printed_line(text: str, name: str, size: int) -> npt.NDArray[np.uint8]:
    """One line of print as tight coverage: (height, width) uint8, 255 where the ink is full."""
    type_ = face(name, size)
    left, top, right, bottom = (int(edge) for edge in type_.getbbox(text))
    image = Image.new("L", (max(right - left, 1), max(bottom - top, 1)))
    ImageDraw.Draw(image).text((-left, -top), text, 255, type_)
    return np.asarray(image, np.uint8)


def stamp_into(canvas: npt.NDArray[np.uint8], line: npt.NDArray[np.uint8], x: int, y: int) -> None:
    """Lay coverage on a canvas in place, its upper left corner at (x, y); what lies outside is cut off."""
    height, width = canvas.shape
    left, top = max(x, 0), max(y, 0)
    right, bottom = min(x + line.shape[1], width), min(y + line.shape[0], height)
    if right > left and bottom > top:
        part = canvas[top:bottom, left:right]
        cv2.max(part, np.ascontiguousarray(line[top - y : bottom - y, left - x : right - x]), part)


@cache
def _file(name: str) -> bytes:
    return bytes(pymupdf.Font(name).buffer)

"""What stands on real pages and in few collections: stamps over signatures, thumb prints, typed names.

Each is drawn as coverage: (height, width) uint8, 255 where the ink is full. Nothing here trains a model.
"""

from __future__ import annotations

import cv2
import numpy as np
import numpy.typing as npt
from PIL import Image, ImageDraw

from training.synthesis import prose
from training.synthesis.hands import TEST_HANDS, installed_hands, penned_lines
from training.synthesis.ink import PenStrokes
from training.synthesis.typefaces import face, printed_line, stamp_into
from worker.vision.values import Grey

_Rng = np.random.Generator
_Points = npt.NDArray[np.float64]
#: Positions are drawn to a 16th of a pixel.
_FRACTION = 4


def round_stamp(rng: _Rng, *, side: int) -> Grey:
    """An office's round stamp: two rings, words between them, a star or letters in the middle."""
    canvas, middle = np.zeros((side, side), np.uint8), side / 2
    for radius in (0.49, 0.34):
        cv2.circle(
            canvas, (int(middle), int(middle)), int(radius * side), 255, max(2, side // 90), cv2.LINE_AA
        )
    words = f"{prose.pick(prose.COMPANIES, rng)} * {prose.pick(prose.COMPANIES, rng)} *".upper()[:34]
    size = max(8, round(0.11 * side))
    for place, letter in enumerate(words):
        angle = 2 * np.pi * place / len(words)
        glyph = Image.fromarray(
            printed_line(letter, "hebo", size) if letter != " " else np.zeros((1, 1), np.uint8)
        )
        turned = np.asarray(glyph.rotate(-np.degrees(angle), expand=True))
        x, y = middle + 0.415 * side * np.sin(angle), middle - 0.415 * side * np.cos(angle)
        stamp_into(canvas, turned, int(x - turned.shape[1] / 2), int(y - turned.shape[0] / 2))
    centre = printed_line(prose.pick(("*", "No. 7", "LS", "PAID"), rng), "hebo", round(0.2 * side))
    stamp_into(canvas, centre, int(middle - centre.shape[1] / 2), int(middle - centre.shape[0] / 2))
    return canvas


def oblong_stamp(rng: _Rng, *, side: int) -> Grey:
    """A stamp of three lines in a frame."""
    lines = (prose.pick(prose.COMPANIES, rng).upper(), prose.some_day(rng).printed, "RECEIVED")
    canvas = np.zeros((round(0.5 * side), side), np.uint8)
    cv2.rectangle(canvas, (2, 2), (side - 3, canvas.shape[0] - 3), 255, max(2, side // 90))
    for row, text in enumerate(lines):
        line = printed_line(text, "hebo", max(8, round(0.11 * side)))
        stamp_into(
            canvas, line, int(max(6, (side - line.shape[1]) / 2)), int((0.1 + 0.28 * row) * canvas.shape[0])
        )
    return canvas


def thumb_print(rng: _Rng, *, side: int) -> Grey:
    """A thumb's ridges around a whorl, in an oval; the ink is patchy."""
    height, width = round(1.3 * side), side
    down, across = np.mgrid[:height, :width].astype(np.float64)
    x, y = across / width - 0.5 + rng.normal(0, 0.03), (down / height - 0.55) * 1.3
    bend = 0.06 * np.sin(5 * x + rng.uniform(0, 6)) + 0.05 * np.sin(4 * y + rng.uniform(0, 6))
    ridges = np.sin(2 * np.pi * (np.hypot(x * 1.2, y) + bend) * rng.uniform(17, 22))
    patches = cv2.resize(rng.random((7, 6)), (width, height), interpolation=cv2.INTER_CUBIC)
    inside = np.hypot(2.05 * (across / width - 0.5), 2.05 * (down / height - 0.5)) < 1
    return np.asarray(
        np.where(inside & (ridges > -0.25) & (patches > 0.12), 60 + 195 * patches.clip(0, 1), 0), np.uint8
    )


def typed_signature(name: str, rng: _Rng, *, width: int) -> Grey:
    """A name set in a hand's face, and in small print below it who signed and when."""
    hands = installed_hands(TEST_HANDS)
    script = penned_lines([name], hands[int(rng.integers(len(hands)))][0], rng)
    script = _widened(script, width)
    small = printed_line(f"Electronically signed by {name}, {prose.some_day(rng).printed}", "helv", 40)
    small = _widened(small, width)
    canvas = np.zeros((script.shape[0] + small.shape[0] + 8, width), np.uint8)
    stamp_into(canvas, script, 0, 0)
    if rng.random() < 0.7:
        stamp_into(canvas, small, 0, script.shape[0] + 8)
    return canvas


def _widened(ink: Grey, width: int) -> Grey:
    """Coverage without the paper around it, brought to a width."""
    rows, columns = np.nonzero(ink.max(axis=1))[0], np.nonzero(ink.max(axis=0))[0]
    tight = ink[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
    size = (width, max(1, round(tight.shape[0] * width / tight.shape[1])))
    return np.asarray(cv2.resize(tight, size, interpolation=cv2.INTER_AREA), np.uint8)


def cross(rng: _Rng) -> PenStrokes:
    """An X in millimetres, the mark of somebody who does not write."""
    side = rng.uniform(6, 14)
    ends = np.array([[0, -side, side, 0], [0, 0, side, -side]]) + rng.normal(0, 0.8, (2, 4))
    share = np.linspace(0, 1, 20)[:, None]
    lines = [line[:2] + share * (line[2:] - line[:2]) + rng.normal(0, 0.05, (20, 2)) for line in ends]
    return PenStrokes(tuple(np.column_stack([line, share[:, 0] * 0.4, np.full(20, 0.8)]) for line in lines))


def broken_line(rng: _Rng, *, width: int) -> Grey:
    """A rule as a fax or a worn copy leaves it: pieces of uneven height and gaps."""
    canvas = np.zeros((24, width), np.uint8)
    at, level = 0.0, 12.0
    while at < width:
        length, level = rng.uniform(4, 70), float(np.clip(level + rng.normal(0, 1.5), 4, 20))
        ends = (
            (round(at), round(level)),
            (round(min(at + length, width - 1)), round(level + rng.normal(0, 1))),
        )
        cv2.line(canvas, *ends, 255, int(rng.integers(1, 4)))
        at += length + rng.uniform(2, 30)
    return canvas


def large_digits(rng: _Rng, *, height: int) -> Grey:
    """A number of one to four digits in large print, upright or italic, solid or in outline."""
    text = str(int(rng.integers(1, 9_999)))
    name = ("hebo", "tibo", "tiit", "cobo", "heit")[int(rng.integers(5))]
    type_ = face(name, height)
    left, top, right, bottom = (int(edge) for edge in type_.getbbox(text, stroke_width=3))
    image = Image.new("L", (right - left + 8, bottom - top + 8))
    outline = rng.random() < 0.3
    fill = 0 if outline else 255
    ImageDraw.Draw(image).text(
        (4 - left, 4 - top), text, fill, type_, stroke_width=3 if outline else 0, stroke_fill=255
    )
    return np.asarray(image, np.uint8)


def logo(rng: _Rng, *, side: int) -> Grey:
    """A company's mark: swinging bands beside or through a name in italics."""
    name = printed_line(
        prose.pick(prose.COMPANIES, rng).split()[0], ("tiit", "heit", "tibo")[int(rng.integers(3))], side // 3
    )
    canvas = np.zeros((side, name.shape[1] + side), np.uint8)
    share = np.linspace(0, 1, 80)
    for _ in range(int(rng.integers(1, 4))):
        reach, phase, tall = rng.uniform(0.5, 1), rng.uniform(0, 3), rng.uniform(0.1, 0.4)
        points: _Points = np.column_stack(
            [share * reach * canvas.shape[1], side * (0.5 + tall * np.sin(phase + 4 * share))]
        )
        fixed = np.round(points * 2**_FRACTION).astype(np.int32)
        cv2.polylines(
            canvas, [fixed], False, 255, max(2, side // int(rng.integers(12, 40))), cv2.LINE_AA, _FRACTION
        )
    stamp_into(canvas, name, side // 2, side // 2 - name.shape[0] // 2)
    return canvas

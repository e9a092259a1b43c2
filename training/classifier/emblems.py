"""Invented stamps, seals and logos, as ink: print that people put on paper like a signature."""

from __future__ import annotations

import cv2
import numpy as np
from PIL import Image, ImageDraw

from training.synthesis import prose
from training.synthesis.typefaces import face, printed_line
from worker.vision.values import Grey

_Rng = np.random.Generator
_FACES = ("helv", "hebo", "heit", "tiro", "tibo", "tiit", "cour", "cobo")
_WORDS = (
    "RECEIVED",
    "COPY",
    "PAID",
    "ENTERED",
    "APPROVED",
    "CONFIDENTIAL",
    "URGENT",
    "FAXED",
    "FILED",
    "DRAFT",
)


def emblem(rng: _Rng) -> Grey:
    """One stamp, seal or logo: (height, width) uint8, 255 where the ink is full."""
    draw = (_frame, _seal, _logo, _logo, _date)[int(rng.integers(5))]
    image = np.asarray(draw(rng), np.uint8)
    tilt = float(rng.normal(0, 9)) if draw is not _logo else 0.0
    turned = Image.fromarray(image).rotate(tilt, resample=Image.Resampling.BILINEAR, expand=True)
    ink = np.asarray(turned, np.uint8)
    return _worn(ink, rng) if draw is not _logo and rng.random() < 0.6 else ink


def _frame(rng: _Rng) -> Image.Image:
    """One to four lines, mostly in a single or double frame."""
    lines = [prose.pick(_WORDS, rng)] + [_small(rng) for _ in range(int(rng.integers(0, 4)))]
    rng.shuffle(lines)
    rows = [_line(text, rng, size=34 if text.isupper() else 20) for text in lines]
    width, height = max(row.width for row in rows) + 40, sum(row.height + 8 for row in rows) + 32
    image = Image.new("L", (width, height))
    y = 18
    for row in rows:
        image.paste(row, ((width - row.width) // 2, y))
        y += row.height + 8
    if rng.random() < 0.7:
        draw, thick = ImageDraw.Draw(image), int(rng.integers(1, 5))
        draw.rounded_rectangle(
            (2, 2, width - 3, height - 3), int(rng.integers(0, 14)), outline=255, width=thick
        )
        if rng.random() < 0.4:
            draw.rectangle((8 + thick, 8 + thick, width - 9 - thick, height - 9 - thick), outline=255)
    return image


def _seal(rng: _Rng) -> Image.Image:
    """A round or oval seal: rings, words along the ring, something in the middle."""
    side, thick = 240, int(rng.integers(1, 6))
    image = Image.new("L", (side, side))
    draw = ImageDraw.Draw(image)
    draw.ellipse((2, 2, side - 3, side - 3), outline=255, width=thick)
    inner = int(rng.integers(70, 84))
    if rng.random() < 0.8:
        draw.ellipse(
            (120 - inner, 120 - inner, 120 + inner, 120 + inner), outline=255, width=max(1, thick // 2)
        )
    around = f"{prose.pick(prose.COMPANIES, rng)} * {prose.pick(prose.TOWNS, rng)} *".upper()
    for index, letter in enumerate(around):
        angle = 360 * index / len(around)
        turned = Image.new("L", (side, side))
        ImageDraw.Draw(turned).text((120, 20), letter, 255, face("hebo", 19), anchor="mm")
        image = Image.fromarray(
            np.maximum(np.asarray(image), np.asarray(turned.rotate(-angle, center=(120, 120))))
        )
    middle = _shape(rng, inner) if rng.random() < 0.6 else _line(_small(rng)[:11], rng, size=20)
    image.paste(middle, (120 - middle.width // 2, 120 - middle.height // 2))
    return image.resize((side, int(side * rng.uniform(0.55, 0.8)))) if rng.random() < 0.25 else image


def _logo(rng: _Rng) -> Image.Image:
    """A mark beside or above a name in large letters; at times either alone."""
    mark = _shape(rng, int(rng.integers(50, 130)))
    name = prose.pick(prose.COMPANIES, rng)
    name = " ".join(name.split()[: int(rng.integers(1, 3))])
    word = _line(name.upper() if rng.random() < 0.5 else name, rng, size=int(rng.integers(28, 60)))
    kind = rng.random()
    if kind < 0.2:
        return mark
    below = kind < 0.5
    gap = int(rng.integers(6, 20))
    size = (
        (max(mark.width, word.width), mark.height + word.height + gap)
        if below
        else (mark.width + word.width + gap, max(mark.height, word.height))
    )
    image = Image.new("L", size)
    if below:
        image.paste(mark, ((size[0] - mark.width) // 2, 0))
        image.paste(word, ((size[0] - word.width) // 2, mark.height + gap))
    else:
        image.paste(mark, (0, (size[1] - mark.height) // 2))
        image.paste(word, (mark.width + gap, (size[1] - word.height) // 2))
    return image


def _date(rng: _Rng) -> Image.Image:
    """A dater: a word, the date between two rules, a name."""
    date = prose.some_day(rng).printed.upper()
    rows = [
        _line(prose.pick(_WORDS, rng), rng, size=24),
        _line(date, rng, size=28),
        _line(_small(rng), rng, size=16),
    ]
    width = max(row.width for row in rows) + 20
    image = Image.new("L", (width, sum(row.height for row in rows) + 50))
    y = 4
    for row in rows:
        image.paste(row, ((width - row.width) // 2, y))
        y += row.height + 20
    return image


def _shape(rng: _Rng, side: int) -> Image.Image:
    """Overlapping discs, bars, polygons and stars, black on white and white on black."""
    canvas = np.zeros((side, side), np.uint8)
    for _ in range(int(rng.integers(1, 6))):
        colour = 255 if rng.random() < 0.65 or not canvas.any() else 0
        centre = rng.integers(side // 4, 3 * side // 4, 2)
        reach = int(rng.integers(side // 8, side // 2))
        corners = int(rng.integers(2, 9))
        if corners == 2:
            cv2.circle(
                canvas, tuple(map(int, centre)), reach, colour, -1 if rng.random() < 0.5 else 3, cv2.LINE_AA
            )
            continue
        star = 0.45 if rng.random() < 0.4 else 1.0
        turns = np.arange(2 * corners) * np.pi / corners + rng.uniform(0, 2 * np.pi)
        reaches = np.where(np.arange(2 * corners) % 2, reach * star, reach)
        points = centre + np.stack([np.cos(turns), np.sin(turns)], axis=1) * reaches[:, None]
        if rng.random() < 0.7:
            cv2.fillPoly(canvas, [points.astype(np.int32)], colour, cv2.LINE_AA)
        else:
            cv2.polylines(canvas, [points.astype(np.int32)], True, colour, 3, cv2.LINE_AA)
    return Image.fromarray(canvas)


def _small(rng: _Rng) -> str:
    kind = rng.random()
    if kind < 0.35:
        return prose.some_day(rng).printed
    if kind < 0.6:
        return f"No. {prose.number(rng)}"
    return prose.pick((*prose.TOWNS, *prose.COMPANIES), rng)


def _line(text: str, rng: _Rng, *, size: int) -> Image.Image:
    return Image.fromarray(printed_line(text, _FACES[int(rng.integers(len(_FACES)))], size))


def _worn(ink: Grey, rng: _Rng) -> Grey:
    """Where the pad was dry: blotches of thinner ink, and grain."""
    coarse = rng.random((6, 8)).astype(np.float32)
    blotches = cv2.resize(coarse, ink.shape[::-1], interpolation=cv2.INTER_CUBIC)
    grain = rng.random(ink.shape).astype(np.float32)
    keep = np.clip(1.25 - blotches * rng.uniform(0.2, 1.2) - grain * rng.uniform(0, 0.7), 0, 1)
    return np.asarray(ink * keep, np.uint8)

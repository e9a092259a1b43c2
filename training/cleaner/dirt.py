"""A clean signature made dirty as paper, forms, offices and scanners do it, with the strokes known."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from training.common.degradations import blurred, compressed, one_bit, skewed
from training.common.pixels import cut_to_ink, in_grey, resampled, to_pixels
from training.synthesis import typefaces
from training.synthesis.ink import Colour, Coverage, stain
from worker.vision.values import Grey, Pixels

_Rng = np.random.Generator

DPI, DPI_SHARES = (100, 150, 200, 300), (0.15, 0.35, 0.35, 0.15)
#: Width of a signature in millimetres, and its greatest height.
WIDTH_MM, MAX_HEIGHT_MM = (38.0, 75.0), 32.0
#: Coverage from which a pixel counts as stroke.
STROKE = 0.35
#: Share of pairs that are only placed, inked and scanned: what is clean must stay.
UNSOILED = 0.12

_PENS: tuple[Colour, ...] = (
    *((24, 24, 30), (28, 52, 140), (44, 78, 190)),
    *((20, 30, 84), (50, 50, 56), (90, 90, 95)),
)
_PRINTS: tuple[Colour, ...] = (
    *((15, 15, 15), (40, 40, 40), (90, 90, 90)),
    *((140, 140, 140), (30, 60, 130), (150, 30, 40)),
)
_STAMPS: tuple[Colour, ...] = (
    *((80, 80, 85), (130, 130, 130), (90, 50, 150)),
    *((180, 40, 40), (30, 80, 155), (30, 110, 70)),
)


@dataclass(frozen=True, slots=True, eq=False)
class Pair:
    """A crop as a detector would cut it, and which of its pixels (255) are strokes."""

    dirty: Pixels
    strokes: Grey


@dataclass(frozen=True, slots=True, eq=False)
class _Sheet:
    """What is being soiled: the paper's size, pixels per millimetre, and where the signature stands."""

    shape: tuple[int, int]
    mm: float
    #: x, y, width, height of the strokes.
    box: tuple[int, int, int, int]
    rng: _Rng

    def empty(self) -> Grey:
        return np.zeros(self.shape, np.uint8)

    def thickness(self, low: float, high: float) -> int:
        """A line's width in pixels, from millimetres."""
        return max(1, round(self.rng.uniform(low, high) * self.mm))


def soil(ink: Grey, rng: _Rng) -> Pair:
    """Place a mask of ink (255 on 0, soft edges allowed) on a sheet, soil it, scan it; `rng` decides all."""
    sheet, strokes = _placed(ink, rng)
    pixels = _paper(sheet)
    layers = _layers(sheet) if rng.random() >= UNSOILED else []
    over = [rng.random() < 0.25 for _ in layers]
    for (cover, colour), is_over in zip(layers, over, strict=True):
        if not is_over:
            stain(pixels, cover, colour)
    stain(pixels, strokes * _pressure(sheet), _pick(_PENS, rng))
    for (cover, colour), is_over in zip(layers, over, strict=True):
        if is_over:
            stain(pixels, cover, colour)
    truth = np.where(strokes >= STROKE, np.uint8(255), np.uint8(0))
    return Pair(_scanned(pixels, sheet), truth)


def _placed(ink: Grey, rng: _Rng) -> tuple[_Sheet, Coverage]:
    """The strokes at a document's resolution, a little turned, with the room that detectors leave."""
    mm = float(rng.choice(DPI, p=DPI_SHARES)) / 25.4
    inner = cut_to_ink(ink)
    height, width = inner.shape
    scale = min(rng.uniform(*WIDTH_MM), MAX_HEIGHT_MM * width / height) * mm / width
    size = max(8, round(width * scale)), max(4, round(height * scale))
    small = resampled(inner, size, enlarging=cv2.INTER_CUBIC)
    room = 0.35 * min(size) + 4 * mm
    left, top, right, bottom = (int(edge) for edge in rng.uniform(0.1, 1.0, 4) ** 2 * room + 2)
    placed = np.pad(small, ((top, bottom), (left, right)))
    strokes = skewed(placed, float(rng.uniform(-3, 3)), paper=0).astype(np.float32) / np.float32(255)
    shape = placed.shape[0], placed.shape[1]
    return _Sheet(shape, mm, (left, top, *size), rng), strokes


def _layers(sheet: _Sheet) -> list[tuple[Coverage, Colour]]:
    """One to four kinds of dirt, each with its colour."""
    rng = sheet.rng
    kinds: list[tuple[Callable[[_Sheet], Grey], float, tuple[Colour, ...]]] = [
        (_rules, 0.5, _PRINTS),
        (_box, 0.2, _PRINTS),
        (_print, 0.5, _PRINTS),
        (_label, 0.25, _PRINTS),
        (_stamp, 0.25, _STAMPS),
    ]
    chosen = [(draw, shades) for draw, share, shades in kinds if rng.random() < share] or [(_rules, _PRINTS)]
    layers: list[tuple[Coverage, Colour]] = []
    for draw, shades in chosen:
        cover = draw(sheet).astype(np.float32) * np.float32(rng.uniform(0.7, 1.0) / 255)
        layers.append((cover.astype(np.float32), _pick(shades, rng)))
    if rng.random() < 0.15:
        layers.append((_bleed(sheet), (60, 60, 60)))
    return layers


def _rules(sheet: _Sheet) -> Grey:
    """Lines of a form: solid, dashed, dotted or double, mostly level, near where one signs."""
    rng, cover = sheet.rng, sheet.empty()
    height, width = sheet.shape
    _, top, _, tall = sheet.box
    level = top + rng.uniform(0.25, 1.1) * tall
    gap = rng.uniform(5, 10) * sheet.mm
    thickness, style = sheet.thickness(0.12, 0.6), int(rng.choice(4, p=(0.6, 0.12, 0.18, 0.1)))
    start, end = (0, width) if rng.random() < 0.6 else sorted(rng.uniform(-0.1, 1.1, 2) * width)
    tilt = np.tan(np.deg2rad(rng.normal(0, 1.0)))
    for number in range(int(rng.choice((1, 2, 3), p=(0.6, 0.25, 0.15)))):
        y = level + number * gap * (1 if level < height / 2 else -1)
        _line(cover, (start, y), (end, y + tilt * (end - start)), thickness, style, sheet.mm)
    if rng.random() < 0.15:
        x = rng.uniform(0, width)
        _line(cover, (x, 0), (x - tilt * height, height), thickness, 0, sheet.mm)
    return cover


def _line(  # noqa: PLR0917  # private; the six are one line
    cover: Grey,
    start: tuple[float, float],
    end: tuple[float, float],
    thickness: int,
    style: int,
    mm: float,
) -> None:
    """Style 0 is solid, 1 dashed, 2 dotted, 3 double."""
    a, b = np.array(start), np.array(end)
    length = float(np.hypot(*(b - a)))
    if style in {1, 2}:
        step, drawn = (3.0 * mm, 0.6) if style == 1 else (max(1.0 * mm, 2.5 * thickness), 0.25)
        pieces = [(at / length, (at + drawn * step) / length) for at in np.arange(0, length, step)]
    else:
        pieces = [(0.0, 1.0)]
    shifts = (0.0, 3.0 * thickness) if style == 3 else (0.0,)
    for first, last in pieces:
        for shift in shifts:
            ends = [
                np.round((a + part * (b - a) + (0, shift)) * 16).astype(int).tolist()
                for part in (first, last)
            ]
            cv2.line(cover, ends[0], ends[1], 255, thickness, cv2.LINE_AA, 4)


def _box(sheet: _Sheet) -> Grey:
    """A frame or a cell around the signature, which may cross it or leave the crop."""
    rng, cover = sheet.rng, sheet.empty()
    x, y, width, height = sheet.box
    slack = rng.uniform(-0.12, 0.3, 4) * height
    corners = (x - slack[0], y - slack[1], x + width + slack[2], y + height + slack[3])
    ends = [round(corner * 16) for corner in corners]
    cv2.rectangle(cover, ends[:2], ends[2:], 255, sheet.thickness(0.15, 0.7), cv2.LINE_AA, 4)
    return cover


def _print(sheet: _Sheet) -> Grey:
    """A paragraph or a line of print, through the signature or around it."""
    rng, cover = sheet.rng, sheet.empty()
    name = str(rng.choice(typefaces.FACES))
    size = max(7, round(rng.uniform(2.2, 4.6) * sheet.mm * (1 if rng.random() < 0.85 else 2.2)))
    x, y = round(rng.uniform(-0.3, 0.5) * sheet.shape[1]), round(rng.uniform(-0.1, 0.9) * sheet.shape[0])
    lead = rng.uniform(1.1, 1.7)
    for number in range(int(rng.integers(1, 5))):
        line = typefaces.printed_line(typefaces.known_words(name, int(rng.integers(2, 9)), rng), name, size)
        typefaces.stamp_into(cover, line, x, y + round(number * lead * size))
    return cover


def _label(sheet: _Sheet) -> Grey:
    """Small print at the edge of the crop: what a form says above or below its line, a cross before it."""
    rng, cover = sheet.rng, sheet.empty()
    name = str(rng.choice(typefaces.FACES))
    size = max(7, round(rng.uniform(1.8, 3.2) * sheet.mm))
    _, top, _, tall = sheet.box
    y = round(top + tall * rng.uniform(0.7, 1.05) if rng.random() < 0.7 else top - size * rng.uniform(0, 1))
    text = typefaces.known_words(name, int(rng.integers(1, 4)), rng)
    x = round(rng.uniform(0, 0.6) * sheet.shape[1])
    typefaces.stamp_into(cover, typefaces.printed_line(text, name, size), x, y)
    return cover


def _stamp(sheet: _Sheet) -> Grey:
    """A tilted office stamp, round or square, whose ink did not take everywhere."""
    rng, mm = sheet.rng, sheet.mm
    side = int(rng.uniform(18, 40) * mm)
    stamp = np.zeros((side, side), np.uint8)
    width = sheet.thickness(0.3, 0.9)
    middle = (side // 2, side // 2)
    if rng.random() < 0.5:
        for share in (0.46, 0.34)[: int(rng.integers(1, 3))]:
            cv2.circle(stamp, middle, int(share * side), 255, width, cv2.LINE_AA)
    else:
        tall = rng.uniform(0.2, 0.4) * side
        cv2.rectangle(stamp, (width, int(side / 2 - tall)), (side - width, int(side / 2 + tall)), 255, width)
    name = str(rng.choice(typefaces.FACES))
    size = max(7, round(rng.uniform(2.5, 6) * mm))
    for row in range(int(rng.integers(1, 4))):
        line = typefaces.printed_line(
            typefaces.known_words(name, int(rng.integers(1, 3)), rng).upper(), name, size
        )
        y = round(side / 2 + (row - 1) * 1.4 * size)
        typefaces.stamp_into(stamp, line, max((side - line.shape[1]) // 2, 0), y)
    turn = cv2.getRotationMatrix2D(middle, float(rng.normal(0, 15)), 1.0)
    turned = np.asarray(cv2.warpAffine(stamp, turn, (side, side)), np.uint8)
    took = np.clip(_clouds((side, side), rng, grain=0.06) * 1.6 + 0.75, 0.15, 1.0)
    cover = sheet.empty()
    left, top = rng.uniform(-0.3, 0.8) * sheet.shape[1], rng.uniform(-0.6, 0.5) * sheet.shape[0]
    typefaces.stamp_into(cover, (turned * took).astype(np.uint8), round(left), round(top))
    return cover


def _bleed(sheet: _Sheet) -> Coverage:
    """Print of the other side, mirrored and faint."""
    seen = blurred(np.ascontiguousarray(_print(sheet)[:, ::-1]), 0.2 * sheet.mm + 0.3)
    return (seen.astype(np.float32) / 255 * np.float32(sheet.rng.uniform(0.1, 0.35))).astype(np.float32)


def _paper(sheet: _Sheet) -> npt.NDArray[np.float32]:
    """Tinted, unevenly lit, slightly cloudy paper: (height, width, 3) in [0, 255]."""
    rng = sheet.rng
    tint = 255 - rng.uniform(0, 1) ** 2 * np.array([30, 38, 60]) * rng.uniform(0.3, 1.0, 3)
    light = 1 + _clouds(sheet.shape, rng, grain=0.02) * np.float32(rng.uniform(0, 0.06))
    if rng.random() < 0.3:
        slope = np.linspace(0, 1, sheet.shape[1], dtype=np.float32)[None, :] ** 2
        slope = slope if rng.random() < 0.5 else slope[:, ::-1]
        light = light * (1 - slope * np.float32(rng.uniform(0, 0.35)))
    return np.clip(light[..., None] * tint, 0, 255).astype(np.float32)


def _clouds(shape: tuple[int, int], rng: _Rng, *, grain: float) -> Coverage:
    """Soft noise about zero, `grain` the size of its patches as a share of the side."""
    cells = max(2, round(1 / grain * shape[0] / max(shape))), max(2, round(1 / grain))
    return np.asarray(cv2.resize(rng.standard_normal(cells, np.float32), shape[::-1]), np.float32)


def _pressure(sheet: _Sheet) -> Coverage:
    """How well the pen wrote, from place to place."""
    level, spread = sheet.rng.uniform(0.6, 1.0), sheet.rng.uniform(0, 0.25)
    wrote = np.clip(level + spread * _clouds(sheet.shape, sheet.rng, grain=0.08), 0.35, 1.0)
    return np.asarray(wrote, np.float32)


def _scanned(pixels: npt.NDArray[np.float32], sheet: _Sheet) -> Pixels:
    """Blur, noise and dust; then colour, grey or one bit; then JPEG at times."""
    rng = sheet.rng
    kind = str(rng.choice(("colour", "grey", "bit"), p=(0.35, 0.35, 0.3)))
    soft = blurred(pixels, float(rng.uniform(0.25, 0.4 + 0.08 * sheet.mm)))
    # What is cut to one bit was noisy: faint strokes break, and specks remain.
    noise, specks = (
        (rng.uniform(0, 28), rng.random() ** 4 * 0.02) if kind == "bit" else (rng.uniform(0, 7), 1e-4)
    )
    grain = rng.standard_normal((*sheet.shape, 1), np.float32) * np.float32(noise)
    levels = soft + grain
    levels[rng.random(sheet.shape) < specks] = rng.uniform(0, 120)
    seen = to_pixels(levels)
    if kind != "colour":
        seen = in_grey(seen)
    if kind == "bit":
        return one_bit(seen, rng.uniform(0.5, 0.8) * np.median(seen))
    if rng.random() < 0.6:
        # Red and blue stand swapped, as they did when the shipped weights were trained.
        seen = compressed(seen[..., ::-1], int(rng.integers(35, 95)))[..., ::-1]
    return np.ascontiguousarray(seen)


def _pick(colours: tuple[Colour, ...], rng: _Rng) -> Colour:
    return colours[int(rng.integers(len(colours)))]

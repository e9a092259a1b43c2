"""Kinds of dirt on a signature: a form's rules and frames, print, stamps, the other side's print.

Each answers with coverage on the sheet's paper: (height, width) uint8, 255 where it hides the paper.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from training.common.degradations import blurred
from training.synthesis import typefaces
from training.synthesis.ink import Coverage
from worker.vision.values import Grey

_Rng = np.random.Generator
#: Styles of a ruled line.
SOLID, DASHED, DOTTED, DOUBLE = range(4)


@dataclass(frozen=True, slots=True, eq=False)
class SoiledSheet:
    """What is being soiled: the paper's size, pixels per millimetre, and where the signature stands."""

    shape: tuple[int, int]
    mm: float
    #: x, y, width, height of the strokes.
    box: tuple[int, int, int, int]
    rng: _Rng

    def empty(self) -> Grey:
        """Coverage by nothing."""
        return np.zeros(self.shape, np.uint8)

    def thickness(self, low: float, high: float) -> int:
        """A line's width in pixels, from millimetres."""
        return max(1, round(self.rng.uniform(low, high) * self.mm))


def draw_rules(sheet: SoiledSheet) -> Grey:
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
        draw_line(
            cover, (start, y), (end, y + tilt * (end - start)), thickness=thickness, style=style, mm=sheet.mm
        )
    if rng.random() < 0.15:
        x = rng.uniform(0, width)
        draw_line(cover, (x, 0), (x - tilt * height, height), thickness=thickness, style=SOLID, mm=sheet.mm)
    return cover


def draw_line(
    cover: Grey,
    start: tuple[float, float],
    end: tuple[float, float],
    *,
    thickness: int,
    style: int,
    mm: float,
) -> None:
    """Draw a line from (x, y) to (x, y) into `cover`; `style` is SOLID, DASHED, DOTTED or DOUBLE."""
    a, b = np.array(start), np.array(end)
    length = float(np.hypot(*(b - a)))
    if style in {DASHED, DOTTED}:
        step, drawn = (3.0 * mm, 0.6) if style == DASHED else (max(1.0 * mm, 2.5 * thickness), 0.25)
        pieces = [(at / length, (at + drawn * step) / length) for at in np.arange(0, length, step)]
    else:
        pieces = [(0.0, 1.0)]
    shifts = (0.0, 3.0 * thickness) if style == DOUBLE else (0.0,)
    for first, last in pieces:
        for shift in shifts:
            ends = [
                np.round((a + part * (b - a) + (0, shift)) * 16).astype(int).tolist()
                for part in (first, last)
            ]
            cv2.line(cover, ends[0], ends[1], 255, thickness, cv2.LINE_AA, 4)


def draw_frame(sheet: SoiledSheet) -> Grey:
    """A frame or a cell around the signature, which may cross it or leave the crop."""
    rng, cover = sheet.rng, sheet.empty()
    x, y, width, height = sheet.box
    slack = rng.uniform(-0.12, 0.3, 4) * height
    corners = (x - slack[0], y - slack[1], x + width + slack[2], y + height + slack[3])
    ends = [round(corner * 16) for corner in corners]
    cv2.rectangle(cover, ends[:2], ends[2:], 255, sheet.thickness(0.15, 0.7), cv2.LINE_AA, 4)
    return cover


def draw_print(sheet: SoiledSheet) -> Grey:
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


def draw_label(sheet: SoiledSheet) -> Grey:
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


def draw_stamp(sheet: SoiledSheet) -> Grey:
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
    took = np.clip(soft_noise((side, side), rng, grain=0.06) * 1.6 + 0.75, 0.15, 1.0)
    cover = sheet.empty()
    left, top = rng.uniform(-0.3, 0.8) * sheet.shape[1], rng.uniform(-0.6, 0.5) * sheet.shape[0]
    typefaces.stamp_into(cover, (turned * took).astype(np.uint8), round(left), round(top))
    return cover


def draw_bleed(sheet: SoiledSheet) -> Coverage:
    """Print of the other side, mirrored and faint: float32 coverage in [0, 1]."""
    seen = blurred(np.ascontiguousarray(draw_print(sheet)[:, ::-1]), 0.2 * sheet.mm + 0.3)
    return (seen.astype(np.float32) / 255 * np.float32(sheet.rng.uniform(0.1, 0.35))).astype(np.float32)


def soft_noise(shape: tuple[int, int], rng: _Rng, *, grain: float) -> Coverage:
    """Soft noise about zero, `grain` the size of its patches as a share of the side."""
    cells = max(2, round(1 / grain * shape[0] / max(shape))), max(2, round(1 / grain))
    return np.asarray(cv2.resize(rng.standard_normal(cells, np.float32), shape[::-1]), np.float32)

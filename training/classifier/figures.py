"""Curves, diagrams and marked print: what no hand signed, though its lines swing like writing."""

from __future__ import annotations

import string
from itertools import pairwise

import cv2
import numpy as np

from training.synthesis.marks import pen_mark, plot
from worker.vision.values import Box, Grey

_Rng = np.random.Generator
#: Pixels of a diagram, and of what is kept free at its edges.
_WIDTH, _HEIGHT, _EDGE = 560, 400, 30
#: A part of a figure has at least this share of ink.
_INKED = 0.02
_LETTERS = list(string.ascii_uppercase + string.digits + "()-/.%")


def figure(rng: _Rng) -> Grey:
    """A plot or diagram with its lettering, or a part of one, as ink: (height, width) uint8, 255 is full."""
    whole = _lettered(_plot(rng) if rng.random() < 0.6 else _diagram(rng), rng)
    height, width = (round(side * rng.uniform(0.35, 0.9)) for side in whole.shape)
    top, left = (int(rng.integers(a - b + 1)) for a, b in zip(whole.shape, (height, width), strict=True))
    part = np.ascontiguousarray(whole[top : top + height, left : left + width])
    return part if rng.random() < 0.5 and (part > 128).mean() > _INKED else whole


def marked(sheet: Grey, box: Box, rng: _Rng) -> Box:
    """Draw a loop, tick, arrow or stroke of a pen around or across a box of print, in place.

    Returns the box of print and mark together, within the sheet.
    """
    mask = pen_mark(rng)
    across, down = box.width * rng.uniform(0.9, 1.5), max(box.height, 12) * rng.uniform(0.9, 2.0)
    size = max(8, round(across)), max(8, round(down))
    ink = cv2.resize(mask, size, interpolation=cv2.INTER_AREA)
    left = round(np.clip(box.x + box.width / 2 - size[0] / 2, 0, max(sheet.shape[1] - size[0], 0)))
    top = round(np.clip(box.y + box.height / 2 - size[1] / 2, 0, max(sheet.shape[0] - size[1], 0)))
    under = sheet[top : top + size[1], left : left + size[0]]
    cover = ink[: under.shape[0], : under.shape[1]]
    under[:] = np.minimum(under, 255 - cover)
    right = min(max(box.x + box.width, left + size[0]), sheet.shape[1])
    bottom = min(max(box.y + box.height, top + size[1]), sheet.shape[0])
    x, y = min(box.x, left), min(box.y, top)
    return Box(x, y, right - x, bottom - y)


def _plot(rng: _Rng) -> Grey:
    """A plot with room around it."""
    return np.pad(plot(rng), _EDGE)


def _diagram(rng: _Rng) -> Grey:
    """Boxes and ovals joined by lines and arrows."""
    canvas = np.zeros((_HEIGHT, _WIDTH), np.uint8)
    pen = int(rng.integers(1, 4))
    spots = rng.uniform((60, 50), (_WIDTH - 60, _HEIGHT - 50), (int(rng.integers(2, 7)), 2)).astype(int)
    for (x0, y0), (x1, y1) in pairwise(spots):
        join = cv2.arrowedLine if rng.random() < 0.5 else cv2.line
        join(canvas, (int(x0), int(y0)), (int(x1), int(y1)), 255, pen, cv2.LINE_AA)
    for x, y in spots:
        half = int(rng.integers(20, 55)), int(rng.integers(12, 35))
        corners = (int(x - half[0]), int(y - half[1])), (int(x + half[0]), int(y + half[1]))
        if rng.random() < 0.5:
            cv2.rectangle(canvas, *corners, 0, -1)
            cv2.rectangle(canvas, *corners, 255, pen)
        else:
            cv2.ellipse(canvas, (int(x), int(y)), half, 0, 0, 360, 0, -1)
            cv2.ellipse(canvas, (int(x), int(y)), half, 0, 0, 360, 255, pen, cv2.LINE_AA)
    return canvas


def _lettered(canvas: Grey, rng: _Rng) -> Grey:
    """Up to eight words in a draughtsman's letters, some on their side."""
    canvas = np.ascontiguousarray(canvas)
    for _ in range(int(rng.integers(0, 9))):
        word = "".join(rng.choice(_LETTERS, int(rng.integers(1, 12))))
        face, size = (
            int(rng.choice([cv2.FONT_HERSHEY_SIMPLEX, cv2.FONT_HERSHEY_DUPLEX])),
            rng.uniform(0.3, 0.7),
        )
        sideways = rng.random() < 0.2
        seen = np.ascontiguousarray(np.rot90(canvas)) if sideways else canvas
        x, y = int(rng.integers(seen.shape[1] - 20)), int(rng.integers(12, seen.shape[0]))
        cv2.putText(seen, word, (x, y), face, size, 255, int(rng.integers(1, 3)), cv2.LINE_AA)
        canvas = np.ascontiguousarray(np.rot90(seen, 3)) if sideways else seen
    return canvas

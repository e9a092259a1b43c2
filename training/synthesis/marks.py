"""What looks like writing and is none: loops around words, ticks, arrows, braces, and the curves of plots."""

from __future__ import annotations

from collections.abc import Callable

import cv2
import numpy as np
import numpy.typing as npt
from PIL import Image

from worker.vision.values import Grey

_Rng = np.random.Generator
_Lines = list[npt.NDArray[np.float64]]
#: Positions are drawn to a 16th of a pixel.
_FRACTION = 4
#: Pixels of the longer side, and paper around the ink.
_SIDE, _MARGIN = 300, 8


def pen_mark(rng: _Rng) -> Grey:
    """A loop, tick, arrow, brace or crossing-out as coverage: (height, width) uint8, 255 is full ink."""
    shapes: tuple[Callable[[_Rng], _Lines], ...] = (_loop, _loop, _tick, _arrow, _brace, _struck)
    return _inked(shapes[int(rng.integers(len(shapes)))](rng), rng, pen=rng.uniform(2, 6))


def plot(rng: _Rng) -> Grey:
    """One to three curves as instruments and authors draw them, most between axes; coverage as `pen_mark`."""
    across = np.linspace(0, 1, 240)
    lines = [_curve(across, rng) for _ in range(int(rng.integers(1, 4)))]
    if rng.random() < 0.7:
        lines += [np.array([[0, -0.02], [0, 1]]), np.array([[0, 0.0], [1, 0.0]])]
    tall = rng.uniform(0.3, 0.9)
    return _inked([line * (1, -tall) for line in lines], rng, pen=rng.uniform(1.5, 4))


def underlined(mask: Grey, rng: _Rng) -> Grey:
    """A note with a line or two drawn below it, or a loop around it."""
    height, width = mask.shape
    room = max(10, round(0.3 * height))
    canvas = np.pad(mask, room)
    if rng.random() < 0.3:
        middle = (room + width / 2, room + height / 2)
        lines = [line * (width * 0.56, height * 0.75) + middle for line in _loop(rng)]
    else:
        end = (room + width * rng.uniform(0.6, 1.1), rng.normal(0, 0.05) * min(height, 60))
        line = _wavering(np.array([(room, 0.0), end]), rng)
        below = room + height + 2 + 5 * np.arange(int(rng.choice([1, 1, 2])))
        lines = [line + np.array([0.0, y]) for y in below]
    return _drawn(canvas, lines, int(rng.integers(1, 5)))


def tilted(mask: Grey, degrees: float) -> Grey:
    """Coverage turned anticlockwise by any angle, its frame grown to hold all of it."""
    image = Image.fromarray(mask).rotate(degrees, resample=Image.Resampling.BILINEAR, expand=True)
    return np.asarray(image, np.uint8)


def _loop(rng: _Rng) -> _Lines:
    """Once around and often a little more, the ends apart, wider than tall; within about one."""
    start, turns = rng.uniform(0, 2 * np.pi), rng.uniform(0.9, 1.9)
    angle = np.linspace(start, start + 2 * np.pi * turns, 80)
    radius = 1 + np.cumsum(rng.normal(0, 0.012, len(angle)))
    tall = rng.uniform(0.25, 0.9)
    return [np.column_stack([np.cos(angle), np.sin(angle) * tall]) * radius[:, None]]


def _tick(rng: _Rng) -> _Lines:
    return [_smooth(np.array([[0, 0], [rng.uniform(0.1, 0.3), 0.35], [1, -rng.uniform(0.3, 1.2)]]), rng)]


def _arrow(rng: _Rng) -> _Lines:
    """A bent shaft and its head."""
    shaft = _smooth(np.array([[0, 0], [0.5, rng.normal(0, 0.25)], [1, rng.normal(0, 0.3)]]), rng)
    back = shaft[-1] - shaft[-12]
    back = back / max(float(np.hypot(*back)), 1e-6) * rng.uniform(0.08, 0.2)
    head = [shaft[-1] - _spun(back, side * rng.uniform(0.4, 0.8)) for side in (-1, 1)]
    return [shaft, np.array([head[0], shaft[-1], head[1]])]


def _brace(rng: _Rng) -> _Lines:
    """A bracket or brace beside lines of print, taller than wide."""
    deep, tip = rng.uniform(0.05, 0.2), rng.uniform(0, 0.15)
    across = np.array([0, deep, deep, deep + tip, deep, deep, 0]) * rng.choice([-1, 1])
    down = np.array([0, 0.08, 0.42, 0.5, 0.58, 0.92, 1])
    return [_smooth(np.column_stack([across, down]), rng)]


def _struck(rng: _Rng) -> _Lines:
    """Words crossed out: a line, two, or a zigzag."""
    if rng.random() < 0.5:
        steps = int(rng.integers(4, 14))
        across = np.linspace(0, 1, steps)
        down = np.where(np.arange(steps) % 2, 1, -1) * rng.uniform(0.04, 0.15) * rng.uniform(0.5, 1, steps)
        return [_smooth(np.column_stack([across, down]), rng)]
    ends = np.array([[0, 0], [1, rng.normal(0, 0.05)]])
    return [_wavering(ends, rng) + np.array([0.0, 0.06 * index]) for index in range(int(rng.integers(1, 3)))]


def _curve(across: npt.NDArray[np.float64], rng: _Rng) -> npt.NDArray[np.float64]:
    """Peaks, a rise, or a noisy line; both axes in [0, 1]."""
    kind = rng.random()
    if kind < 0.6:
        peaks = int(rng.integers(1, 9))
        at, high, wide = rng.random(peaks), rng.random(peaks) ** 2, rng.uniform(0.01, 0.08, peaks)
        level = (high * np.exp(-(((across[:, None] - at) / wide) ** 2))).sum(axis=1)
    elif kind < 0.8:
        level = 1 / (1 + np.exp(-(across - rng.uniform(0.2, 0.8)) * rng.uniform(3, 20)))
    else:
        level = np.cumsum(rng.normal(0, 1, len(across)))
        level = level - level.min()
    level = level + rng.normal(0, rng.choice([0.0, 0.0, 0.02]), len(across))
    return np.column_stack([across, level / max(float(level.max()), 1e-6) * rng.uniform(0.4, 1)])


def _smooth(points: npt.NDArray[np.float64], rng: _Rng) -> npt.NDArray[np.float64]:
    """A curve near those points, as a hand rounds them off (Chaikin, 1974)."""
    points = points + rng.normal(0, 0.015, points.shape)
    for _ in range(4):
        before, after = points[:-1], points[1:]
        inner = np.stack([0.75 * before + 0.25 * after, 0.25 * before + 0.75 * after], axis=1).reshape(-1, 2)
        points = np.concatenate([points[:1], inner, points[-1:]])
    return np.asarray(points)


def _wavering(ends: npt.NDArray[np.float64], rng: _Rng) -> npt.NDArray[np.float64]:
    """A line by hand between two points."""
    share = np.linspace(0, 1, 24)[:, None]
    drift = np.cumsum(rng.normal(0, 0.004, (24, 2)), axis=0) * np.hypot(*(ends[1] - ends[0]))
    return np.asarray(ends[0] * (1 - share) + ends[1] * share + drift)


def _spun(vector: npt.NDArray[np.float64], radians: float) -> npt.NDArray[np.float64]:
    cos, sin = np.cos(radians), np.sin(radians)
    return np.array([vector[0] * cos - vector[1] * sin, vector[0] * sin + vector[1] * cos])


def _inked(lines: _Lines, rng: _Rng, *, pen: float) -> Grey:
    """Lines in any unit as coverage, their longer side `_SIDE` pixels."""
    points = np.concatenate(lines)
    low, size = points.min(axis=0), np.ptp(points, axis=0)
    factor = (_SIDE - 2 * _MARGIN) / max(float(size.max()), 1e-6)
    shape = tuple(int(side * factor) + 2 * _MARGIN for side in size[::-1])
    placed = [(line - low) * factor + _MARGIN for line in lines]
    return _drawn(np.zeros(shape, np.uint8), placed, max(1, round(pen)))


def _drawn(canvas: Grey, lines: _Lines, pen: int) -> Grey:
    fixed = [np.round(line * 2**_FRACTION).astype(np.int32) for line in lines]
    drawn = cv2.polylines(canvas.copy(), fixed, False, 255, pen, cv2.LINE_AA, _FRACTION)
    return np.asarray(drawn, np.uint8)

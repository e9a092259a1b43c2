"""Print and drawings that resemble signatures: charts, emblems, large letters, rings of chemistry, cartoons.

Models train on these. What measures them is drawn by other code (`marks.plot`, `oddities`), so that shapes
of the one are not those of the other. Each is coverage: (height, width) uint8, 255 where the ink is full.
"""

from __future__ import annotations

from collections.abc import Callable

import cv2
import numpy as np
import numpy.typing as npt

from training.synthesis.typefaces import printed_line, stamp_into
from worker.vision.values import Grey

_Rng = np.random.Generator
_Points = npt.NDArray[np.float64]
#: Positions are drawn to a 16th of a pixel.
_FRACTION = 4
_SERIES_POINTS = 160
_UPRIGHT, _SLANTED = ("helv", "hebo", "tiro", "tibo", "cour"), ("tiit", "heit", "coit")


def decoy(rng: _Rng, *, side: int) -> Grey:
    """One of all kinds, about `side` pixels wide."""
    kinds: tuple[Callable[..., Grey], ...] = (
        chart,
        chart,
        chart,
        lettermark,
        lettermark,
        numeral,
        rings,
        cartoon,
    )
    return kinds[int(rng.integers(len(kinds)))](rng, side=side)


def chart(rng: _Rng, *, side: int) -> Grey:
    """One to four series between axes with ticks, in a frame, or alone: waves, steps, polynomials, pulses."""
    width, height = side, round(side * rng.uniform(0.3, 0.9))
    canvas, pen = _canvas(height, width), max(1, round(side * rng.uniform(0.002, 0.01)))
    lined = rng.random()
    if lined < 0.8:
        left, bottom = round(0.1 * width), round(0.88 * height)
        ends = [((left, 0), (left, bottom)), ((left, bottom), (width - 2, bottom))]
        if lined < 0.35:
            ends += [((left, 1), (width - 2, 1)), ((width - 2, 1), (width - 2, bottom))]
        _ticked(canvas, ends, left, bottom, rng)
    area = np.array([[0.12 * width, 0.05 * height], [0.86 * width, 0.78 * height]])
    for _ in range(int(rng.integers(1, 5))):
        _series(canvas, area, pen, rng)
    return canvas


def lettermark(rng: _Rng, *, side: int) -> Grey:
    """Letters in a ring, shield or band, between crescents, or under an arc."""
    height = round(side * rng.uniform(0.3, 1.0))
    canvas = _canvas(height, side)
    middle, pen = (side // 2, height // 2), max(1, round(side * rng.uniform(0.01, 0.05)))
    for _ in range(int(rng.integers(1, 4))):
        axes = tuple(max(2, round(rng.uniform(0.2, 0.48) * length)) for length in (side, height))
        first = float(rng.uniform(0, 360))
        reach = 360.0 if rng.random() < 0.4 else float(rng.uniform(90, 300))
        tilt = float(rng.uniform(-40, 40))
        cv2.ellipse(canvas, middle, axes, tilt, first, first + reach, 255, pen, cv2.LINE_AA)
    if rng.random() < 0.35:
        _crescent(canvas, rng)
    letters = _letters(rng, int(rng.integers(1, 9)))
    names = _SLANTED if rng.random() < 0.5 else _UPRIGHT
    word = printed_line(letters, names[int(rng.integers(len(names)))], max(8, round(0.4 * height)))
    word = _within(word, round(0.85 * side), round(0.7 * height))
    stamp_into(canvas, word, middle[0] - word.shape[1] // 2, middle[1] - word.shape[0] // 2)
    return canvas


def numeral(rng: _Rng, *, side: int) -> Grey:
    """A few letters or figures far larger than print, some slanted, some of outlines, some underlined."""
    text = _letters(rng, int(rng.integers(1, 4))) if rng.random() < 0.4 else str(int(rng.integers(1, 2000)))
    if rng.random() < 0.2:
        text = ("No. ", "$ ", "Fig. ")[int(rng.integers(3))] + text
    names = (*_UPRIGHT, *_SLANTED)
    word = _within(printed_line(text, names[int(rng.integers(len(names)))], 200), side, side)
    if rng.random() < 0.3:
        word = np.asarray(cv2.morphologyEx(word, cv2.MORPH_GRADIENT, np.ones((3, 3), np.uint8)), np.uint8)
    canvas = np.pad(word, ((4, 12), (4, 4)))
    if rng.random() < 0.2:
        cv2.line(canvas, (2, canvas.shape[0] - 5), (canvas.shape[1] - 3, canvas.shape[0] - 5), 255, 3)
    return canvas


def rings(rng: _Rng, *, side: int) -> Grey:
    """Rings of six and five with bonds between them and letters at their ends."""
    canvas, pen = _canvas(round(0.6 * side), side), max(1, round(side / rng.uniform(80, 250)))
    reach = side * rng.uniform(0.08, 0.16)
    at = np.array([reach * 1.6, canvas.shape[0] * rng.uniform(0.35, 0.65)])
    while at[0] < side - 1.2 * reach:
        corners = int(rng.choice([5, 6, 6]))
        turn = 2 * np.pi * (np.arange(corners) / corners) + rng.choice([0, np.pi / 6])
        ring = at + reach * np.column_stack([np.cos(turn), np.sin(turn)])
        _lines(canvas, [ring[[*range(corners), 0]]], pen)
        if rng.random() < 0.6:
            inner = at + 0.78 * (ring - at)
            _lines(canvas, [inner[[start, start + 1]] for start in range(0, corners - 1, 2)], pen)
        end = ring[int(rng.integers(corners))]
        far = end + (end - at) * rng.uniform(0.6, 1.1)
        _lines(canvas, [np.array([end, far])], pen)
        atom = ("OH", "N", "Cl", "CH3", "NH", "O")[int(rng.integers(6))]
        word = printed_line(atom, "helv", max(8, round(0.6 * reach)))
        stamp_into(canvas, word, int(far[0]), int(far[1] - word.shape[0] / 2))
        step = np.array([reach * rng.uniform(1.75, 3.2), rng.normal(0, 0.3) * reach])
        if rng.random() < 0.6:
            _lines(canvas, [np.array([at + 0.55 * step, at + 0.75 * step])], pen)
        at = at + step
    return canvas


def cartoon(rng: _Rng, *, side: int) -> Grey:
    """A face, or closed outlines as of a map, by an unsteady pen."""
    canvas, pen = (
        _canvas(round(side * rng.uniform(0.6, 1.1)), side),
        max(1, round(side / rng.uniform(60, 160))),
    )
    middle = np.array(canvas.shape[::-1]) / 2
    outlines = [_outline(middle, 0.45 * middle.min() * rng.uniform(0.8, 1.6), rng)]
    for _ in range(int(rng.integers(2, 7))):
        place = middle + rng.normal(0, 0.35, 2) * middle
        outline = _outline(place, middle.min() * rng.uniform(0.04, 0.3), rng)
        outlines.append(outline[: int(rng.integers(12, len(outline) + 1))])
    _lines(canvas, outlines, pen)
    return canvas


def ridges(rng: _Rng, *, side: int) -> Grey:
    """The print of a finger: noise filtered again and again along directions that turn around a core."""
    height = round(1.35 * side)
    down, across = np.mgrid[:height, :side].astype(np.float32)
    x, y = across / side - 0.5, (down / height - rng.uniform(0.4, 0.6)) * 1.35
    core = rng.normal(0, 0.06, 2)
    turn = 0.5 * (np.arctan2(y - core[1], x - core[0]) - np.arctan2(y + 0.35, x + rng.normal(0, 0.2)))
    field = rng.normal(0, 1, (height, side)).astype(np.float32)
    angles = np.linspace(0, np.pi, 12, endpoint=False)
    nearest = np.round((turn % np.pi) / np.pi * 12).astype(int) % 12
    period = max(4.0, side / rng.uniform(15, 24))
    kernels = [cv2.getGaborKernel((15, 15), 0.45 * period, a + np.pi / 2, period, 0.7, 0) for a in angles]
    for _ in range(4):
        answers = np.stack([cv2.filter2D(field, -1, kernel - kernel.mean()) for kernel in kernels])
        field = np.tanh(2 * np.take_along_axis(answers, nearest[None], 0)[0] / answers.std()).astype(
            np.float32
        )
    inside = (x / 0.46) ** 2 + ((down / height - 0.5) / 0.47) ** 2 < 1
    patches = cv2.resize(
        rng.random((9, 7)).astype(np.float32), (side, height), interpolation=cv2.INTER_LINEAR
    )
    ink = 255 * np.clip(0.3 + patches, 0, 1) * (field > rng.uniform(-0.4, 0.2))
    return np.asarray(np.where(inside & (patches > 0.15), ink, 0), np.uint8)


def _canvas(height: int, width: int) -> Grey:
    return np.zeros((max(height, 8), max(width, 8)), np.uint8)


def _lines(canvas: Grey, lines: list[_Points], pen: int) -> None:
    """Draw lines in place."""
    fixed = [np.round(line * 2**_FRACTION).astype(np.int32) for line in lines]
    cv2.polylines(canvas, fixed, False, 255, pen, cv2.LINE_AA, _FRACTION)


def _ticked(
    canvas: Grey, ends: list[tuple[tuple[int, int], tuple[int, int]]], left: int, bottom: int, rng: _Rng
) -> None:
    """Axes with ticks and, mostly, numbers beside them, in place."""
    for start, end in ends:
        cv2.line(canvas, start, end, 255, 1 + canvas.shape[1] // 600)
    steps, numbered = int(rng.integers(3, 9)), rng.random() < 0.7
    for step in range(steps):
        x = left + round((canvas.shape[1] - left) * step / steps)
        y = round(bottom * (1 - step / steps))
        cv2.line(canvas, (x, bottom), (x, bottom + 4), 255, 1)
        cv2.line(canvas, (left - 4, y), (left, y), 255, 1)
        if numbered:
            word = printed_line(str(10 * step), "helv", max(7, canvas.shape[1] // 40))
            stamp_into(canvas, word, x - word.shape[1] // 2, bottom + 6)
            stamp_into(canvas, word, max(0, left - 8 - word.shape[1]), y)


def _series(canvas: Grey, area: _Points, pen: int, rng: _Rng) -> None:
    """One series in place: a line, or bars, or points."""
    share = np.linspace(0, 1, _SERIES_POINTS)
    level = _level(share, rng)
    level = (level - level.min()) / max(float(np.ptp(level)), 1e-6)
    level = level * rng.uniform(0.3, 1) + rng.uniform(0, 0.2)
    points = area[0] + np.column_stack([share, 1 - level]) * area[1]
    style = rng.random()
    if style < 0.75:
        _lines(canvas, [points], pen)
    elif style < 0.88:
        base = float(area.sum(axis=0)[1])
        for x, y in points[:: int(rng.integers(8, 20))]:
            cv2.rectangle(canvas, (int(x), int(y)), (int(x) + 3 * pen + 2, int(base)), 255, 1)
    else:
        for x, y in points[:: int(rng.integers(4, 16))]:
            cv2.circle(canvas, (int(x), int(y)), pen + 1, 255, int(rng.choice([-1, 1])))


def _level(share: _Points, rng: _Rng) -> _Points:
    """Values of one series: waves, a damped wave, steps, a polynomial, or pulses as of a heart."""
    kind = int(rng.integers(5))
    if kind == 0:
        waves = [
            rng.normal() * np.sin(2 * np.pi * rng.uniform(0.5, 9) * share + rng.uniform(0, 6))
            for _ in range(3)
        ]
        return np.asarray(np.sum(waves, axis=0))
    if kind == 1:
        wave = np.sin(2 * np.pi * rng.uniform(3, 14) * share)
        return np.asarray(wave * np.exp(-rng.uniform(1, 6) * share))
    if kind == 2:
        steps = rng.normal(0, 1, int(rng.integers(4, 16)))
        return np.asarray(steps[(share * (len(steps) - 1e-6)).astype(int)])
    if kind == 3:
        return np.asarray(np.polyval(rng.normal(0, 1, 5), 2 * share - 1))
    phase = (share * rng.uniform(3, 9)) % 1
    pulse = np.exp(-(((phase - 0.4) / 0.03) ** 2)) - 0.3 * np.exp(-(((phase - 0.47) / 0.04) ** 2))
    return np.asarray(pulse + 0.2 * np.exp(-(((phase - 0.7) / 0.08) ** 2)))


def _crescent(canvas: Grey, rng: _Rng) -> None:
    """A filled band that tapers, in place."""
    height, width = canvas.shape
    share = np.linspace(0, np.pi, 40)
    thick, rise = rng.uniform(0.03, 0.15) * height, rng.uniform(-0.4, 0.4) * height
    middle = height / 2 - rise * np.sin(share)
    upper = np.column_stack([share / np.pi * (width - 1), middle - thick * np.sin(share)])
    lower = np.column_stack([share / np.pi * (width - 1), middle + thick * np.sin(share)])
    cv2.fillPoly(canvas, [np.round(np.concatenate([upper, lower[::-1]])).astype(np.int32)], 255, cv2.LINE_AA)


def _letters(rng: _Rng, count: int) -> str:
    """So many invented letters, the first a capital."""
    return "".join(rng.choice(list("aeionrstlmdgkv"), count)).capitalize()


def _within(word: Grey, width: int, height: int) -> Grey:
    """Coverage brought to fit into a field."""
    by = min(width / word.shape[1], height / word.shape[0])
    size = max(1, round(by * word.shape[1])), max(1, round(by * word.shape[0]))
    return np.asarray(cv2.resize(word, size, interpolation=cv2.INTER_AREA), np.uint8)


def _outline(middle: _Points, reach: float, rng: _Rng) -> _Points:
    """A closed curve about a point, wavering by a few low harmonics."""
    angle = np.linspace(0, 2 * np.pi, 48)
    waves = [rng.normal(0, 0.3 / order) * np.cos(order * angle + rng.uniform(0, 6)) for order in range(1, 6)]
    radius = reach * np.clip(1 + np.sum(waves, axis=0), 0.2, 2)
    return np.asarray(middle + np.column_stack([np.cos(angle), np.sin(angle)]) * radius[:, None])

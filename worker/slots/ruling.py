"""Ruled lines of a page image: where a form draws its lines and boxes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from worker.vision.values import Grey

#: A picture of ink: (height, width) uint8, 255 is ink, 0 is paper.
Ink = npt.NDArray[np.uint8]

#: Dots per inch at which lines are sought; finer pages are reduced to it.
LINE_DPI = 100
#: Inches of the shortest line across, and of the shortest one down.
_ACROSS, _DOWN = 0.45, 0.14
#: Inches that a line may be thick; one with bridged gaps is thinner, or it is a row of letters.
_THICK, _BRIDGED_THICK = 0.09, 0.03
#: Inches that a solid bar may be high: its edges are lines.
_BAR_HEIGHT = 0.45
#: Inches that gaps in a line across may be wide: dashes, dots and strokes of ink over it.
_GAP = 0.06
#: The same on scans, and inches of the shortest line down with such gaps.
_WORN_GAP, _WORN_DOWN = 0.14, 0.3
#: Inches of the shortest piece of a line that a fax tore, how thick it may be, and how wide the gaps; so many
#: pieces at least, which cover this share of the line.
_DASH, _DASH_THICK, _TORN, _PIECES, _COVERED = 0.08, 0.03, 0.75, 4, 0.2
#: Pixels at LINE_DPI by which the pieces of one line may miss each other.
_STEP = 2.5
#: Share of a bar that is ink; letters in it are not.
_SOLID = 0.75
#: Ink is darker than its surroundings, so many pixels to every side, by this many greys.
PAPER, _DARKER = 15, 24


@dataclass(frozen=True, slots=True)
class RuledLine:
    """A straight line along one axis, in pixels: from `start` to `end` on it, at `place` across it."""

    start: float
    end: float
    place: float

    @property
    def length(self) -> float:
        """Its length in pixels."""
        return self.end - self.start


@dataclass(frozen=True, slots=True)
class Ruling:
    """The lines of a page, those across from top to bottom, those down from left to right."""

    across: tuple[RuledLine, ...]
    down: tuple[RuledLine, ...]


def find_ruling(page: Grey, *, dpi: float, worn: bool = False) -> Ruling:
    """The lines of a page, in its own pixels. `worn` bridges wider gaps, as scans and faxes tear them."""
    scale = min(1.0, LINE_DPI / dpi)
    small = cv2.resize(page, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA) if scale < 1 else page
    ink, unit = ink_of(np.asarray(small, np.uint8)), dpi * scale
    solid = list(_rules(ink, round(_ACROSS * unit), most=_THICK * unit, bar=_BAR_HEIGHT * unit))
    gap = (_WORN_GAP if worn else _GAP) * unit
    dashed = _rules(_bridged(ink, gap), round(1.5 * _ACROSS * unit), most=_BRIDGED_THICK * unit)
    across = [*solid, *(rule for rule in dashed if not _is_known(rule, solid))]
    if worn:
        across += [rule for rule in _torn(ink, unit) if not _is_known(rule, across)]
    blobs = _blobs(ink, _THICK * unit)
    thin = np.where(blobs > 0, np.uint8(0), ink)
    upright = np.ascontiguousarray(thin.T)
    down = list(_rules(upright, round(_DOWN * unit), most=_THICK * unit))
    if worn:
        torn = _rules(_bridged(upright, _GAP * unit), round(_WORN_DOWN * unit), most=_BRIDGED_THICK * unit)
        down += (rule for rule in torn if not _is_known(rule, down))
    whole = _end_to_end(across, gap=gap)
    return Ruling(_scaled(whole, 1 / scale), _scaled([*down, *_sides(blobs, _DOWN * unit)], 1 / scale))


def _end_to_end(rules: Iterable[RuledLine], *, gap: float) -> list[RuledLine]:
    """The lines; pieces of one that steps by a row or two, as scans and faxes show it, made one."""
    whole: list[RuledLine] = []
    for rule in sorted(rules, key=lambda rule: rule.start):
        before = next((other for other in whole if _continues(rule, other, gap)), None)
        if before is None:
            whole.append(rule)
        else:
            longer = max(before, rule, key=lambda part: part.length)
            whole[whole.index(before)] = RuledLine(before.start, max(before.end, rule.end), longer.place)
    return whole


def _continues(rule: RuledLine, other: RuledLine, gap: float) -> bool:
    """Whether a line begins where the other ends, at its height."""
    return abs(rule.place - other.place) <= _STEP and -2 * gap <= rule.start - other.end <= gap


def _torn(ink: Ink, unit: float) -> Iterator[RuledLine]:
    """Thin lines of which a fax left dashes: pieces that lie level, far apart."""
    dash = round(_DASH * unit)
    thick = cv2.morphologyEx(ink, cv2.MORPH_OPEN, np.ones((round(_DASH_THICK * unit) + 1, 1), np.uint8))
    thin = np.where(thick > 0, np.uint8(0), ink)
    pieces = cv2.morphologyEx(thin, cv2.MORPH_OPEN, np.ones((1, dash), np.uint8))
    _, _, stats, _ = cv2.connectedComponentsWithStats(pieces, connectivity=8)
    rules = (RuledLine(x, x + width, y + height / 2) for x, y, width, height, _ in stats[1:].tolist())
    chains: list[list[RuledLine]] = []
    for rule in sorted(rules, key=lambda rule: rule.start):
        before = (chain for chain in chains if _follows(rule, chain[-1], _TORN * unit))
        chain = min(before, key=lambda chain: abs(chain[-1].place - rule.place), default=None)
        if chain is None:
            chains.append([rule])
        else:
            chain.append(rule)
    for chain in chains:
        start, end = chain[0].start, chain[-1].end
        covered = sum(piece.length for piece in chain) / (end - start)
        if len(chain) >= _PIECES and end - start >= 1.5 * _ACROSS * unit and covered >= _COVERED:
            yield RuledLine(start, end, float(np.median([piece.place for piece in chain])))


def _follows(rule: RuledLine, other: RuledLine, gap: float) -> bool:
    """Whether a piece lies level behind another, so far apart at most."""
    return abs(rule.place - other.place) <= _STEP and -1 <= rule.start - other.end <= gap


def _blobs(ink: Ink, most: float) -> Ink:
    """What is thicker than a line in both directions: a bar would hide the lines that end at it."""
    side = int(most) + 2
    return np.asarray(cv2.morphologyEx(ink, cv2.MORPH_OPEN, np.ones((side, side), np.uint8)), np.uint8)


def _sides(blobs: Ink, lowest: float) -> Iterator[RuledLine]:
    """The left and right edges of bars: they part boxes as lines do."""
    _, _, stats, _ = cv2.connectedComponentsWithStats(blobs, connectivity=8)
    for x, y, width, height, area in stats[1:].tolist():
        if height >= lowest and area >= _SOLID * width * height:
            yield RuledLine(y, y + height, x)
            yield RuledLine(y, y + height, x + width)


def _scaled(rules: Iterable[RuledLine], factor: float) -> tuple[RuledLine, ...]:
    scaled = (RuledLine(rule.start * factor, rule.end * factor, rule.place * factor) for rule in rules)
    return tuple(sorted(scaled, key=lambda rule: rule.place))


def _is_known(rule: RuledLine, solid: Iterable[RuledLine]) -> bool:
    """Whether most of a bridged line is a solid one."""
    near = (other for other in solid if abs(other.place - rule.place) <= 3)
    shared = sum(max(0.0, min(rule.end, other.end) - max(rule.start, other.start)) for other in near)
    return shared > 0.8 * rule.length


def ink_of(page: Grey) -> Ink:
    """What is darker than its surroundings, whatever the shade of the paper."""
    paper = cv2.blur(page, (2 * PAPER + 1, 2 * PAPER + 1))
    return np.asarray(np.where(page.astype(np.int16) < paper.astype(np.int16) - _DARKER, 255, 0), np.uint8)


def _bridged(ink: Ink, gap: float) -> Ink:
    """The same with gaps across closed that have so many pixels at most."""
    brush = np.ones((1, max(2, round(gap))), np.uint8)
    return np.asarray(cv2.morphologyEx(ink, cv2.MORPH_CLOSE, brush), np.uint8)


def _rules(ink: Ink, shortest: int, *, most: float, bar: float = 0.0) -> Iterator[RuledLine]:
    """The lines across of a picture that are at most so thick, and the edges of bars at most so high."""
    lines = cv2.morphologyEx(ink, cv2.MORPH_OPEN, np.ones((1, shortest), np.uint8))
    # Lines a hair askew step from row to row: one row of slack joins the steps.
    joined = cv2.morphologyEx(lines, cv2.MORPH_CLOSE, np.ones((3, 3), np.uint8))
    _, _, stats, _ = cv2.connectedComponentsWithStats(joined, connectivity=8)
    for x, y, width, height, area in stats[1:].tolist():
        if area <= max(2.0, most) * width and height <= 0.02 * width + max(3.0, most):
            yield RuledLine(x, x + width, y + height / 2)
        elif height <= bar and area >= _SOLID * width * height:
            yield RuledLine(x, x + width, y)
            yield RuledLine(x, x + width, y + height)

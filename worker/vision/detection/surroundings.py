"""Print around a mark: what stands below, above and beside it, told from where the letters of its page are.

A signature stands above a typed name and below the text; a note in the margin does not. Letters are what has
their size: nothing is read. All lengths are in lines of print of that page.
"""

from __future__ import annotations

import weakref
from dataclasses import dataclass
from functools import cached_property

import cv2
import numpy as np
import numpy.typing as npt

from worker.vision.detection.components import Components, connected
from worker.vision.images import shrunk
from worker.vision.values import Box, Grey, Pixels

#: Longest side in pixels at which letters are looked for, and shorter side at least: a roll is narrow.
_LOOK, _LOOK_ACROSS = 1000, 600
#: Side of the neighbourhood that ink is darker than, and by how many grey levels.
_NEIGHBOURS, _DARKER = 23, 15
#: Height and width of a letter in those pixels, and how many of them are ink at least.
_HIGH, _WIDE, _INK = (4, 21), (2, 32), 5
#: A line of print with the paper below it, as a multiple of the median letter's height; pixels where none is.
_LINE, _NO_PRINT = 2.2, 15.0
#: Letters farther off than this many lines, down or across, count as none.
_FAR, _FAR_BESIDE = 10.0, 20.0
#: Shares of the letters that lie outside the text's block, on either side.
_EDGES = (0.05, 0.95)
#: How many numbers `surroundings` tells of a mark.
SURROUNDINGS = 29

_Floats = npt.NDArray[np.float64]
_Bools = npt.NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class Letters:
    """The letters of a page, in pixels of the page: their middles and areas, and the height of a line."""

    x: _Floats
    y: _Floats
    area: _Floats
    line: float
    width: int
    height: int

    @cached_property
    def block(self) -> tuple[float, float, float, float]:
        """Left, right, top and bottom of most of the print; the page where there is none."""
        if not len(self.x):
            return 0.0, float(self.width), 0.0, float(self.height)
        (left, right), (top, bottom) = (np.quantile(middles, _EDGES) for middles in (self.x, self.y))
        return float(left), float(right), float(top), float(bottom)


class KnownLetters:
    """The letters of pages that were looked at before, as long as somebody holds the page.

    A page whose pixels change must be another array. Any number of threads may share it.
    """

    def __init__(self) -> None:
        self._known: dict[int, tuple[weakref.ref[Pixels], Letters]] = {}

    def put(self, page: Pixels | Grey, letters: Letters) -> None:
        """Keep the letters of that page until it is gone."""
        key = id(page)
        self._known[key] = weakref.ref(page, lambda _: self._known.pop(key, None)), letters

    def of(self, page: Pixels | Grey) -> Letters | None:
        """The letters of that very array; None where they were not kept."""
        reference, letters = self._known.get(id(page), (None, None))
        return letters if reference is not None and reference() is page else None

    def __len__(self) -> int:
        """Of how many pages letters are known."""
        return len(self._known)


def read_letters(page: Grey) -> Letters:
    """Where the letters of a page are that lies upright."""
    return letters_among(printed(page), width=page.shape[1], height=page.shape[0])


def is_roll(page: Pixels | Grey) -> bool:
    """Whether a page is so narrow that letters would vanish at the usual size; `printed` looks closer."""
    return bool(_LOOK_ACROSS * max(page.shape[:2]) > _LOOK * min(page.shape[:2]))


def printed(page: Grey) -> Components:
    """What is darker than what is around it, at the size at which letters are looked for."""
    small = shrunk(page, longest=max(_LOOK, _LOOK_ACROSS * max(page.shape) // max(min(page.shape), 1)))
    dark = cv2.adaptiveThreshold(
        small, 255, cv2.ADAPTIVE_THRESH_MEAN_C, cv2.THRESH_BINARY_INV, _NEIGHBOURS, _DARKER
    )
    return connected(np.asarray(dark, np.uint8))


def letters_among(parts: Components, *, width: int, height: int) -> Letters:
    """The letters among what is printed on a page of that size in pixels."""
    x, y, across, down, ink = parts.stats[1:].T.astype(np.float64)
    chosen = _between(down, _HIGH) & _between(across, _WIDE) & (ink >= _INK)
    x, y, across, down = (numbers[chosen] for numbers in (x, y, across, down))
    scale = width / parts.labels.shape[1]
    line = scale * _LINE * float(np.median(down)) if chosen.any() else scale * _NO_PRINT
    return Letters(
        scale * (x + across / 2), scale * (y + down / 2), scale**2 * across * down, line, width, height
    )


def surroundings(letters: Letters, box: Box) -> npt.NDArray[np.float32]:
    """What stands around a mark: (SURROUNDINGS,), none of it large where there are few letters or many."""
    right, bottom = box.x + box.width, box.y + box.height
    numbers = (
        *_covered(letters, box, right, bottom),
        *_gaps(letters, box, right, bottom),
        *_on_page(letters, box, right, bottom),
        *_typed(letters, box, right, bottom),
    )
    return np.array(numbers, np.float32)


def _covered(letters: Letters, box: Box, right: float, bottom: float) -> list[float]:
    """How much of the mark, and of zones below, above and beside it, letters take."""
    line = letters.line
    zones = (
        (box.x, box.y, right, bottom),
        (box.x, bottom, right, bottom + line),
        (box.x, bottom + line, right, bottom + 3 * line),
        (box.x, box.y - line, right, box.y),
        (box.x, box.y - 3 * line, right, box.y - line),
        (box.x - 6 * line, box.y, box.x, bottom),
        (right, box.y, right + 6 * line, bottom),
        (box.x - 4 * line, bottom - line / 2, right + 4 * line, bottom + 1.2 * line),
    )
    # No zone reaches farther; so few letters are asked eight times.
    near = _within(letters.x, box.x - 6 * line, right + 6 * line)
    near &= _within(letters.y, box.y - 3 * line, bottom + 3 * line)
    x, y, area = letters.x[near], letters.y[near], letters.area[near]
    return [
        float(area[_within(x, x0, x1) & _within(y, y0, y1)].sum()) / max((x1 - x0) * (y1 - y0), 1.0)
        for x0, y0, x1, y1 in zones
    ]


def _gaps(letters: Letters, box: Box, right: float, bottom: float) -> list[float]:
    """How far the next letters are, below, above, left and right, and how many lie on either side."""
    line, rim = letters.line, 0.15 * box.height
    column = _within(letters.x, box.x - line, right + line)
    row = _within(letters.y, box.y, bottom)
    below = letters.y[column & (letters.y > bottom - rim)] - bottom
    above = box.y - letters.y[column & (letters.y < box.y + rim)]
    before = box.x - letters.x[row & (letters.x < box.x)]
    after = letters.x[row & (letters.x > right)] - right
    return [
        _least(below, line, _FAR),
        _least(above, line, _FAR),
        _least(before, line, _FAR_BESIDE),
        _least(after, line, _FAR_BESIDE),
        min(len(before) / 20, 3.0),
        min(len(after) / 20, 3.0),
    ]


def _on_page(letters: Letters, box: Box, right: float, bottom: float) -> list[float]:
    """How the mark lies to all print of the page, how much print there is, and the mark's size in lines."""
    number, lower = len(letters.y), int((letters.y > bottom).sum())
    upper = int((letters.y < box.y).sum())
    first, last, top, foot = letters.block
    inside = _within(letters.x, box.x, right) & _within(letters.y, box.y, bottom)
    return [
        lower / max(number, 1),
        upper / max(number, 1),
        min(number / 1000, 5.0),
        min(lower / 200, 5.0),
        (box.y - foot) / letters.height,
        (box.y - top) / letters.height,
        (box.x - first) / letters.width,
        (right - last) / letters.width,
        min(int(inside.sum()) / 10, 5.0),
        box.height / letters.line,
        box.width / letters.line,
    ]


def _typed(letters: Letters, box: Box, right: float, bottom: float) -> list[float]:
    """How many letters stand in the line below the mark, where they begin and end, and how many above it."""
    line, rim = letters.line, 0.1 * box.height
    column = _within(letters.x, box.x - line, right + line)
    below = letters.x[column & _within(letters.y, bottom - rim, bottom + 1.6 * line)]
    above = column & _within(letters.y, box.y - 1.6 * line, box.y + rim)
    # A mark is at least a pixel wide, and what is far off says no more than what is off.
    width = max(box.width, 1.0)
    begins, ends = (below.min() - box.x, below.max() - right) if len(below) else (-2 * width, -2 * width)
    return [
        min(len(below) / 10, 4.0),
        float(np.clip(begins / width, -2.0, 2.0)),
        float(np.clip(ends / width, -2.0, 2.0)),
        min(int(above.sum()) / 10, 4.0),
    ]


def _within(numbers: _Floats, low: float, high: float) -> _Bools:
    return np.asarray((numbers > low) & (numbers < high), np.bool_)


def _between(numbers: _Floats, bounds: tuple[int, int]) -> _Bools:
    low, high = bounds
    return np.asarray((numbers >= low) & (numbers <= high), np.bool_)


def _least(distances: _Floats, line: float, far: float) -> float:
    """The shortest distance in lines; `far` where there is none."""
    return min(float(distances.min()) / line, far) if len(distances) else far

"""Marks that were written upwards or downwards on an upright page, laid level to be asked for their role.

A detector finds a signature beside a margin or in a narrow box. The roles network was trained on level ones.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from math import ceil

import numpy as np

from worker.vision.values import Box, Grey

#: From so many times as high as wide on, a mark may lie on its side; it is so long, in shares of the page's
#: longer side. Letters are smaller.
_TALLER, _LONG = 1.2, 0.05
#: Quarter turns anticlockwise that lay it level: from either side.
_TURNS = (1, 3)
#: The percentile of a mark's pixels that is paper; ink is darker by so many grey levels.
_PAPER, _INK = 90, 64
#: Bands of rows without ink, in shares of the mark's height, and how many of them make it a column of marks,
#: such as initials on a list: those are level already.
_BLANK, _BANDS = 0.03, 2


def may_be_upended(box: Box, *, height: int, width: int) -> bool:
    """Whether a mark on a page of that size is so high and narrow that it may lie on its side."""
    return box.height >= _TALLER * box.width and box.height >= _LONG * max(height, width)


def laid_level(page: Grey, box: Box) -> Iterator[tuple[Grey, Box]]:
    """Copies of the page with the mark in that box turned to either side in its place, and its new box.

    None for a column of several marks.
    """
    height, width = page.shape
    left, top = max(0, int(box.x)), max(0, int(box.y))
    right, bottom = min(width, ceil(box.x + box.width)), min(height, ceil(box.y + box.height))
    mark = page[top:bottom, left:right]
    for turns in _TURNS if mark.size and not _is_column(mark) else ():
        level = np.rot90(mark, turns)[:height, :width]
        copy = page.copy()
        copy[top:bottom, left:right] = np.percentile(mark, _PAPER)
        down, across = level.shape
        x = min(max(0, (left + right - across) // 2), width - across)
        y = min(max(0, (top + bottom - down) // 2), height - down)
        place = copy[y : y + down, x : x + across]
        np.minimum(place, level, out=place)
        yield copy, replace(box, x=float(x), y=float(y), width=float(across), height=float(down))


def _is_column(mark: Grey) -> bool:
    """Whether blank bands cut the mark into three pieces or more, one below the other."""
    inked = np.flatnonzero((mark < np.percentile(mark, _PAPER) - _INK).any(axis=1))
    return int((np.diff(inked) - 1 >= _BLANK * len(mark)).sum()) >= _BANDS

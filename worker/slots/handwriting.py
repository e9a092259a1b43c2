"""Marks of hands taken off a page, with the print left that stands beside and under them."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np

from worker.slots.print_runs import bare_ink
from worker.slots.values import Area
from worker.vision.detection.components import connected
from worker.vision.values import Grey

#: Share of a piece of ink that lies within a mark of which it is a stroke; what is so tall, as a share of the
#: mark's height, is a stroke with less of it.
_WITHIN, _TALL, _WITHIN_TALL = 0.8, 0.5, 0.4
#: Share of a mark's height that is looked at around it: captions reach into marks from there.
_AROUND = 0.8
#: Points by which strokes are painted over wider than their ink: their edges are paler.
_WIDER = 1.0


def without_handwriting(page: Grey, marks: Sequence[Area], *, dpi: float) -> Grey:
    """The page without the strokes of these marks: where they stand a line is free.

    Pieces of ink that only reach into a mark are print, such as the caption at the top of a box.
    """
    bare = page.copy()
    for mark in marks:
        around = _AROUND * mark.height
        rows = slice(max(int(mark.y - around), 0), max(int(mark.bottom + around) + 1, 0))
        columns = slice(max(int(mark.x - around), 0), max(int(mark.right + around) + 1, 0))
        view = bare[rows, columns]
        if view.size:
            here = mark.model_copy(update={"x": mark.x - columns.start, "y": mark.y - rows.start})
            _erase(view, here, dpi=dpi)
    return bare


def _erase(view: Grey, mark: Area, *, dpi: float) -> None:
    """Paint over the strokes of a mark."""
    pieces = connected(bare_ink(view, dpi=dpi))
    left, top, width, height, _ = pieces.stats.T
    across = np.minimum(left + width, mark.right) - np.maximum(left, mark.x)
    down = np.minimum(top + height, mark.bottom) - np.maximum(top, mark.y)
    inside = np.maximum(across, 0) * np.maximum(down, 0) / (width * height)
    strokes = (inside >= _WITHIN) | ((inside >= _WITHIN_TALL) & (height >= _TALL * mark.height))
    strokes[0] = False
    side = 2 * max(1, round(_WIDER * dpi / 72)) + 1
    painted = np.where(strokes[pieces.labels], np.uint8(255), np.uint8(0))
    # The shade of the paper: white on grey would look like ink beside it.
    view[cv2.dilate(painted, np.ones((side, side), np.uint8)) > 0] = np.median(view)

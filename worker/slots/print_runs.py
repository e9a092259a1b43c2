"""Runs of print on a scan: where words stand together, told from the ink alone and not yet read."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np

from worker.slots.ruling import Ink
from worker.slots.values import Area
from worker.vision.detection.components import connected
from worker.vision.values import Grey

#: Dots per inch at which print is sought; finer pages are reduced to it.
_RUNS_DPI = 150
#: Points, 72 to the inch: the side of the neighbourhood that ink is darker than, and by how many greys.
_NEIGHBOURS, _DARKER = 15, 20
#: Points from which ink across, or down, is a ruled line.
_ACROSS, _DOWN = 22, 20
#: Points: the least height of a letter, its greatest height and width, and the greatest width of what letters
#: that touch each other make.
_LOW, _HIGH, _WIDE, _TOUCHING = 3.0, 22.0, 20.0, 40.0
#: Letters no farther apart than so many times their median height stand together.
_GAP = 1.3
#: Dots per inch of a glance, and pixels of the gap between letters there.
_GLANCE_DPI, _GLANCE_GAP = 75, 5
#: Letters beside the words of a page from which some may be drawn as curves.
_CURVES = 12


def find_runs(page: Grey, *, dpi: float) -> list[Area]:
    """Where print stands, a box for each run of words on a line; in pixels of the page.

    Handwriting of the size of print is among it, and nothing that is larger.
    """
    scale = min(1.0, _RUNS_DPI / dpi)
    small = cv2.resize(page, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA) if scale < 1 else page
    unit = dpi * scale / 72
    mask, letter = _letters(_without_lines(_ink(np.asarray(small, np.uint8), unit), unit), unit)
    joined = cv2.morphologyEx(mask, cv2.MORPH_CLOSE, np.ones((1, max(3, int(_GAP * letter))), np.uint8))
    boxes = connected(np.asarray(joined, np.uint8)).stats[1:, :4]
    chosen = (boxes[:, 2:].min(axis=1) >= 0.8 * _LOW * unit) & (boxes[:, 3] <= 1.2 * _HIGH * unit)
    return [
        Area(x=x, y=y, width=width, height=height) for x, y, width, height in (boxes[chosen] / scale).tolist()
    ]


def is_on_its_side(page: Grey, *, dpi: float) -> bool:
    """Whether print seems to stand on its side: its runs are longer down than across."""
    scale = _GLANCE_DPI / dpi
    small = cv2.resize(page, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    ink = _without_lines(_ink(np.asarray(small, np.uint8), _GLANCE_DPI / 72), _GLANCE_DPI / 72)
    longer = [
        int(np.count_nonzero(cv2.morphologyEx(ink, cv2.MORPH_CLOSE, np.ones(brush, np.uint8))))
        for brush in ((1, _GLANCE_GAP), (_GLANCE_GAP, 1))
    ]
    return longer[1] > longer[0]


def has_curves(page: Grey, words: Sequence[Area], *, dpi: float) -> bool:
    """Whether print stands on a page beside its words: letters may be drawn as curves."""
    scale = _GLANCE_DPI / dpi
    small = cv2.resize(page, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    unit = _GLANCE_DPI / 72
    ink = _without_lines(_ink(np.asarray(small, np.uint8), unit), unit)
    for word in words:
        rows = slice(max(int(word.y * scale) - 1, 0), int(word.bottom * scale) + 2)
        ink[rows, max(int(word.x * scale) - 1, 0) : int(word.right * scale) + 2] = 0
    _, _, across, down, _ = connected(ink).stats[1:].T
    letters = (down >= _LOW * unit) & (down <= _HIGH * unit) & (across <= _WIDE * unit) & (across >= unit)
    return int(np.count_nonzero(letters)) >= _CURVES


def bare_ink(page: Grey, *, dpi: float) -> Ink:
    """The ink of a page, in its own pixels, without ruled lines."""
    unit = dpi / 72
    return _without_lines(_ink(page, unit), unit)


def _ink(page: Grey, unit: float) -> Ink:
    side = int(_NEIGHBOURS * unit) | 1
    dark = cv2.adaptiveThreshold(page, 255, cv2.ADAPTIVE_THRESH_MEAN_C, cv2.THRESH_BINARY_INV, side, _DARKER)
    return np.asarray(dark, np.uint8)


def _without_lines(ink: Ink, unit: float) -> Ink:
    """The same without ruled lines, which would join what stands on them."""
    across = cv2.morphologyEx(ink, cv2.MORPH_OPEN, np.ones((1, int(_ACROSS * unit)), np.uint8))
    down = cv2.morphologyEx(ink, cv2.MORPH_OPEN, np.ones((int(_DOWN * unit), 1), np.uint8))
    lines = cv2.max(
        cv2.dilate(across, np.ones((3, 1), np.uint8)), cv2.dilate(down, np.ones((1, 3), np.uint8))
    )
    return np.where(np.asarray(lines) > 0, np.uint8(0), ink)


def _letters(ink: Ink, unit: float) -> tuple[Ink, float]:
    """What has the size of letters, dots among them, and the median height of a letter in pixels."""
    parts = connected(ink)
    _, _, across, down, _ = parts.stats.T
    kept = (down <= _HIGH * unit) & (across <= _TOUCHING * unit) & (np.maximum(across, down) >= unit)
    kept[0] = False
    letters = kept & (down >= _LOW * unit) & (across <= _WIDE * unit)
    height = float(np.median(down[letters])) if letters.any() else _LOW * unit
    return np.where(kept[parts.labels], np.uint8(255), np.uint8(0)), height

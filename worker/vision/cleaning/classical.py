"""The classical part of the cleaner: ruled lines by straightness, print by rows, other ink by colour."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from worker.vision.cleaning.ruling import ruled
from worker.vision.values import Grey, Pixels

#: Raised with every change of these rules or of `ruling`: stored embeddings name it.
VERSION = 1
#: Difference between the strongest and the weakest channel from which ink counts as coloured.
MIN_COLOUR = 40
#: Coloured pixels decide when they are at least this share of all ink.
MIN_COLOURED_SHARE = 0.25
#: A row of print has at least so many characters, no higher than this share of the tallest stroke, and no
#: more than this share of all ink.
MIN_CHARACTERS = 8
MAX_CHARACTER_SHARE = 0.25
MAX_PRINTED_SHARE = 0.33


@dataclass(frozen=True, slots=True)
class _Parts:
    """Connected components of a mask; row i of `boxes` is x, y, width, height of label i + 1."""

    labels: npt.NDArray[np.int32]
    boxes: npt.NDArray[np.int32]
    areas: npt.NDArray[np.int32]


def strokes(crop: Pixels | Grey, mask: Grey) -> Grey:
    """What of a mask of dark pixels (255) is neither rule nor separate print nor of another colour."""
    kept = cv2.bitwise_and(mask, cv2.bitwise_not(ruled(mask)))
    return _without_print(coloured_ink(crop, np.asarray(kept, np.uint8)))


def coloured_ink(crop: Pixels | Grey, mask: Grey) -> Grey:
    """Where the pen was coloured, drop ink without colour, except beside coloured strokes."""
    if crop.ndim == 2 or not cv2.countNonZero(mask):
        return mask
    spread = crop.max(axis=2).astype(np.int16) - crop.min(axis=2)
    paper = int(np.median(spread[mask == 0])) if (mask == 0).any() else 0
    coloured = np.where((spread >= paper + MIN_COLOUR) & (mask > 0), np.uint8(255), np.uint8(0))
    if cv2.countNonZero(coloured) < MIN_COLOURED_SHARE * cv2.countNonZero(mask):
        return mask
    nearby = cv2.dilate(coloured, np.ones((5, 5), np.uint8))
    return np.asarray(cv2.bitwise_and(mask, nearby), np.uint8)


def _without_print(mask: Grey) -> Grey:
    """The mask without rows of small, equally high components; what touches a stroke stays.

    Rows that hold much of the ink are left alone: they are the signature, written in separate letters.
    """
    parts = _parts(mask)
    if len(parts.areas) < 2:
        return mask
    widths, heights = parts.boxes[:, 2], parts.boxes[:, 3]
    small = (heights >= 4) & (heights <= MAX_CHARACTER_SHARE * heights.max()) & (widths <= 8 * heights)
    printed = _rows_of_print(parts.boxes, np.flatnonzero(small))
    if parts.areas[printed].sum() > MAX_PRINTED_SHARE * parts.areas.sum():
        return mask
    drop = np.zeros(len(parts.areas) + 1, bool)
    drop[printed + 1] = True
    return np.where(drop[parts.labels], np.uint8(0), mask)


def _parts(mask: Grey) -> _Parts:
    _, labels, stats, _ = cv2.connectedComponentsWithStats(mask, connectivity=8)
    table = np.asarray(stats[1:], np.int32)
    return _Parts(np.asarray(labels, np.int32), table[:, :4], table[:, cv2.CC_STAT_AREA])


def _rows_of_print(boxes: npt.NDArray[np.int32], small: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    """Those of the small components that stand in a row: one baseline, similar height, close together."""
    printed: set[int] = set()
    for seed in small:
        row = _same_row(boxes, small, int(seed))
        if _reads_as_print(boxes[row]):
            printed.update(int(i) for i in row)
    return np.array(sorted(printed), np.int64)


def _same_row(boxes: npt.NDArray[np.int32], small: npt.NDArray[np.int64], seed: int) -> npt.NDArray[np.int64]:
    height, bottom = boxes[seed, 3], boxes[seed, 1] + boxes[seed, 3]
    bottoms, heights = boxes[small, 1] + boxes[small, 3], boxes[small, 3]
    level = np.abs(bottoms - bottom) <= max(2.0, 0.2 * height)
    alike = (heights >= 0.65 * height) & (heights <= 1.55 * height)
    return np.asarray(small[level & alike], np.int64)


def _reads_as_print(row: npt.NDArray[np.int32]) -> bool:
    """Enough characters, touching ones counted by width, at no more than about two heights' distance."""
    height = float(np.median(row[:, 3]))
    characters = np.maximum(1, np.round(row[:, 2] / (1.1 * height))).sum()
    ordered = row[np.argsort(row[:, 0])]
    gaps = ordered[1:, 0] - (ordered[:-1, 0] + ordered[:-1, 2])
    return bool(characters >= MIN_CHARACTERS and len(row) >= 4 and np.mean(gaps <= 2.0 * height) >= 0.7)

"""Rectangle arithmetic on page pixels: overlap, suppression, clipping, voting."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from worker.vision.values import Box

#: One rectangle per row, (left, top, right, bottom).
Corners = npt.NDArray[np.float32]
Scores = npt.NDArray[np.float32]


def iou(box: Box, other: Box) -> float:
    """Intersection over union, in [0, 1]; 0 for boxes that do not touch."""
    width = min(box.x + box.width, other.x + other.width) - max(box.x, other.x)
    height = min(box.y + box.height, other.y + other.height) - max(box.y, other.y)
    if width <= 0 or height <= 0:
        return 0.0
    both = width * height
    return min(1.0, both / (box.width * box.height + other.width * other.height - both))


def shared(box: Box, other: Box) -> float:
    """The share of the smaller box that lies in the other, in [0, 1]."""
    width = min(box.x + box.width, other.x + other.width) - max(box.x, other.x)
    height = min(box.y + box.height, other.y + other.height) - max(box.y, other.y)
    smaller = min(box.width * box.height, other.width * other.height)
    return min(1.0, max(0.0, width) * max(0.0, height) / smaller)


def clip(box: Box, *, width: float, height: float) -> Box | None:
    """The part of a box that lies on a page of that size; None when nothing does, or when it is no box."""
    left, top = max(box.x, 0.0), max(box.y, 0.0)
    right, bottom = min(box.x + box.width, width), min(box.y + box.height, height)
    # Written so that what is not a number is nowhere.
    if not (left < right and top < bottom):
        return None
    return Box(x=left, y=top, width=right - left, height=bottom - top)


def suppressed(corners: Corners, scores: Scores, *, max_iou: float, limit: int) -> list[int]:
    """The rows that no better one overlaps by more than `max_iou`: best first, at most `limit` of them.

    Equal scores keep the one that came first, so the result is reproducible.
    """
    order = np.argsort(-scores, kind="stable")
    kept: list[int] = []
    while order.size and len(kept) < limit:
        best, rest = order[0], order[1:]
        kept.append(int(best))
        order = rest[~overlapping(corners[best], corners[rest], min_iou=max_iou)]
    return kept


def voted(corners: Corners, scores: Scores) -> Corners:
    """The mean of boxes that see one thing, weighted by score: (4,).

    Neighbouring anchors together place its edges better than the best of them alone (box voting: Gidaris,
    Komodakis, "Object detection via a multi-region and semantic segmentation-aware CNN model", ICCV 2015).
    """
    # In double precision: one box alone stays exactly where it is.
    weights = np.maximum(scores, 1e-9).astype(np.float64)
    return np.average(corners.astype(np.float64), axis=0, weights=weights).astype(np.float32)


def overlapping(box: Corners, others: Corners, *, min_iou: float) -> npt.NDArray[np.bool_]:
    """Which rows have more than that intersection over union with the box."""
    extent = np.minimum(box[2:], others[:, 2:]) - np.maximum(box[:2], others[:, :2])
    both = np.clip(extent, 0, None).prod(axis=1)
    area, areas = (box[2:] - box[:2]).prod(), (others[:, 2:] - others[:, :2]).prod(axis=1)
    return np.asarray(both > min_iou * (area + areas - both))

"""Detection figures in the field's definitions: ultralytics' average precision, bootstrap over documents."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from ultralytics.utils.metrics import ap_per_class

from worker.vision.values import Box, Region

Floats = npt.NDArray[np.float64]
#: The ten IoU thresholds of COCO, 0.50 to 0.95.
IOU_THRESHOLDS = np.linspace(0.5, 0.95, 10)


@dataclass(frozen=True, slots=True)
class Scored:
    """One page's predictions against its truth.

    `hits` is (predictions, 10) bool, a column per IoU threshold; `truths` is the number of signatures.
    """

    group: str
    hits: npt.NDArray[np.bool_]
    scores: Floats
    truths: int


@dataclass(frozen=True, slots=True)
class Figures:
    """What one evaluation set says; `low` and `high` bound mAP50 with 95 % confidence.

    Precision and recall are those at `best_score`, the score where F1 is greatest.
    """

    pages: int
    documents: int
    signatures: int
    map50: float
    low: float
    high: float
    map50_95: float
    precision: float
    recall: float
    best_score: float


def score_page(group: str, regions: Sequence[Region], truths: Sequence[Box]) -> Scored:
    """Match predictions, best first, each to its best unclaimed truth, at every IoU threshold."""
    overlaps = _pairwise_iou([region.box for region in regions], truths)
    hits = np.zeros((len(regions), len(IOU_THRESHOLDS)), dtype=bool)
    for column, threshold in enumerate(IOU_THRESHOLDS):
        free = overlaps.copy()
        for row in range(len(regions)):
            best = int(free[row].argmax()) if truths else 0
            if truths and free[row, best] >= threshold:
                hits[row, column] = True
                free[:, best] = 0
    scores = np.array([region.score for region in regions], dtype=np.float64)
    return Scored(group=group, hits=hits, scores=scores, truths=len(truths))


def figures(pages: Sequence[Scored], *, rounds: int = 500, seed: int = 1) -> Figures:
    """The figures of those pages; the interval draws whole documents with replacement."""
    low, high = _interval(pages, rounds=rounds, seed=seed)
    _, _, precision, recall, _, ap, _, _, _, f1_curve, grid, _ = _ap(pages)
    return Figures(
        pages=len(pages),
        documents=len({page.group for page in pages}),
        signatures=sum(page.truths for page in pages),
        map50=float(ap[0, 0]),
        low=low,
        high=high,
        map50_95=float(ap[0].mean()),
        precision=float(precision[0]),
        recall=float(recall[0]),
        best_score=float(grid[f1_curve[0].argmax()]),
    )


def _ap(pages: Sequence[Scored]) -> Any:
    scores = np.concatenate([page.scores for page in pages])
    targets = np.zeros(sum(page.truths for page in pages))
    return ap_per_class(np.concatenate([page.hits for page in pages]), scores, np.zeros(len(scores)), targets)


def _interval(pages: Sequence[Scored], *, rounds: int, seed: int) -> tuple[float, float]:
    groups: dict[str, list[Scored]] = {}
    for page in pages:
        groups.setdefault(page.group, []).append(page)
    documents, rng = list(groups.values()), np.random.default_rng(seed)
    draws = []
    for _ in range(rounds):
        picks = rng.integers(len(documents), size=len(documents))
        draws.append(_map50([page for pick in picks for page in documents[pick]]))
    low, high = np.quantile(draws, [0.025, 0.975])
    return float(low), float(high)


def _map50(pages: Sequence[Scored]) -> float:
    first = [Scored(page.group, page.hits[:, :1], page.scores, page.truths) for page in pages]
    return float(_ap(first)[5][0, 0]) if any(page.truths for page in pages) else 0.0


def _pairwise_iou(found: Sequence[Box], truths: Sequence[Box]) -> Floats:
    """(found, truths) intersection over union."""
    a, b = _corners(found)[:, None], _corners(truths)[None]
    extent = np.clip(np.minimum(a[..., 2:], b[..., 2:]) - np.maximum(a[..., :2], b[..., :2]), 0, None)
    shared = extent.prod(axis=-1)
    areas = (a[..., 2:] - a[..., :2]).prod(axis=-1) + (b[..., 2:] - b[..., :2]).prod(axis=-1)
    return np.asarray(shared / np.maximum(areas - shared, 1e-9), dtype=np.float64)


def _corners(boxes: Sequence[Box]) -> Floats:
    rows = [(box.x, box.y, box.x + box.width, box.y + box.height) for box in boxes]
    return np.array(rows, dtype=np.float64).reshape(-1, 4)

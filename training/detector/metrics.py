"""Detection figures in the field's definitions: ultralytics' average precision, bootstrap over documents."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from ultralytics.utils.metrics import ap_per_class

from training.common.statistics import SEED, TAILS, Estimate, Floats, ratio_estimate, resampled_rows
from worker.vision.values import Box, DetectedRegion

#: The ten IoU thresholds of COCO, 0.50 to 0.95.
IOU_THRESHOLDS = np.linspace(0.5, 0.95, 10)
#: Draws of a bootstrap.
ROUNDS = 200


@dataclass(frozen=True, slots=True)
class Scored:
    """One page's predictions against its ground truth.

    `hits` is (predictions, 10) bool, a column per IoU threshold; `truths` is the number of true boxes.
    """

    group: str
    hits: npt.NDArray[np.bool_]
    scores: Floats
    truths: int


@dataclass(frozen=True, slots=True)
class LabelFigures:
    """What one evaluation set says of one label.

    Precision and recall are those at `best_score`, the score where F1 is greatest; every draw of the
    bootstrap has its own.
    """

    pages: int
    documents: int
    truths: int
    map50: float
    map50_95: float
    precision: float
    recall: float
    best_score: float
    #: The 95 % interval of each figure by its name.
    intervals: dict[str, tuple[float, float]]


@dataclass(frozen=True, slots=True)
class AtThreshold:
    """What is served: boxes that reach `score`, right where they overlap a true box by half (IoU)."""

    score: float
    truths: int
    true_positives: int
    false_alarms: int
    recall: Estimate
    precision: Estimate


@dataclass(frozen=True, slots=True)
class FalseAlarms:
    """Regions found on pages without any, at the threshold that serves; `called` is the share of pages."""

    pages: int
    regions: int
    pages_with_any: int
    min_score: float
    called: Estimate
    per_page: Estimate


def score_page(group: str, regions: Sequence[DetectedRegion], truths: Sequence[Box]) -> Scored:
    """Match predictions, best first, each to its best unclaimed true box, at every IoU threshold."""
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


def label_figures(pages: Sequence[Scored], *, rounds: int = ROUNDS, seed: int = SEED) -> LabelFigures:
    """The figures of those pages; the intervals draw whole documents with replacement."""
    values = _four(pages)
    draws = np.array([list(_four(drawn).values()) for drawn in _draws(pages, rounds=rounds, seed=seed)])
    bounds = np.quantile(draws, TAILS, axis=0).T
    return LabelFigures(
        pages=len(pages),
        documents=len({page.group for page in pages}),
        truths=sum(page.truths for page in pages),
        **values,
        intervals={name: (float(low), float(high)) for name, (low, high) in zip(values, bounds, strict=True)},
    )


def served_figures(pages: Sequence[Scored], score: float, *, rounds: int = ROUNDS) -> AtThreshold:
    """Recall and precision of the boxes that reach this score."""
    counts = np.array(
        [
            [page.hits[page.scores >= score, 0].sum(), (page.scores >= score).sum(), page.truths]
            for page in pages
        ]
    )
    hits, boxes, truths = counts.sum(axis=0).tolist()
    return AtThreshold(
        score=score,
        truths=truths,
        true_positives=hits,
        false_alarms=boxes - hits,
        recall=_ratio(pages, counts[:, [0, 2]], rounds),
        precision=_ratio(pages, counts[:, [0, 1]], rounds),
    )


def false_alarms(pages: Sequence[Scored], score: float, *, rounds: int = ROUNDS) -> FalseAlarms:
    """What is found on pages that carry nothing."""
    counts = np.array([(page.scores >= score).sum() for page in pages])
    each = np.ones_like(counts)
    return FalseAlarms(
        pages=len(pages),
        regions=int(counts.sum()),
        pages_with_any=int((counts > 0).sum()),
        min_score=score,
        called=_ratio(pages, np.stack([counts > 0, each], axis=1), rounds),
        per_page=_ratio(pages, np.stack([counts, each], axis=1), rounds),
    )


def curve(pages: Sequence[Scored]) -> Floats:
    """Recall and precision at IoU 0.5 as the threshold falls: (n, 2), one row per box."""
    order = np.argsort(-np.concatenate([page.scores for page in pages]), kind="stable")
    hits = np.concatenate([page.hits[:, 0] for page in pages])[order].cumsum()
    truths = max(1, sum(page.truths for page in pages))
    return np.stack([hits / truths, hits / np.arange(1, len(hits) + 1)], axis=1)


def _four(pages: Sequence[Scored]) -> dict[str, float]:
    """The four figures and the score that precision and recall belong to, by name."""
    scores = np.concatenate([page.scores for page in pages])
    hits = np.concatenate([page.hits for page in pages])
    truths = sum(page.truths for page in pages)
    if not truths or not len(scores):
        return dict.fromkeys(("map50", "map50_95", "precision", "recall", "best_score"), 0.0)
    answer: Any = ap_per_class(hits, scores, np.zeros(len(scores)), np.zeros(truths))
    _, _, precision, recall, _, ap, _, _, _, f1_curve, grid, _ = answer
    return {
        "map50": float(ap[0, 0]),
        "map50_95": float(ap[0].mean()),
        "precision": float(precision[0]),
        "recall": float(recall[0]),
        "best_score": float(grid[f1_curve[0].argmax()]),
    }


def _draws(pages: Sequence[Scored], *, rounds: int, seed: int) -> list[list[Scored]]:
    """That many samples of as many documents as there are, with replacement, as their pages."""
    groups: dict[str, list[Scored]] = {}
    for page in pages:
        groups.setdefault(page.group, []).append(page)
    documents = list(groups.values())
    picks = resampled_rows(len(documents), rounds=rounds, seed=seed)
    return [[page for pick in row for page in documents[pick]] for row in picks]


def _ratio(pages: Sequence[Scored], counts: npt.NDArray[np.int64], rounds: int) -> Estimate:
    """First column over second, with the interval of whole documents drawn with replacement."""
    groups = {group: row for row, group in enumerate(dict.fromkeys(page.group for page in pages))}
    sums = np.zeros((len(groups), 2))
    np.add.at(sums, [groups[page.group] for page in pages], counts)
    return ratio_estimate(sums[:, 0], sums[:, 1], rounds=rounds, empty=0.0)


def _pairwise_iou(boxes: Sequence[Box], truths: Sequence[Box]) -> Floats:
    """(found, truths) intersection over union."""
    a, b = _corners(boxes)[:, None], _corners(truths)[None]
    extent = np.clip(np.minimum(a[..., 2:], b[..., 2:]) - np.maximum(a[..., :2], b[..., :2]), 0, None)
    shared = extent.prod(axis=-1)
    areas = (a[..., 2:] - a[..., :2]).prod(axis=-1) + (b[..., 2:] - b[..., :2]).prod(axis=-1)
    return np.asarray(shared / np.maximum(areas - shared, 1e-9), dtype=np.float64)


def _corners(boxes: Sequence[Box]) -> Floats:
    rows = [(box.x, box.y, box.x + box.width, box.y + box.height) for box in boxes]
    return np.array(rows, dtype=np.float64).reshape(-1, 4)

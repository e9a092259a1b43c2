"""What a classifier's predictions are worth: accuracy, precision, recall, with intervals over documents."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from training.common.statistics import Estimate, Flags, Indices, ratio_estimate
from worker.vision.detection.classifier import KINDS, Kind

_SIGNATURE = KINDS.index(Kind.SIGNATURE)


@dataclass(frozen=True, slots=True)
class Predictions:
    """Truths and predictions as indices into KINDS, (n,) each; `groups` names each crop's document."""

    truths: Indices
    predictions: Indices
    groups: tuple[str, ...]
    sources: tuple[str, ...]

    def of(self, keep: Flags) -> Predictions:
        """Those predictions alone."""
        rows = np.flatnonzero(keep)
        named = tuple(self.groups[row] for row in rows)
        return Predictions(
            self.truths[rows], self.predictions[rows], named, tuple(self.sources[row] for row in rows)
        )


@dataclass(frozen=True, slots=True)
class CropFigures:
    """One evaluation set. `confusion` counts crops: a row per true kind, a column per answer.

    `accuracy` tells four kinds apart, `signature_accuracy` signatures from all that is none. A figure is NaN
    where it is over no crop.
    """

    crops: int
    documents: int
    accuracy: Estimate
    signature_accuracy: Estimate
    signature_precision: Estimate
    signature_recall: Estimate
    confusion: tuple[tuple[int, ...], ...]


def crop_figures(predictions: Predictions, *, rounds: int = 1000) -> CropFigures:
    """The figures of those predictions; the intervals draw whole documents with replacement."""
    tables = confusions(predictions)
    crops = tables.sum(axis=(1, 2))
    right = tables.trace(axis1=1, axis2=2)
    hits = tables[:, _SIGNATURE, _SIGNATURE]
    called, true = tables[:, :, _SIGNATURE].sum(axis=1), tables[:, _SIGNATURE].sum(axis=1)

    def ratio(above: Indices, below: Indices) -> Estimate:
        return ratio_estimate(above.astype(np.float64), below.astype(np.float64), rounds=rounds)

    return CropFigures(
        crops=len(predictions.truths),
        documents=len(tables),
        accuracy=ratio(right, crops),
        signature_accuracy=ratio(crops - called - true + 2 * hits, crops),
        signature_precision=ratio(hits, called),
        signature_recall=ratio(hits, true),
        confusion=tuple(map(tuple, tables.sum(axis=0).tolist())),
    )


def confusions(predictions: Predictions) -> Indices:
    """(documents, 4, 4) counts of crops: a row per true kind, a column per answer."""
    documents = {group: row for row, group in enumerate(dict.fromkeys(predictions.groups))}
    tables = np.zeros((len(documents), len(KINDS), len(KINDS)), np.int64)
    rows = np.array([documents[group] for group in predictions.groups], np.int64)
    np.add.at(tables, (rows, predictions.truths, predictions.predictions), 1)
    return tables

"""How much of a result needs no reference: a query's label told from the query alone.

Two readers of the query are trained on the training writers: logistic regression on its embedding, and on a
few plain measures of its ink. Where either is far from chance, an EER is in part not about signatures.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import cv2
import numpy as np
import numpy.typing as npt

from training.common.statistics import Floats, equal_error_rate, penalised_logistic_fit
from training.verifier.protocol import Gallery
from worker.vision.values import Normal

#: How strongly coefficients are pulled to zero: embeddings have more numbers than there are signatures.
PENALTY = 2e-3

Features = npt.NDArray[np.float32]
Reader = Callable[[Features], Floats]


def measures(images: Sequence[Normal]) -> Features:
    """Ink, its box, its density, its edge and the width of its strokes: (n, 6)."""
    return np.array([_measures(image) for image in images], np.float32)


def train_reader(features: Features, genuine: npt.NDArray[np.bool_]) -> Reader:
    """Fit a logistic regression with balanced classes; it answers with logits of "genuine"."""
    mean, spread = features.mean(axis=0), features.std(axis=0) + 1e-6
    weights = np.where(genuine, 0.5 / genuine.sum(), 0.5 / (~genuine).sum())
    coefficients, intercept = penalised_logistic_fit(
        (features - mean) / spread, genuine, weights, ridge=PENALTY
    )

    def read(given: Features) -> Floats:
        return np.asarray((given - mean) / spread @ coefficients + intercept, np.float64)

    return read


def query_only_eer(reader: Reader, features: Features, gallery: Gallery) -> float:
    """EER of genuine against skilled forgeries, judged without any reference; 0.5 is chance."""
    scores = reader(features)
    return equal_error_rate(scores[gallery.genuine], scores[~gallery.genuine])


def _measures(image: Normal) -> list[float]:
    mask = np.where(image > 0.5, np.uint8(255), np.uint8(0))
    _, _, width, height = cv2.boundingRect(mask)
    ink = float(cv2.countNonZero(mask))
    edge = float(cv2.countNonZero(cv2.subtract(mask, cv2.erode(mask, np.ones((3, 3), np.uint8)))))
    return [
        ink,
        width,
        height,
        ink / max(width * height, 1),
        edge / max(ink, 1.0),
        float(image.sum()) / max(edge, 1.0),
    ]

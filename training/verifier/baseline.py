"""How much of a result needs no reference: a query's label told from the query alone.

Two readers of the query are trained on the training writers: logistic regression on its embedding, and on a
few plain measures of its ink. Where either is far from chance, an EER is in part not about signatures.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import cv2
import numpy as np
import numpy.typing as npt
import torch
from torch import nn

from training.common.statistics import equal_error_rate
from training.verifier.protocol import Gallery
from worker.vision.values import Normal

Features = npt.NDArray[np.float32]
Reader = Callable[[Features], npt.NDArray[np.float64]]


def measures(images: Sequence[Normal]) -> Features:
    """Ink, its box, its density, its edge and the width of its strokes: (n, 6)."""
    return np.array([_measures(image) for image in images], np.float32)


def train_reader(features: Features, genuine: npt.NDArray[np.bool_], *, penalty: float = 1e-3) -> Reader:
    """Fit a logistic regression with balanced classes; it answers with logits of "genuine"."""
    mean, spread = features.mean(axis=0), features.std(axis=0) + 1e-6
    model = nn.Linear(features.shape[1], 1)
    nn.init.zeros_(model.weight)
    inputs = torch.from_numpy((features - mean) / spread)
    targets = torch.from_numpy(genuine.astype(np.float32))
    balance = torch.tensor(float((~genuine).sum() / max(genuine.sum(), 1)))
    loss_of = nn.BCEWithLogitsLoss(pos_weight=balance)
    optimiser = torch.optim.LBFGS(model.parameters(), max_iter=100)

    def closure() -> torch.Tensor:
        optimiser.zero_grad()
        loss: torch.Tensor = loss_of(model(inputs).squeeze(1), targets)
        loss = loss + penalty * model.weight.square().sum()
        loss.backward()  # type: ignore[no-untyped-call]
        return loss

    optimiser.step(closure)  # type: ignore[no-untyped-call]

    @torch.no_grad()
    def read(given: Features) -> npt.NDArray[np.float64]:
        return np.asarray(model(torch.from_numpy((given - mean) / spread)).squeeze(1).numpy(), np.float64)

    return read


def query_only_eer(reader: Reader, features: Features, found: Gallery) -> float:
    """EER of genuine against skilled forgeries, judged without any reference; 0.5 is chance."""
    scores = reader(features)
    return equal_error_rate(scores[found.genuine], scores[~found.genuine])


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

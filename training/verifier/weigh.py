"""How much the parts of two signatures count beside the wholes: chosen on validation, after training.

Trained together, the wholes take over: they fit the training writers first, and leave the parts little to
explain. But the parts, trained little or not at all, carry over to signers and scripts that were never seen.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import product

import numpy as np
import numpy.typing as npt
import torch

from training.verifier import metrics, protocol
from training.verifier.protocol import Gallery
from worker.vision.values import Embeddings
from worker.vision.verification.embedding import LEVELS
from worker.vision.verification.network import PairClassifier, SignatureEncoder

#: Weights that are tried for each level.
WEIGHTS = (0.0, 1.0, 5.0, 10.0, 20.0, 30.0, 50.0, 80.0, 120.0)
Weights = tuple[float, ...]


def weigh(
    encoder: SignatureEncoder, matcher: PairClassifier, galleries: Sequence[Gallery]
) -> dict[Weights, list[float]]:
    """Skilled EER with one reference on each gallery, by weights; leaves the best weights in `matcher`."""
    rates: dict[Weights, list[float]] = {weights: [] for weights in product(WEIGHTS, repeat=len(LEVELS))}
    for gallery in galleries:
        wholes, *parts = _paths(matcher, gallery, protocol.embed(encoder, gallery.images))
        for weights, known in rates.items():
            table = wholes + sum(weight * part for weight, part in zip(weights, parts, strict=True))
            drawn = protocol.draws(table, gallery, count=1)
            known.append(metrics.skilled_eer(protocol.trials(drawn, protocol.mean)))
    best = min(rates, key=lambda weights: sum(rates[weights]))
    matcher.parts_weight.copy_(torch.tensor(best))
    return rates


@torch.no_grad()
def _paths(
    matcher: PairClassifier, gallery: Gallery, embeddings: Embeddings
) -> list[npt.NDArray[np.float64]]:
    """Tables of what each path says, the wholes first; NaN where no trial asks."""
    tables = [np.full((len(embeddings), len(embeddings)), np.nan) for _ in range(1 + len(LEVELS))]
    rows = torch.from_numpy(embeddings)
    for queries, references in protocol.asked(gallery):
        b = rows[references]
        for query in queries:
            a = rows[query].expand(len(b), -1)
            for table, logits in zip(tables, matcher.paths(a, b), strict=True):
                table[query, references] = logits.numpy()
    return tables

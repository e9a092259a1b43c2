"""How much the parts of two signatures count beside the wholes: chosen on validation, after training.

Trained together, the wholes take over: they fit the training writers first, and leave the parts little to
explain. But the parts, so little trained, carry over to signers and scripts that training never saw.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch

from training.verifier import metrics, protocol
from training.verifier.protocol import Gallery
from worker.vision.network import PairClassifier, SignatureEncoder

#: Weights that are tried; 1 is the weight in training.
WEIGHTS = (0.0, 1.0, 10.0, 20.0, 30.0, 40.0, 50.0, 70.0)


def weigh(
    encoder: SignatureEncoder, matcher: PairClassifier, galleries: Sequence[Gallery]
) -> dict[float, list[float]]:
    """Skilled EER with one reference on each gallery, by weight; leaves the best weight in `matcher`."""
    rates: dict[float, list[float]] = {weight: [] for weight in WEIGHTS}
    for found in galleries:
        embeddings = protocol.embed(encoder, found.images)
        matcher.parts_weight.fill_(0.0)
        wholes = protocol.logits_within(matcher, found, embeddings)
        matcher.parts_weight.fill_(1.0)
        parts = protocol.logits_within(matcher, found, embeddings) - wholes
        for weight in WEIGHTS:
            drawn = protocol.draws(wholes + weight * parts, found, count=1)
            rates[weight].append(metrics.skilled_eer(protocol.trials(drawn, protocol.mean)))
    best = min(WEIGHTS, key=lambda weight: sum(rates[weight]))
    matcher.parts_weight.copy_(torch.tensor(best))
    return rates

"""Supervised contrastive loss with weighted forgeries, and the pair classifier's loss, over one batch."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional

from worker.vision.verification.network import PairClassifier

#: Pairs of a kind that one step compares.
PAIRS = 160


def contrastive(  # what is compared, then how
    embeddings: Tensor,
    writers: Tensor,
    genuine: Tensor,
    *,
    others: Tensor,
    temperature: float,
    forgery_weight: float,
) -> Tensor:
    """Pull a writer's genuine specimens together, away from all else (Khosla et al., 2020).

    Anchors are genuine; positives are the anchor's other genuine specimens; the forgeries of the anchor's
    own writer count `forgery_weight` times among the negatives. `others` (m, d) are embeddings of other
    writers from earlier batches, more negatives that cost nothing (cross-batch memory, Wang et al., 2020).
    """
    similarity = embeddings @ embeddings.T / temperature
    same = writers[:, None] == writers[None, :]
    positive = same & genuine[:, None] & genuine[None, :]
    positive.fill_diagonal_(False)
    weights = torch.where(same & ~genuine[None, :], forgery_weight, 1.0).fill_diagonal_(0.0)
    weighted = similarity + torch.log(weights.clamp_min(1e-12))
    total = torch.cat([weighted, embeddings @ others.T / temperature], dim=1).logsumexp(1, keepdim=True)
    log_share = (similarity - total) * positive
    anchors = genuine & positive.any(dim=1)
    return -(log_share.sum(dim=1)[anchors] / positive.sum(dim=1)[anchors]).mean()


def pairwise(matcher: PairClassifier, embeddings: Tensor, writers: Tensor, genuine: Tensor) -> Tensor:
    """Cross-entropy over genuine-genuine (1/2), genuine-forged (1/3) and genuine-random pairs (1/6).

    A kind of which the batch has no pairs counts nothing.
    """
    same = writers[:, None] == writers[None, :]
    upper = torch.triu(torch.ones_like(same), diagonal=1)
    both = genuine[:, None] & genuine[None, :]
    kinds = (same & both & upper, same & genuine[:, None] & ~genuine[None, :], ~same & both & upper)
    losses = [
        _cross_entropy(matcher, embeddings, kind, target=float(number == 0), at_most=PAIRS)
        for number, kind in enumerate(kinds)
    ]
    return losses[0] / 2 + losses[1] / 3 + losses[2] / 6


def _cross_entropy(
    matcher: PairClassifier, embeddings: Tensor, kind: Tensor, *, target: float, at_most: int
) -> Tensor:
    a, b = torch.nonzero(kind, as_tuple=True)
    if not len(a):
        return embeddings.new_zeros(())
    if len(a) > at_most:
        chosen = torch.randperm(len(a))[:at_most]
        a, b = a[chosen], b[chosen]
    logits = matcher.trained(embeddings[a], embeddings[b])
    return functional.binary_cross_entropy_with_logits(logits, torch.full_like(logits, target))

"""Descriptors of fine cells: the principal directions of what the convolutions see where there is ink.

They are fitted without labels. Descriptors that were trained with the rest, and weights of theirs, overfitted
to the training writers; these carry over to signers and scripts that training never saw.
"""

from __future__ import annotations

import numpy as np
import torch
from torch import nn

from training.verifier.batches import Batches
from worker.vision.crops import HEIGHT
from worker.vision.verification.embedding import LEVELS
from worker.vision.verification.network import FINE, SignatureEncoder

#: Batches of training signatures that are looked at.
DRAWS = 12
#: Directions are divided by their variance to this power: 0 leaves them, 0.5 makes them equal.
WHITENING = 0.25


@torch.no_grad()
def describe_fine_cells(encoder: SignatureEncoder, batches: Batches) -> None:
    """Set the fine descriptors of an encoder in evaluation mode, from signatures as training sees them."""
    level, seen = LEVELS[0], []
    for number in range(DRAWS):
        images, _, genuine = batches.draw(np.random.default_rng((batches.settings.seed, number)))
        images = images[genuine]
        inked = nn.functional.avg_pool2d(images, HEIGHT // level.rows)[:, 0] > 0
        seen.append(encoder.features[:FINE](images).movedim(1, -1)[inked])
    cells = torch.cat(seen)
    variances, directions = torch.linalg.eigh(torch.cov(cells.T))
    chosen = slice(-level.descriptor, None)
    rows = (directions[:, chosen] / variances[chosen] ** WHITENING).T
    local = encoder.local[0]
    assert isinstance(local, nn.Conv2d)
    assert local.bias is not None
    local.weight.copy_(rows[:, :, None, None])
    local.bias.copy_(-rows @ cells.mean(dim=0))

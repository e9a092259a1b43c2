"""All that is exported: both views through one backbone, and the head on their features."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from training.roles.backbone import EfficientNetLite0
from training.roles.head import Head
from worker.vision.detection.roles import NEAR

#: Side to which the view with the surroundings is averaged down: what it shows needs no more.
NEAR_READ = 128


class RolesNetwork(nn.Module):
    """Grey views in [0, 255], (n, 96, 192) and (n, 192, 192), and facts (n, 47), to (n,) probabilities."""

    reduction: Tensor

    def __init__(self, backbone: EfficientNetLite0, head: Head) -> None:
        super().__init__()
        self.backbone = backbone
        self.head = head
        self.register_buffer("reduction", averaging(NEAR, NEAR_READ))

    def forward(self, tight: Tensor, near: Tensor, facts: Tensor) -> Tensor:
        """The calibrated probability that each mark signs."""
        probabilities: Tensor = self.head(self.backbone(tight), self.near_features(near), facts)
        return probabilities

    def near_features(self, near: Tensor) -> Tensor:
        """The features of the wider view, averaged down."""
        features: Tensor = self.backbone(self.reduction @ near @ self.reduction.T)
        return features


def averaging(before: int, after: int) -> Tensor:
    """The matrix that averages a side of `before` pixels down to `after`, as torch's "area" does."""
    matrix = torch.zeros(after, before)
    for row in range(after):
        first, last = row * before // after, -(-(row + 1) * before // after)
        matrix[row, first:last] = 1 / (last - first)
    return matrix

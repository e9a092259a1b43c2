"""The encoder and the pair classifier in torch: SigNet's five convolutions (Dey et al., 2017), slimmer.

Training and the GPU encoder import this module; nothing else does, for it is the one that needs torch.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

#: Length of an embedding.
DIMENSION = 256
#: Channels, kernel, stride, whether a 2x2 maximum follows.
STAGES = ((32, 5, 2, True), (64, 3, 1, True), (96, 3, 1, True), (128, 3, 1, False), (160, 3, 1, False))


class SignatureEncoder(nn.Module):
    """(n, 1, 155, 220) ink in [0, 1] to (n, 256) embeddings of length 1."""

    def __init__(self) -> None:
        super().__init__()
        layers: list[nn.Module] = []
        before = 1
        for channels, kernel, stride, pooled in STAGES:
            layers += [nn.Conv2d(before, channels, kernel, stride, kernel // 2, bias=False)]
            layers += [nn.BatchNorm2d(channels), nn.ReLU(inplace=True)]
            layers += [nn.MaxPool2d(2)] if pooled else []
            before = channels
        # A 9x13 map is read on a 3x6 grid: where a stroke stands matters, to the nearest part of a letter.
        self.features = nn.Sequential(*layers, nn.AvgPool2d((3, 3), stride=(3, 2)), nn.Flatten())
        self.head = nn.Sequential(
            nn.Dropout(0.2), nn.Linear(before * 18, DIMENSION), nn.BatchNorm1d(DIMENSION)
        )

    def forward(self, images: Tensor) -> Tensor:
        """Embed a batch."""
        return nn.functional.normalize(self.head(self.features(images)), dim=1)


class PairClassifier(nn.Module):
    """Two (n, 256) embeddings to (n,) logits of "written by the same hand"; symmetric in its arguments.

    It reads |a - b| alone. The squared distance has a path of its own, so that training starts from the
    cosine and the small network learns what the cosine misses.
    """

    def __init__(self) -> None:
        super().__init__()
        last = nn.Linear(64, 1)
        nn.init.zeros_(last.weight)
        self.layers = nn.Sequential(nn.Linear(DIMENSION, 64), nn.ReLU(inplace=True), nn.Dropout(0.1), last)
        self.slope = nn.Parameter(torch.tensor(5.0))
        #: Brings differences of unit vectors to the order of one.
        self.scale = DIMENSION**0.5

    def forward(self, a: Tensor, b: Tensor) -> Tensor:
        """Compare row by row."""
        difference = torch.abs(a - b)
        distance = difference.square().sum(dim=1)
        logits: Tensor = self.layers(difference * self.scale).squeeze(1)
        return logits + self.slope * (0.6 - distance)

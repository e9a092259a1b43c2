"""The cleaner's network in torch: a U-Net that works at half the field's resolution and below."""

from __future__ import annotations

from itertools import pairwise

import torch
from torch import Tensor, nn

#: Channels at a half, a quarter, an eighth and a sixteenth of the field's resolution.
CHANNELS = (16, 32, 48, 64)


def _block(before: int, after: int, *, stride: int = 1) -> nn.Sequential:
    layers: list[nn.Module] = [
        nn.Conv2d(before, after, 3, stride, 1, bias=False),
        nn.BatchNorm2d(after),
        nn.ReLU(inplace=True),
    ]
    return nn.Sequential(*layers)


class _Along(nn.Module):
    """Tells every place what its whole row and its whole column hold: rules are long."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.rows = nn.Conv2d(channels, channels, 1)
        self.columns = nn.Conv2d(channels, channels, 1)

    def forward(self, features: Tensor) -> Tensor:
        rows = self.rows(features.mean(dim=3, keepdim=True))
        columns = self.columns(features.mean(dim=2, keepdim=True))
        passed: Tensor = features + rows + columns
        return passed


class StrokeUNet(nn.Module):
    """(n, 1, 192, 384) darkness in [0, 1] to (n, 1, 192, 384) logits of "this ink is a stroke"."""

    def __init__(self) -> None:
        super().__init__()
        first = CHANNELS[0]
        self.stem = nn.Sequential(
            nn.Conv2d(1, first, 4, 2, 1, bias=False), nn.BatchNorm2d(first), nn.ReLU(inplace=True)
        )
        self.first = _block(first, first)
        self.down = nn.ModuleList(
            nn.Sequential(_block(before, after, stride=2), _block(after, after))
            for before, after in pairwise(CHANNELS)
        )
        self.along = _Along(CHANNELS[-1])
        self.narrow = nn.ModuleList(
            nn.Conv2d(before, after, 1) for after, before in reversed(list(pairwise(CHANNELS)))
        )
        self.up = nn.ModuleList(_block(channels, channels) for channels in reversed(CHANNELS[:-1]))
        # Four answers at half the resolution are one answer at the whole.
        self.head = nn.Sequential(nn.Conv2d(first, 4, 3, 1, 1), nn.PixelShuffle(2))

    def forward(self, darkness: Tensor) -> Tensor:
        """Answer for a batch."""
        seen = [self.first(self.stem(darkness))]
        for down in self.down:
            seen.append(down(seen[-1]))
        features = self.along(seen.pop())
        for narrow, up in zip(self.narrow, self.up, strict=True):
            wider = nn.functional.interpolate(narrow(features), scale_factor=2.0, mode="nearest")
            features = up(wider + seen.pop())
        logits: Tensor = self.head(features)
        return logits


class StrokeProbabilities(nn.Module):
    """The network as it is shipped: probabilities instead of logits."""

    def __init__(self, network: StrokeUNet) -> None:
        super().__init__()
        self.network = network

    def forward(self, darkness: Tensor) -> Tensor:
        """Answer for a batch."""
        return torch.sigmoid(self.network(darkness))

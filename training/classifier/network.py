"""The crop classifier in torch: four stages of convolutions with pooling between, dropout."""

from __future__ import annotations

from torch import Tensor, nn

from worker.vision.detection.classifier import KINDS

#: Channels, kernel and stride of the convolutions of each stage; a 2x2 maximum follows each but the last.
STAGES = (((24, 5, 2),), ((48, 3, 1), (48, 3, 1)), ((96, 3, 1), (96, 3, 1)), ((128, 3, 1), (128, 3, 1)))


class CropNetwork(nn.Module):
    """(n, 1, 64, 128) ink in [0, 1] to (n, 4) logits, in the order of `KINDS`."""

    def __init__(self, dropout: float = 0.3) -> None:
        super().__init__()
        layers: list[nn.Module] = []
        before = 1
        for stage in STAGES:
            for channels, kernel, stride in stage:
                layers += [nn.Conv2d(before, channels, kernel, stride, kernel // 2, bias=False)]
                layers += [nn.BatchNorm2d(channels), nn.ReLU(inplace=True)]
                before = channels
            layers.append(nn.MaxPool2d(2))
        # The last map is 4x8, read on a 2x4 grid: a signature has its mass in the middle, print all along.
        self.features = nn.Sequential(*layers[:-1], nn.AvgPool2d(2), nn.Flatten(), nn.Dropout(dropout))
        self.head = nn.Sequential(
            nn.Linear(before * 8, 64), nn.ReLU(inplace=True), nn.Dropout(dropout), nn.Linear(64, len(KINDS))
        )

    def forward(self, images: Tensor) -> Tensor:
        """Classify a batch."""
        logits: Tensor = self.head(self.features(images))
        return logits


class KindProbabilities(nn.Module):
    """The network with a softmax behind it: what is exported."""

    def __init__(self, network: CropNetwork) -> None:
        super().__init__()
        self.network = network

    def forward(self, images: Tensor) -> Tensor:
        """(n, 1, 64, 128) to (n, 4) probabilities."""
        logits: Tensor = self.network(images)
        return logits.softmax(dim=1)

"""The encoder and the pair classifier in torch: SigNet's five convolutions (Dey et al., 2017), slimmer.

Training and the GPU encoder import this module; nothing else does, for it is the one that needs torch.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from worker.vision.encoder import CELLS, DESCRIPTOR, DIMENSION, GLOBAL, GRID

#: Channels, kernel, stride, whether a 2x2 maximum follows.
STAGES = ((32, 5, 2, True), (64, 3, 1, True), (96, 3, 1, True), (128, 3, 1, False), (160, 3, 1, False))
#: Pixels of the input that one cell of the last map stands for.
CELL = 16
#: How far, in rows and columns of cells, a part of one signature may lie from its like in the other.
REACH = (2, 3)


class SignatureEncoder(nn.Module):
    """(n, 1, 128, 288) ink in [0, 1] to (n, DIMENSION) embeddings: global, local descriptors, ink.

    The global part has length 1 and answers "how near"; every cell of the last map has a descriptor of
    length 1, which the pair classifier compares part by part, and the share of the ink that lies in it.
    """

    def __init__(self) -> None:
        super().__init__()
        layers: list[nn.Module] = []
        before = 1
        for channels, kernel, stride, pooled in STAGES:
            layers += [nn.Conv2d(before, channels, kernel, stride, kernel // 2, bias=False)]
            layers += [nn.BatchNorm2d(channels), nn.ReLU(inplace=True)]
            layers += [nn.MaxPool2d(2)] if pooled else []
            before = channels
        self.features = nn.Sequential(*layers)
        # The 8x18 map is read on a 3x8 grid: where a stroke stands matters, to the nearest part of a letter.
        self.grid = nn.Sequential(nn.AvgPool2d((3, 4), stride=2), nn.Flatten())
        self.head = nn.Sequential(nn.Dropout(0.2), nn.Linear(before * 24, GLOBAL), nn.BatchNorm1d(GLOBAL))
        self.local = nn.Conv2d(before, DESCRIPTOR, 1)
        self.ink = nn.AvgPool2d(CELL)

    def forward(self, images: Tensor) -> Tensor:
        """Embed a batch."""
        found = self.features(images)
        whole = nn.functional.normalize(self.head(self.grid(found)), dim=1)
        parts = nn.functional.normalize(self.local(found).flatten(2).transpose(1, 2), dim=2)
        ink = self.ink(images).flatten(1)
        share = ink / ink.sum(dim=1, keepdim=True).clamp_min(1e-6)
        return torch.cat([whole, parts.flatten(1), share], dim=1)


class PairClassifier(nn.Module):
    """Two (n, DIMENSION) embeddings to (n,) logits of "written by the same hand"; symmetric in them.

    Two paths add up. One reads |a - b| of the global parts; the squared distance has a term of its own, so
    that training starts from the cosine and the small network learns what the cosine misses. The other
    asks of every inked cell how like it its best counterpart within REACH is, and weighs it by its ink.
    """

    within_reach: Tensor
    parts_weight: Tensor

    def __init__(self) -> None:
        super().__init__()
        last = nn.Linear(64, 1)
        nn.init.zeros_(last.weight)
        self.layers = nn.Sequential(nn.Linear(GLOBAL, 64), nn.ReLU(inplace=True), nn.Dropout(0.1), last)
        self.slope = nn.Parameter(torch.tensor(5.0))
        #: Brings differences of unit vectors to the order of one.
        self.scale = GLOBAL**0.5
        self.likeness = nn.Sequential(nn.Linear(1, 16), nn.ReLU(inplace=True), nn.Linear(16, 1))
        #: How much the parts count beside the wholes: 1 in training, chosen on validation before shipping.
        self.register_buffer("parts_weight", torch.tensor(1.0))
        self.register_buffer("within_reach", _within_reach(), persistent=False)

    def forward(self, a: Tensor, b: Tensor) -> Tensor:
        """Compare row by row."""
        difference = torch.abs(a[:, :GLOBAL] - b[:, :GLOBAL])
        distance = difference.square().sum(dim=1)
        logits: Tensor = self.layers(difference * self.scale).squeeze(1)
        return logits + self.slope * (0.6 - distance) + self.parts_weight * self._parts(a, b)

    def _parts(self, a: Tensor, b: Tensor) -> Tensor:
        """Mean likeness of the cells of each to their best counterparts in the other."""
        parts_a, ink_a = _cells(a)
        parts_b, ink_b = _cells(b)
        alike = torch.bmm(parts_a, parts_b.transpose(1, 2)) - 2.0 * ~self.within_reach
        # A cell without ink is nobody's counterpart.
        forth = (alike - 2.0 * (ink_b <= 0)[:, None, :]).amax(dim=2)
        back = (alike - 2.0 * (ink_a <= 0)[:, :, None]).amax(dim=1)
        return ((self._like(forth) * ink_a).sum(dim=1) + (self._like(back) * ink_b).sum(dim=1)) / 2

    def _like(self, best: Tensor) -> Tensor:
        liked: Tensor = self.likeness(best.clamp_min(-1.0).unsqueeze(2)).squeeze(2)
        return liked


def _cells(embeddings: Tensor) -> tuple[Tensor, Tensor]:
    """Descriptors (n, CELLS, DESCRIPTOR) and shares of ink (n, CELLS)."""
    parts = embeddings[:, GLOBAL : DIMENSION - CELLS].reshape(-1, CELLS, DESCRIPTOR)
    return parts, embeddings[:, DIMENSION - CELLS :]


def _within_reach() -> Tensor:
    """(CELLS, CELLS) truth of "these two cells of the grid lie near enough"."""
    rows, columns = torch.meshgrid(torch.arange(GRID[0]), torch.arange(GRID[1]), indexing="ij")
    rows, columns = rows.flatten(), columns.flatten()
    down = (rows[:, None] - rows[None, :]).abs() <= REACH[0]
    across = (columns[:, None] - columns[None, :]).abs() <= REACH[1]
    return down & across

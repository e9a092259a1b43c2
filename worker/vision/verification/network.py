"""The encoder and the pair classifier in torch: SigNet's five convolutions (Dey et al., 2017), slimmer.

Training and the GPU encoder import this module; nothing else does, for it is the one that needs torch.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch
from torch import Tensor, nn

from worker.vision.crops import HEIGHT, WIDTH
from worker.vision.verification.embedding import FAR, GLOBAL, LEVELS, REACHES, Level

#: Channels, kernel, stride, whether a 2x2 maximum follows.
STAGES = ((32, 5, 2, True), (64, 3, 1, True), (96, 3, 1, True), (128, 3, 1, False), (160, 3, 1, False))
#: Where `features` is read for the fine cells: behind the third stage, before its maximum.
FINE = 11


def _turn(matrix: Sequence[Sequence[float]]) -> list[list[float]]:
    """A linear map of pixels (2, 2), field to field, as torch wants it: of a square from -1 to 1."""
    (a, b), (c, d) = matrix
    return [[a, b * HEIGHT / WIDTH, 0.0], [c * WIDTH / HEIGHT, d, 0.0]]


#: How a signature is turned (6 degrees) and slanted for its steadiness, a little smaller so that all of it
#: stays in the field: where each pixel comes from.
_COS, _SIN = math.cos(math.radians(6)) / 0.93, math.sin(math.radians(6)) / 0.93
TURNED = (
    _turn([[_COS, _SIN], [-_SIN, _COS]]),
    _turn([[_COS, -_SIN], [_SIN, _COS]]),
    _turn([[1 / 0.93, -0.2 / 0.93], [0.0, 1.0]]),
    _turn([[1 / 0.93, 0.2 / 0.93], [0.0, 1.0]]),
)
#: The logit that signatures usually reach against themselves like that.
USUAL = 45.0


class SignatureEncoder(nn.Module):
    """(n, 1, 128, 288) ink in [0, 1] to (n, COMPARED) numbers: global, then cells of two sizes.

    The global part has length 1 and answers "how near"; every cell has a descriptor of length 1, which the
    pair classifier compares part by part, and the share of the ink that lies in it.
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
        self.local = nn.ModuleList(
            nn.Conv2d(channels, level.descriptor, 1)
            for channels, level in zip((STAGES[2][0], before), LEVELS, strict=True)
        )

    def forward(self, images: Tensor) -> Tensor:
        """Embed a batch."""
        fine = self.features[:FINE](images)
        deep = self.features[FINE:](fine)
        parts = [nn.functional.normalize(self.head(self.grid(deep)), dim=1)]
        for read, local, level in zip((fine, deep), self.local, LEVELS, strict=True):
            # Shapes are spelled out, so that a batch of none passes, too.
            described = local(read).reshape(-1, level.descriptor, level.cells).transpose(1, 2)
            ink = nn.functional.avg_pool2d(images, HEIGHT // level.rows).reshape(-1, level.cells)
            parts += [nn.functional.normalize(described, dim=2).reshape(-1, level.cells * level.descriptor)]
            parts += [ink / ink.sum(dim=1, keepdim=True).clamp_min(1e-6)]
        return torch.cat(parts, dim=1)


class PairClassifier(nn.Module):
    """Two (n, COMPARED) arrays to (n,) logits of "written by the same hand"; symmetric in them.

    Three paths add up. One reads |a - b| of the global parts; the squared distance has a term of its own, so
    that training starts from the cosine and the small network learns what the cosine misses. The others, of
    fine and of coarse cells, ask of every inked cell how like it its best counterpart nearby is.
    """

    fine: Parts
    coarse: Parts
    parts_weight: Tensor

    def __init__(self) -> None:
        super().__init__()
        last = nn.Linear(64, 1)
        nn.init.zeros_(last.weight)
        self.layers = nn.Sequential(nn.Linear(GLOBAL, 64), nn.ReLU(inplace=True), nn.Dropout(0.1), last)
        self.slope = nn.Parameter(torch.tensor(5.0))
        #: Brings differences of unit vectors to the order of one.
        self.scale = GLOBAL**0.5
        trained = nn.Sequential(nn.Linear(1, 16), nn.ReLU(inplace=True), nn.Linear(16, 1))
        self.fine = Parts(LEVELS[0], REACHES[0], nn.Identity())
        self.coarse = Parts(LEVELS[1], REACHES[1], trained)
        #: How much fine and coarse parts count beside the wholes; chosen on validation before shipping.
        self.register_buffer("parts_weight", torch.tensor([0.0, 1.0]))

    def forward(self, a: Tensor, b: Tensor) -> Tensor:
        """Compare row by row."""
        wholes, fine, coarse = self.paths(a, b)
        return wholes + self.parts_weight[0] * fine + self.parts_weight[1] * coarse

    def paths(self, a: Tensor, b: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """What wholes, fine and coarse parts say, unweighted: (n,) each."""
        at = GLOBAL + LEVELS[0].floats
        fine, coarse = self.fine(a[:, GLOBAL:at], b[:, GLOBAL:at]), self.coarse(a[:, at:], b[:, at:])
        return self.wholes(a, b), fine, coarse

    def trained(self, a: Tensor, b: Tensor) -> Tensor:
        """What training shapes: wholes and coarse parts. The fine ones are described afterwards."""
        at = GLOBAL + LEVELS[0].floats
        logits: Tensor = self.wholes(a, b) + self.coarse(a[:, at:], b[:, at:])
        return logits

    def wholes(self, a: Tensor, b: Tensor) -> Tensor:
        """What the global parts say: (n,)."""
        difference = torch.abs(a[:, :GLOBAL] - b[:, :GLOBAL])
        distance = difference.square().sum(dim=1)
        logits: Tensor = self.layers(difference * self.scale).squeeze(1) + self.slope * (0.6 - distance)
        return logits


class SteadyEncoder(nn.Module):
    """(n, 1, 128, 288) ink in [0, 1] to (n, DIMENSION) embeddings: what is compared, then the steadiness.

    The latter is the mean logit of a signature against itself as TURNED, above what is USUAL. It tells, from
    one signature alone, what logits its writer's genuine signatures, and forgeries of them, may reach.
    `asked` (n,) says of which images it is wanted, for it costs four times what the rest does; it is NaN for
    the others.
    """

    grids: Tensor

    def __init__(self, encoder: SignatureEncoder, matcher: PairClassifier) -> None:
        super().__init__()
        self.encoder, self.matcher = encoder, matcher
        maps = torch.tensor(TURNED)
        grids = nn.functional.affine_grid(maps, [len(TURNED), 1, HEIGHT, WIDTH], align_corners=False)
        self.register_buffer("grids", grids, persistent=False)

    def forward(self, images: Tensor, asked: Tensor) -> Tensor:
        """Embed a batch."""
        compared = self.encoder(images)
        rows = torch.nonzero(asked).squeeze(1)
        turned = torch.cat([self._turned(images[rows], grid) for grid in self.grids.unbind()])
        logits = self.matcher(compared[rows].repeat(len(TURNED), 1), self.encoder(turned))
        told = logits.reshape(len(TURNED), -1).mean(dim=0) - USUAL
        steadiness = torch.full_like(compared[:, 0], torch.nan).scatter(0, rows, told)
        return torch.cat([compared, steadiness[:, None]], dim=1)

    def _turned(self, images: Tensor, grid: Tensor) -> Tensor:
        """Every image as it is where one (128, 288, 2) grid points; paper beyond."""
        together = nn.functional.grid_sample(images.transpose(0, 1), grid[None], align_corners=False)
        return together.transpose(0, 1)


class Parts(nn.Module):
    """Cells of one level of two embeddings to (n,) logits: their mean likeness to their best counterparts."""

    apart: Tensor

    def __init__(self, level: Level, reach: tuple[int, int], likeness: nn.Module) -> None:
        super().__init__()
        self.level, self.likeness = level, likeness
        self.register_buffer("apart", _apart(level, reach), persistent=False)

    def forward(self, a: Tensor, b: Tensor) -> Tensor:
        """Compare row by row."""
        (described_a, inked_a, at_a), (described_b, inked_b, at_b) = self._cells(a), self._cells(b)
        alike = torch.bmm(described_a, described_b.transpose(1, 2)) - self.apart[at_a][:, at_b]
        # A cell without ink is nobody's counterpart.
        forth = (alike - 2.0 * (1 - inked_b)[:, None, :]).amax(dim=2)
        back = (alike - 2.0 * (1 - inked_a)[:, :, None]).amax(dim=1)
        return (self._mean(forth, inked_a) + self._mean(back, inked_b)) / 2

    def _cells(self, level: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Descriptors (n, k, length), where there is ink (n, k), and the k cells that any row inks."""
        cells, length = self.level.cells, self.level.descriptor
        inked = (level[:, cells * length :] > 0).float()
        # The first counts as inked, so that there is one at all; most of the others are blank everywhere.
        seen = torch.cat([torch.ones_like(inked[0, :1]), inked.amax(dim=0)[1:]])
        at = torch.nonzero(seen).squeeze(1)
        described = level[:, : cells * length].reshape(-1, cells, length)
        return described[:, at], inked[:, at], at

    def _mean(self, best: Tensor, inked: Tensor) -> Tensor:
        liked: Tensor = self.likeness(best.clamp_min(-1.0).unsqueeze(2)).squeeze(2)
        return (liked * inked).sum(dim=1) / inked.sum(dim=1).clamp_min(1.0)


def _apart(level: Level, reach: tuple[int, int]) -> Tensor:
    """(cells, cells): what it costs to lie apart, up to 2 FAR within reach, more than any likeness beyond."""
    rows, columns = torch.meshgrid(torch.arange(level.rows), torch.arange(level.columns), indexing="ij")
    rows, columns = rows.flatten(), columns.flatten()
    down = (rows[:, None] - rows[None, :]).abs() / reach[0]
    across = (columns[:, None] - columns[None, :]).abs() / reach[1]
    near = FAR * (down.square() + across.square())
    return torch.where((down <= 1) & (across <= 1), near, near + 2.0)

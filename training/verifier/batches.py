"""Training batches: a few writers, each with genuine specimens and skilled forgeries."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from training.verifier.augment import augmented
from training.verifier.readers import Signer, Specimen
from training.verifier.settings import Settings

T = TypeVar("T")


@dataclass(frozen=True)
class Batches:
    """Draws batches from signers by source, in the shares of the settings."""

    scanned: Sequence[Signer]
    online: Sequence[Signer]
    drawn: Sequence[Signer]
    settings: Settings

    def draw(self, rng: np.random.Generator) -> tuple[Tensor, Tensor, Tensor]:
        """Images (n, 1, 155, 220), writer numbers (n,), whether genuine (n,); the generator decides all."""
        images, writers, genuine = [], [], []
        for number, signer in enumerate(self._signers(rng)):
            for specimen, is_genuine in self._specimens(signer, rng):
                images.append(augmented(specimen, rng))
                writers.append(number)
                genuine.append(is_genuine)
        pixels = torch.from_numpy(np.stack(images)).unsqueeze(1)
        return pixels, torch.tensor(writers), torch.tensor(genuine)

    def _signers(self, rng: np.random.Generator) -> list[Signer]:
        """Distinct signers; a share that is not whole is rounded by lot."""
        total = self.settings.writers_per_batch
        online = _by_lot(total * self.settings.online_share, rng) if self.online else 0
        drawn = _by_lot(total * self.settings.drawn_share, rng) if self.drawn else 0
        counts = ((self.online, online), (self.drawn, drawn), (self.scanned, total - online - drawn))
        return [signer for source, count in counts for signer in _sample(source, count, rng)]

    def _specimens(self, signer: Signer, rng: np.random.Generator) -> list[tuple[Specimen, bool]]:
        genuine = _sample(signer.genuine, self.settings.genuine_per_writer, rng)
        forged = _sample(signer.forged, self.settings.forged_per_writer, rng)
        return [(specimen, True) for specimen in genuine] + [(specimen, False) for specimen in forged]


def _by_lot(share: float, rng: np.random.Generator) -> int:
    return int(share) + int(rng.random() < share % 1)


def _sample(items: Sequence[T], count: int, rng: np.random.Generator) -> list[T]:
    """Up to `count` distinct items."""
    chosen: npt.NDArray[np.int64] = rng.choice(len(items), size=min(count, len(items)), replace=False)
    return [items[int(i)] for i in chosen]

"""Training batches: a few writers, each with genuine specimens and skilled forgeries."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from training.verifier.augment import another_hand, augmented
from training.verifier.readers import SignerSpecimens, Specimen
from training.verifier.settings import VerifierSettings
from training.verifier.splice import spliced

T = TypeVar("T")


@dataclass(frozen=True)
class Batches:
    """Draws batches from signers by source, in the shares of the settings.

    `others` maps a source's name to its signers; `settings.shares` says how much of a batch each gives,
    and `scanned` gives the rest.
    """

    scanned: Sequence[SignerSpecimens]
    others: Mapping[str, Sequence[SignerSpecimens]]
    settings: VerifierSettings

    def draw(self, rng: np.random.Generator) -> tuple[Tensor, Tensor, Tensor]:
        """Images (n, 1, HEIGHT, WIDTH), writer numbers (n,), whether genuine (n,); `rng` decides all."""
        images, writers, genuine = [], [], []
        for number, signer in enumerate(self._signers(rng)):
            hand = another_hand(rng)
            for specimen, is_genuine in self._specimens(signer, rng):
                images.append(augmented(specimen, hand, rng))
                writers.append(number)
                genuine.append(is_genuine)
        pixels = torch.from_numpy(np.stack(images)).unsqueeze(1)
        return pixels, torch.tensor(writers), torch.tensor(genuine)

    def _signers(self, rng: np.random.Generator) -> list[SignerSpecimens]:
        """Distinct signers, some made up of two; a share that is not whole is rounded by lot."""
        total, rest = self.settings.writers_per_batch, self.settings.writers_per_batch
        chosen: list[SignerSpecimens] = []
        for source, signers in self.others.items():
            count = min(_by_lot(total * self.settings.shares.get(source, 0.0), rng), rest)
            chosen += self._some(signers, count, rng)
            rest = total - len(chosen)
        return chosen + self._some(self.scanned, rest, rng)

    def _some(
        self, signers: Sequence[SignerSpecimens], count: int, rng: np.random.Generator
    ) -> list[SignerSpecimens]:
        """Up to `count` of the signers, each as is or joined with another."""
        specimens = max(self.settings.genuine_per_writer, self.settings.forged_per_writer)
        return [
            spliced(signer, _sample(signers, 1, rng)[0], specimens, rng)
            if rng.random() < self.settings.spliced
            else signer
            for signer in _sample(signers, count, rng)
        ]

    def _specimens(self, signer: SignerSpecimens, rng: np.random.Generator) -> list[tuple[Specimen, bool]]:
        genuine = _sample(signer.genuine, self.settings.genuine_per_writer, rng)
        forged = _sample(signer.forged, self.settings.forged_per_writer, rng)
        return [(specimen, True) for specimen in genuine] + [(specimen, False) for specimen in forged]


def _by_lot(share: float, rng: np.random.Generator) -> int:
    return int(share) + int(rng.random() < share % 1)


def _sample(items: Sequence[T], count: int, rng: np.random.Generator) -> list[T]:
    """Up to `count` distinct items."""
    chosen: npt.NDArray[np.int64] = rng.choice(len(items), size=min(count, len(items)), replace=False)
    return [items[int(i)] for i in chosen]

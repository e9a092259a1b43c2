"""What stands in for the models: a detector and an encoder that are fast and always answer the same."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from tests.fakes import DarkBlocks, MeanEncoder
from worker.vision.cleaner import load_cleaner
from worker.vision.encoder import DIMENSION
from worker.vision.values import Cleaning, Embeddings, Normal

#: What every result row names, so that nobody takes it for an answer of the models.
VERSIONS = {"detector": DarkBlocks.version, "encoder": "ink", "code": "faults", "thresholds": {}}

#: The rules alone: no network has to be loaded.
CLEANER = load_cleaner(Cleaning.CLASSICAL)


class Ink(MeanEncoder):
    """Embeddings as long as the real ones, of unit length: the matcher that compares them is the real one."""

    def __init__(self) -> None:
        super().__init__("ink")

    def encode(self, crops: Sequence[Normal]) -> Embeddings:
        """Ink in 16 cells, the rest nothing."""
        small = super().encode(crops)
        padded = np.pad(small, ((0, 0), (0, DIMENSION - small.shape[1])))
        lengths = np.maximum(np.linalg.norm(padded, axis=1, keepdims=True), 1e-6)
        return (padded / lengths).astype(np.float32)

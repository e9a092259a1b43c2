"""What stands in for the models: a detector and an encoder that are fast and always answer the same."""

from __future__ import annotations

from collections.abc import Sequence
from threading import Event

import numpy as np

from tests.fakes import DarkBlocks, MeanEncoder
from worker.vision.choices import Cleaning
from worker.vision.cleaning.cleaner import load_cleaner
from worker.vision.values import DetectedRegion, Embeddings, Normal, Pixels
from worker.vision.verification.embedding import DIMENSION

#: What every result row names, so that nobody takes it for an answer of the models.
VERSIONS = {"detector": "blocks", "encoder": "ink", "code": "faults", "thresholds": {}}

#: The rules alone: no network has to be loaded.
CLEANER = load_cleaner(Cleaning.CLASSICAL)


class Glutton(DarkBlocks):
    """A detector that takes memory without end over one kind of page: one that is all of one shade."""

    #: The shade.
    POISON = 77
    #: Bytes taken at a time, and where it ends when nobody puts an end to it.
    BITE, FULL = 32 * 1024**2, 2 * 1024**3

    def detect(self, pages: Sequence[Pixels]) -> list[list[DetectedRegion]]:
        """As always, or not at all."""
        if any(np.all(page == self.POISON) for page in pages):
            self._gorge()
        return super().detect(pages)

    def _gorge(self) -> None:
        eaten = []
        while len(eaten) * self.BITE < self.FULL:
            eaten.append(np.full(self.BITE, self.POISON, np.uint8))
            # Slow enough for a limit that somebody holds who looks now and then.
            Event().wait(0.05)
        raise AssertionError(f"{self.FULL} bytes were taken, and no limit was held")


class Ink(MeanEncoder):
    """Embeddings as long as the real ones, of unit length: the matcher that compares them is the real one."""

    def __init__(self) -> None:
        super().__init__("ink")

    def encode(self, crops: Sequence[Normal], *, steady: bool = True) -> Embeddings:
        """Ink in 16 cells, the rest nothing."""
        small = super().encode(crops)
        padded = np.pad(small, ((0, 0), (0, DIMENSION - small.shape[1])))
        lengths = np.maximum(np.linalg.norm(padded, axis=1, keepdims=True), 1e-6)
        return (padded / lengths).astype(np.float32)

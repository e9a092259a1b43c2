"""What stands where in an embedding: a global part, cells of two sizes, steadiness. Pure, no network."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from worker.vision.values import Embeddings, Normal

#: Images per forward pass; larger batches gain nothing on a CPU and cost memory.
CROPS_TOGETHER = 32


@dataclass(frozen=True)
class Level:
    """A grid of cells over the field; each has a descriptor of length 1 and a share of the ink."""

    rows: int
    columns: int
    descriptor: int

    @property
    def cells(self) -> int:
        """How many cells there are."""
        return self.rows * self.columns

    @property
    def floats(self) -> int:
        """How much of an embedding the level takes: all descriptors, then all shares."""
        return self.cells * (self.descriptor + 1)


#: An embedding: a global part of length 1, then fine and coarse cells, all of which are compared.
GLOBAL = 256
LEVELS = (Level(16, 36, 16), Level(8, 18, 16))
COMPARED = GLOBAL + sum(level.floats for level in LEVELS)
#: How far, in rows and columns of cells, a part may lie from its like in the other signature, by level, and
#: what lying that far down or across costs in likeness.
REACHES = ((4, 6), (2, 3))
FAR = 0.1
#: Its last number says how much the signature resembles itself when it is turned and slanted.
STEADINESS = COMPARED
DIMENSION = COMPARED + 1


def batches(crops: Sequence[Normal]) -> Iterator[Embeddings]:
    """Normalised crops as the network reads them: (n, 1, height, width), CROPS_TOGETHER at a time."""
    for first in range(0, len(crops), CROPS_TOGETHER):
        yield np.stack(crops[first : first + CROPS_TOGETHER])[:, None].astype(np.float32)


def joined(parts: Sequence[Embeddings]) -> Embeddings:
    """The rows of all batches; (0, DIMENSION) for none."""
    return np.concatenate(parts) if parts else np.zeros((0, DIMENSION), np.float32)

"""What is asked: pages, and who is said to have signed them, with what is true of that."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
import numpy.typing as npt

from worker.vision.values import Pixels


class Truth(StrEnum):
    """Who wrote the signature on a page whose signer is claimed."""

    GENUINE = "the signer's"
    OTHER = "somebody else's"
    FORGED = "skilled forgeries"


@dataclass(frozen=True, slots=True, eq=False)
class ReferenceMade:
    """One reference as enrolment leaves it: its embedding (d,), and the score of its grade."""

    embedding: npt.NDArray[np.float32]
    score: float


@dataclass(frozen=True, slots=True)
class AskedClaim:
    """Somebody who is said to have signed a page; `references` are those on file."""

    signer: str
    truth: Truth
    references: tuple[ReferenceMade, ...]


@dataclass(frozen=True, slots=True)
class AskedPage:
    """A page, read when asked for as pixels and their number per inch; each claim is asked by itself."""

    read: Callable[[], tuple[Pixels, float]]
    claims: tuple[AskedClaim, ...]


@dataclass(frozen=True, slots=True)
class AskedSource:
    """All pages of a kind."""

    name: str
    pages: Sequence[AskedPage]

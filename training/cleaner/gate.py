"""When the network is let at a crop: chosen on validation writers, without harm to clean crops."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from training.cleaner import pairs
from training.cleaner.evaluate import CleaningCase, Errors, Judge, cases
from training.verifier import readers
from training.verifier.protocol import Gallery
from worker.vision.cleaning.cleaner import by_network, removed_share, whiten, without_ink
from worker.vision.cleaning.learned import StrokeNetwork
from worker.vision.crops import dark_pixels, grey
from worker.vision.values import Embeddings, Grey, Pixels

#: Least shares of a crop's ink that are tried.
GATES = (0.0, 0.02, 0.05, 0.08, 0.12, 0.16, 0.2, 0.3)
#: Error rates that differ by no more are as good: twenty writers do not tell them apart.
TOLERANCE = 0.001
#: Genuine specimens and forgeries of each validation writer.
SPECIMENS = 6


@dataclass(frozen=True)
class GateChoice:
    """One gate, and the verifier's errors on dirty and on clean crops with it."""

    min_removed: float
    dirty: Errors
    clean: Errors


@dataclass(frozen=True, eq=False)
class _Cleaned:
    """Embeddings of the same crops with and without the network, and the share of ink that it took."""

    without: Embeddings
    cleaned: Embeddings
    removed: npt.NDArray[np.float64]

    def gated(self, min_removed: float) -> Embeddings:
        return np.where(self.removed[:, None] >= min_removed, self.cleaned, self.without)


def validation_cases(data: Path) -> list[CleaningCase]:
    """BHSig writers 101-120."""
    signers = readers.bhsig(data / "verification" / "bhsig_hindi", "validation", shrink=False)
    return cases(signers, (pairs.VALIDATE, 1), specimens=SPECIMENS)


def choices(network: StrokeNetwork, cases: Sequence[CleaningCase], judge: Judge) -> list[GateChoice]:
    """Every gate measured on the cases."""
    dirty = _cleaned([one.soiled.dirty for one in cases], network, judge)
    clean = _cleaned([one.scan for one in cases], network, judge)
    writers, genuine = (np.array([getattr(one, name) for one in cases]) for name in ("writer", "genuine"))
    gallery = Gallery([], writers, genuine)
    measured = []
    for gate in GATES:
        on_file = clean.gated(gate)
        errors = (judge.errors(gallery, on_file, asked) for asked in (dirty.gated(gate), on_file))
        measured.append(GateChoice(gate, *errors))
    return measured


def best_gate(measured: Sequence[GateChoice]) -> GateChoice:
    """The lowest gate with the lowest error on dirty crops, of those that cost nothing on clean ones.

    What clean crops cost without the network is what they cost at the highest gate.
    """
    free = measured[-1].clean.skilled.value + TOLERANCE
    harmless = [choice for choice in measured if choice.clean.skilled.value <= free]
    lowest = min(choice.dirty.skilled.value for choice in harmless) + TOLERANCE
    return next(choice for choice in harmless if choice.dirty.skilled.value <= lowest)


def _cleaned(crops: Sequence[Pixels | Grey], network: StrokeNetwork, judge: Judge) -> _Cleaned:
    find = by_network(network)
    without, cleaned, removed = [], [], []
    for crop in crops:
        whitened = whiten(grey(crop))
        mask = dark_pixels(whitened)
        kept = find(crop, whitened, mask)
        without.append(whitened)
        cleaned.append(without_ink(whitened, mask, kept))
        removed.append(removed_share(mask, kept))
    return _Cleaned(judge.embed(without), judge.embed(cleaned), np.array(removed))

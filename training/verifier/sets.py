"""Which signers train, which choose and calibrate, which measure. One place, so that none does two."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from training.verifier import readers
from training.verifier.protocol import Gallery, gallery
from training.verifier.readers import Signer

#: Every tenth online signer never trains; calibration sees them beside BHSig's validation writers.
HELD_OUT_EVERY = 10
#: Seeds of invented signers, far from those of the examples.
DRAWN_SEED, DRAWN_SIGNERS = 500_000, 160
DRAWN_TEST_SEED, DRAWN_TEST_SIGNERS = 900_000, 40
#: Volunteers of the cross-media set that may train; the later ones measure.
LAST_TRAINING_VOLUNTEER = 80


def scanned_for_training(data: Path) -> list[Signer]:
    """BHSig260-Hindi writers 1-100."""
    return readers.bhsig(data / "verification" / "bhsig_hindi", "train")


def online_for_training(data: Path) -> list[Signer]:
    """SUSIG and SVC2004 signers but for those held out."""
    return [signer for i, signer in enumerate(_online(data)) if not _held_out(i)]


def drawn_for_training() -> list[Signer]:
    """Invented signers and imitations of them."""
    return readers.invented(range(DRAWN_SEED, DRAWN_SEED + DRAWN_SIGNERS))


def drawn_test(data: Path) -> Gallery:
    """Invented signers whose hands training never saw; `data` is not looked at."""
    return gallery(readers.invented(range(DRAWN_TEST_SEED, DRAWN_TEST_SEED + DRAWN_TEST_SIGNERS)), "invented")


def validation(data: Path) -> Gallery:
    """BHSig260-Hindi writers 101-120: they choose the checkpoint and, in part, the calibration."""
    return _bhsig(data, "validation")


def online_validation(data: Path) -> Gallery:
    """The held-out online signers, drawn with pens of all widths."""
    held_out = [signer for i, signer in enumerate(_online(data)) if _held_out(i)]
    return gallery(held_out, "online held out", pen=np.random.default_rng(1))


def test(data: Path) -> Gallery:
    """BHSig260-Hindi writers 121-160: they measure, once the choice is made."""
    return _bhsig(data, "test")


def cedar(data: Path) -> Gallery:
    """All of CEDAR, whose signers, script and scanner training never saw."""
    return gallery(readers.cedar(data / "verification" / "cedar"), "CEDAR")


def _bhsig(data: Path, split: str) -> Gallery:
    signers = readers.bhsig(data / "verification" / "bhsig_hindi", split, shrink=False)
    return gallery(signers, f"BHSig260-Hindi {split}")


def _online(data: Path) -> list[Signer]:
    folder = data / "verification"
    return readers.online(folder / "susig.npz") + readers.online(folder / "svc2004.npz")


def _held_out(position: int) -> bool:
    return position % HELD_OUT_EVERY == HELD_OUT_EVERY - 1

"""Which signers are the training, the validation and the test sets. One place, so that none is in two."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np

from training.verifier import readers
from training.verifier.protocol import Gallery, make_gallery
from training.verifier.readers import SignerSpecimens

#: Every tenth online signer never trains; calibration sees them beside BHSig's validation writers.
HELD_OUT_EVERY = 10
#: Seeds of synthetic signers, far from those of the examples.
DRAWN_SEED, DRAWN_SIGNERS = 500_000, 160
DRAWN_TEST_SEED, DRAWN_TEST_SIGNERS = 900_000, 40
#: Volunteers of the cross-media set that may train; the later ones measure.
LAST_TRAINING_VOLUNTEER = 80
#: How many others' writings of a name stand beside a volunteer's own.
SAME_NAME = 30


def scanned_for_training(data: Path) -> list[SignerSpecimens]:
    """BHSig260-Hindi writers 1-100."""
    return readers.bhsig(data / "verification" / "bhsig_hindi", "train")


def online_for_training(data: Path) -> list[SignerSpecimens]:
    """SUSIG and SVC2004 signers but for those held out."""
    return [signer for i, signer in enumerate(_online(data)) if not _held_out(i)]


def names_for_training(data: Path) -> list[SignerSpecimens]:
    """Volunteers 1-80 of the cross-media set: one signer per volunteer and name.

    Nobody imitated anybody there, but all wrote the same ten names: the same name by others stands for
    the forgeries, so that a hand counts for more than what it writes.
    """
    signers = [signer for signer in _crossmedia(data) if _volunteer(signer) <= LAST_TRAINING_VOLUNTEER]
    rng = np.random.default_rng(1)
    for signer in signers:
        others = [other for other in signers if _prompt(other) == _prompt(signer) and other is not signer]
        chosen = rng.choice(len(others), size=SAME_NAME, replace=False)
        signer.forged = [others[i].genuine[int(rng.integers(len(others[i].genuine)))] for i in chosen]
    return signers


def letters_for_training(data: Path) -> list[SignerSpecimens]:
    """Authors with several signatures on Tobacco800's letters; no imitations, but real pages."""
    return readers.tobacco(data / "detection" / "tobacco800")


def own_for_training(folder: Path) -> list[SignerSpecimens]:
    """A user's own signers, all but every tenth."""
    return [signer for i, signer in enumerate(readers.folders(folder)) if not _held_out(i)]


def own_signers(folder: Path) -> Gallery:
    """A user's own signers, all of them: for weights that were not trained on any."""
    return make_gallery(readers.folders(folder, shrink=False), "own signers")


def own_held_out(folder: Path) -> Gallery:
    """Every tenth of a user's own signers, whom training leaves out."""
    kept = [signer for i, signer in enumerate(readers.folders(folder, shrink=False)) if _held_out(i)]
    return make_gallery(kept, "own signers held out")


def drawn_for_training() -> list[SignerSpecimens]:
    """Synthetic signers and imitations of them."""
    return readers.invented(range(DRAWN_SEED, DRAWN_SEED + DRAWN_SIGNERS))


def drawn_test(data: Path) -> Gallery:
    """Synthetic signers of the test set; `data` is not looked at."""
    return make_gallery(
        readers.invented(range(DRAWN_TEST_SEED, DRAWN_TEST_SEED + DRAWN_TEST_SIGNERS)), "invented"
    )


def validation(data: Path) -> Gallery:
    """BHSig260-Hindi writers 101-120: they choose the checkpoint and, in part, the calibration."""
    return _bhsig(data, "validation")


def online_validation(data: Path) -> Gallery:
    """The held-out online signers, drawn with pens of all widths."""
    held_out = [signer for i, signer in enumerate(_online(data)) if _held_out(i)]
    return make_gallery(held_out, "online held out", pen=np.random.default_rng(1))


def test(data: Path) -> Gallery:
    """BHSig260-Hindi writers 121-160: they measure, once the choice is made."""
    return _bhsig(data, "test")


def cedar(data: Path) -> Gallery:
    """All of CEDAR; a verifier that was trained without it measures on it (`folds`)."""
    return make_gallery(readers.read_cedar(data / "verification" / "cedar"), "CEDAR")


def dutch(data: Path) -> Gallery:
    """32 writers of SigComp2011; a verifier that was trained without them measures on them (`folds`)."""
    return make_gallery(readers.read_dutch(data / "verification" / "dutch"), "SigComp2011 Dutch")


def mcyt(data: Path) -> Gallery:
    """The 30 writers of MCYT-100 with skilled forgeries, drawn with pens of all widths."""
    return make_gallery(_mcyt(data, forged=True), "MCYT-100", pen=np.random.default_rng(1))


def _bhsig(data: Path, split: str) -> Gallery:
    signers = readers.bhsig(data / "verification" / "bhsig_hindi", split, shrink=False)
    return make_gallery(signers, f"BHSig260-Hindi {split}")


def _mcyt(data: Path, *, forged: bool) -> list[SignerSpecimens]:
    """The writers of MCYT-100 whom somebody forged, or whom nobody did."""
    signers = readers.online(data / "verification" / "mcyt.npz")
    return [signer for signer in signers if bool(signer.forged) is forged]


def _online(data: Path) -> list[SignerSpecimens]:
    folder = data / "verification"
    return readers.online(folder / "susig.npz") + readers.online(folder / "svc2004.npz")


def _crossmedia(data: Path) -> list[SignerSpecimens]:
    return readers.crossmedia(data / "verification" / "crossmedia_cn")


def _volunteer(signer: SignerSpecimens) -> int:
    return int(signer.name.partition("/")[0])


def _prompt(signer: SignerSpecimens) -> str:
    return signer.name.partition("/")[2]


def _held_out(position: int) -> bool:
    return position % HELD_OUT_EVERY == HELD_OUT_EVERY - 1


#: What fits probabilities, bands and words: signers of five sources, each embedded by an encoder that was not
#: trained on them.
CALIBRATION: tuple[Callable[[Path], Gallery], ...] = (validation, online_validation, mcyt, cedar, dutch)
#: Readers of what trains beside BHSig, by the names of the settings' shares.
OTHERS: dict[str, Callable[[Path], list[SignerSpecimens]]] = {
    "online": online_for_training,
    "crossmedia": names_for_training,
    "letters": letters_for_training,
    "drawn": lambda data: drawn_for_training(),
    "dutch": lambda data: readers.read_dutch(data / "verification" / "dutch", shrink=True),
    "cedar": lambda data: readers.read_cedar(data / "verification" / "cedar", shrink=True),
    "mcyt": lambda data: _mcyt(data, forged=True),
    "mcyt_genuine": lambda data: _mcyt(data, forged=False),
}

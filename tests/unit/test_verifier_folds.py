"""Sets are measured by verifiers that were trained without them, where the one that ships was not."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="training is an optional extra")

from training.common.settings import read_settings  # noqa: E402
from training.verifier import sets  # noqa: E402
from training.verifier.folds import load_folds  # noqa: E402
from training.verifier.library import Library, VerifierModels, load_verifier_models  # noqa: E402
from training.verifier.protocol import Gallery  # noqa: E402
from training.verifier.settings import VERIFIER_SETTINGS, VerifierSettings  # noqa: E402
from training.verifier.train import start_verifier  # noqa: E402
from worker.errors import WrongUse  # noqa: E402
from worker.vision.verification.embedding import DIMENSION  # noqa: E402
from worker.vision.weights import WEIGHTS_DIR  # noqa: E402

FINE_TUNING = VERIFIER_SETTINGS.with_name("fine_tuning.toml")


class Constant:
    """An encoder whose every number is the same, and a pair classifier for which all pairs are."""

    version = "constant"

    def __init__(self, number: float) -> None:
        self._number = number

    def encode(self, crops, *, steady=True):
        return np.full((len(crops), DIMENSION), self._number, np.float32)

    def logits(self, query, references):
        return np.full(len(references), self._number)


def gallery(_data: Path) -> Gallery:
    return Gallery([np.zeros((128, 288), np.float32)], np.zeros(1, np.int64), np.ones(1, bool))


def test_a_fold_is_named_by_its_set_and_loaded_from_its_folder():
    folds = load_folds([f"dutch={WEIGHTS_DIR}", f"cedar={WEIGHTS_DIR}"])

    assert list(folds) == [sets.dutch, sets.cedar]
    assert folds[sets.dutch].digests == load_verifier_models().digests
    assert load_folds(None) == {}


@pytest.mark.parametrize("given", ["dutch", "dutch=", "german=runs/weights"])
def test_a_fold_of_no_set_is_refused_with_the_names_of_all(given):
    with pytest.raises(WrongUse, match="validation, online_validation, mcyt, cedar, dutch"):
        load_folds([given])


def test_a_set_is_embedded_by_its_fold():
    def another(data: Path) -> Gallery:
        return gallery(data)

    shipped, fold = (VerifierModels(Constant(number), Constant(number), None, {}) for number in (1.0, 2.0))
    library = Library(Path(), shipped, {gallery: fold})

    assert library.of(gallery).embeddings[0, 0] == 2.0
    assert library.of(another).embeddings[0, 0] == 1.0


def test_fine_tuning_begins_with_the_pair_classifier_that_ships_too():
    settings = read_settings(VerifierSettings, FINE_TUNING)

    run = start_verifier(settings, WEIGHTS_DIR / "encoder.safetensors")

    assert set(settings.shares) - {"own"} == set(sets.OTHERS)
    assert run.model["matcher"].parts_weight.tolist() == [50.0, 30.0]
    untouched = start_verifier(settings)
    assert not torch.equal(run.model["matcher"].slope, untouched.model["matcher"].slope)

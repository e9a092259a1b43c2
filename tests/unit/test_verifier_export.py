"""From a trained checkpoint to files that a worker loads: the same answers, and the parts' weights chosen."""

from __future__ import annotations

import json

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="training is an optional extra")

from safetensors.torch import save_file  # noqa: E402

from training.common.checkpoints import save_checkpoint  # noqa: E402
from training.common.settings import read_settings  # noqa: E402
from training.verifier import export  # noqa: E402
from training.verifier.protocol import Gallery, logits  # noqa: E402
from training.verifier.settings import VERIFIER_SETTINGS, VerifierSettings  # noqa: E402
from training.verifier.train import start_verifier  # noqa: E402
from training.verifier.weigh import WEIGHTS, weigh  # noqa: E402
from worker.errors import WeightsError  # noqa: E402
from worker.vision import weights  # noqa: E402
from worker.vision.crops import HEIGHT, WIDTH  # noqa: E402
from worker.vision.verification.calibration import Traits, load_calibration  # noqa: E402
from worker.vision.verification.embedding import COMPARED, DIMENSION, GLOBAL, LEVELS  # noqa: E402
from worker.vision.verification.encoder import load_encoder  # noqa: E402
from worker.vision.verification.matcher import load_matcher  # noqa: E402
from worker.vision.verification.network import PairClassifier, SignatureEncoder, SteadyEncoder  # noqa: E402
from worker.vision.verification.torch_encoder import TorchEncoder  # noqa: E402

SETTINGS = read_settings(VerifierSettings, VERIFIER_SETTINGS)
CALIBRATION = {
    "sharpness": 0.5,
    "fits": [
        {
            "references": 1,
            "slope": 2.0,
            "agreement": 0.0,
            "intercept": -1.0,
            "genuine_from": 0.8,
            "forged_below": 0.2,
            "medium": 1.0,
            "high": 3.0,
            "medium_forged": 1.0,
            "high_forged": 3.0,
        }
    ],
    "strangers": {"level": 1.0, "slope": 2.0, "rate": 0.05},
    "fitted_on": ["made up"],
}


@pytest.fixture(scope="module")
def exported(tmp_path_factory):
    """A verifier with weights drawn by lot: its folder, and the models that were exported."""
    folder = tmp_path_factory.mktemp("weights")
    run = start_verifier(SETTINGS)
    run.finished = True
    save_checkpoint(run, folder / "final.pt")
    encoder, matcher = export.trained_verifier(folder / "final.pt")
    matcher.parts_weight.copy_(torch.tensor([3.0, 2.0]))
    export.register_verifier(encoder, matcher, folder=folder)
    return folder, encoder, matcher


@pytest.fixture(scope="module")
def crops():
    rng = np.random.default_rng(1)
    return [(rng.random((HEIGHT, WIDTH)) < 0.1).astype(np.float32) for _ in range(3)]


def test_a_worker_embeds_as_the_trained_encoder_does(exported, crops):
    folder, encoder, matcher = exported

    with torch.no_grad():
        asked = torch.ones(len(crops), dtype=torch.bool)
        embeddings = SteadyEncoder(encoder, matcher).eval()(torch.from_numpy(np.stack(crops))[:, None], asked)
        compared = encoder(torch.from_numpy(np.stack(crops))[:, None])
    expected = embeddings.numpy()

    assert expected[:, :-1] == pytest.approx(compared.numpy(), abs=1e-4)

    assert load_encoder(folder=folder).encode(crops) == pytest.approx(expected, abs=1e-4)


def test_both_engines_are_exported_from_the_same_weights(exported, crops):
    folder, _, _ = exported
    onnx = load_encoder(folder=folder)
    path = weights.verified_path("encoder-torch", folder)

    torch_encoder = TorchEncoder(path, version=onnx.version, device="cpu")

    for steady in (True, False):
        expected = onnx.encode(crops, steady=steady)
        assert torch_encoder.encode(crops, steady=steady) == pytest.approx(expected, abs=1e-4, nan_ok=True)
    assert weights.entry("encoder-torch", folder).parameters["same_as"] == onnx.version


def test_a_worker_compares_as_the_trained_classifier_does(exported, crops):
    folder, _, matcher = exported
    embeddings = load_encoder(folder=folder).encode(crops)

    compared = np.stack([load_matcher(folder).logits(query, embeddings) for query in embeddings])

    assert compared == pytest.approx(logits(matcher, embeddings, embeddings), abs=1e-3)


def test_the_catalogue_names_sizes_card_and_licence(exported):
    folder, _, _ = exported

    entry = weights.entry("encoder", folder)

    assert entry.parameters == {"width": WIDTH, "height": HEIGHT, "dimension": DIMENSION}
    assert weights.entry("matcher", folder).parameters == {"dimension": COMPARED}
    assert (entry.card, entry.licence) == (export.CARD, export.LICENCE)


def test_the_same_weights_give_the_same_files(exported, tmp_path):
    folder, encoder, matcher = exported

    export.register_verifier(encoder, matcher, folder=tmp_path)

    for name in ("encoder", "matcher", "encoder-torch"):
        assert weights.entry(name, tmp_path).sha256 == weights.entry(name, folder).sha256


def test_a_calibration_is_registered_and_replaced(tmp_path):
    export.register_calibration(CALIBRATION, folder=tmp_path)
    first = load_calibration(tmp_path)
    export.register_calibration(CALIBRATION | {"sharpness": 1.0}, folder=tmp_path)
    second = load_calibration(tmp_path)

    assert (first.sharpness, second.sharpness) == (0.5, 1.0)
    assert first.version != second.version
    assert first.llr(np.array([2.0]), Traits()) == 3.0


def test_a_calibration_that_was_changed_by_hand_is_refused(tmp_path):
    export.register_calibration(CALIBRATION, folder=tmp_path)
    path = tmp_path / "calibration.json"
    path.write_text(json.dumps(CALIBRATION | {"sharpness": 9.0}))

    with pytest.raises(WeightsError):
        load_calibration(tmp_path)


class Parts(PairClassifier):
    """Wholes that say nothing; one level that tells hands apart and one that misleads."""

    def __init__(self, telling: int) -> None:
        super().__init__()
        self.telling = telling

    def paths(self, a, b):
        same = (a[:, 0] == b[:, 0]).float()
        answered = [1 - same, 1 - same]
        answered[self.telling] = same
        return torch.zeros(len(a)), answered[0], answered[1]


class Named(SignatureEncoder):
    """An encoder that reads a hand's number off the first pixel."""

    def forward(self, images):
        hands = images[:, 0, 0, 0].round()
        return torch.nn.functional.pad(hands[:, None], (0, COMPARED - 1))


@pytest.mark.parametrize("telling", range(len(LEVELS)))
def test_the_part_that_tells_hands_apart_gets_the_weight(telling):
    writers = np.repeat([0, 1], 6)
    genuine = np.tile(np.arange(6) < 4, 2)
    hands = np.where(genuine, writers, writers + 2)
    images = [np.full((HEIGHT, WIDTH), hand, np.float32) for hand in hands]
    matcher = Parts(telling)

    rates = weigh(Named(), matcher, [Gallery(images, writers, genuine, "made up")])

    chosen = matcher.parts_weight.tolist()
    assert len(rates) == len(WEIGHTS) ** len(LEVELS)
    assert rates[0.0, 0.0] == [0.5]
    assert rates[tuple(chosen)] == [0.0]
    assert chosen[telling] > chosen[1 - telling]


def test_a_run_may_begin_from_an_encoder_that_fits_in_part(tmp_path):
    other = start_verifier(SETTINGS.model_copy(update={"seed": 2})).model["encoder"].state_dict()
    name = "features.0.weight"
    odd = {"features.4.weight": torch.zeros(1), "unknown": torch.zeros(2)}
    save_file({name: other[name].contiguous()} | odd, tmp_path / "initial.safetensors")

    plain, begun = start_verifier(SETTINGS), start_verifier(SETTINGS, tmp_path / "initial.safetensors")

    tensors = begun.model["encoder"].state_dict()
    assert torch.equal(tensors[name], other[name])
    assert torch.equal(tensors["features.4.weight"], plain.model["encoder"].state_dict()["features.4.weight"])
    assert begun.average["encoder"].state_dict()[name].equal(other[name])


def test_the_embedding_has_a_whole_of_length_one(exported, crops):
    embedded = load_encoder(folder=exported[0]).encode(crops)

    assert embedded.shape == (3, DIMENSION)
    assert np.linalg.norm(embedded[:, :GLOBAL], axis=1) == pytest.approx(1.0, abs=1e-4)

"""The crop classifier's network: trained on what is easy, it ships its weights and goes on from its files."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="training is an optional extra")

from training.classifier.export import mean_classifier, trained_classifier  # noqa: E402
from training.classifier.network import CropNetwork, KindProbabilities  # noqa: E402
from training.classifier.pieces import Piece  # noqa: E402
from training.classifier.settings import CLASSIFIER_SETTINGS, ClassifierSettings  # noqa: E402
from training.classifier.shipped import shipped_network  # noqa: E402
from training.classifier.train import fit_classifier, resume_classifier, start_classifier  # noqa: E402
from training.common.settings import read_settings  # noqa: E402
from worker.vision.detection.classifier import KINDS, LOOK_HEIGHT, LOOK_WIDTH  # noqa: E402
from worker.vision.values import Box  # noqa: E402

STEPS = 24


class EnoughError(Exception):
    """The test has seen what it wanted."""


def settings() -> ClassifierSettings:
    quick = {"batch": 16, "minutes": 5.0, "validate_minutes": 1e-6, "warmup_steps": 1, "dropout": 0.0}
    return read_settings(ClassifierSettings, CLASSIFIER_SETTINGS, changes=quick)


@pytest.fixture(scope="module")
def pieces() -> list[Piece]:
    """Kinds that nobody could mix up: a dot, a bar, two bars, a block."""
    made = []
    for number, kind in enumerate(KINDS):
        pixels = np.full((60, 140), 250, np.uint8)
        rows, columns = (
            ((28, 34), (24, 36), (10, 50), (5, 55))[number],
            ((65, 72), (20, 120), (20, 50), (20, 120))[number],
        )
        pixels[slice(*rows), slice(*columns)] = 20
        made.append(Piece(kind, "bars", kind.value, pixels, Box(4, 4, 130, 52)))
    return made


def train(run, pieces: list[Piece], out: Path, steps: int) -> list[dict[str, float]]:
    lines: list[dict[str, float]] = []

    def watch(line: dict[str, float]) -> None:
        lines.append(line)
        if len(lines) == steps:
            raise EnoughError

    with pytest.raises(EnoughError):
        fit_classifier(run, pieces, pieces, out, watch)
    return lines


def test_the_loss_falls_on_kinds_that_nobody_could_mix_up(pieces: list[Piece], tmp_path: Path) -> None:
    lines = train(start_classifier(settings()), pieces, tmp_path, STEPS)

    losses = [line["loss"] for line in lines]
    assert np.mean(losses[-5:]) < 0.6 * np.mean(losses[:5])


def test_a_resumed_run_has_the_weights_and_the_step_it_stopped_at(
    pieces: list[Piece], tmp_path: Path
) -> None:
    run = start_classifier(settings())
    train(run, pieces, tmp_path, 2)

    resumed = resume_classifier(settings(), tmp_path / "last.pt")

    kept, again = run.model.state_dict(), resumed.model.state_dict()
    assert resumed.step == run.step
    assert all(torch.equal(kept[name], again[name]) for name in kept)


def test_what_ships_has_no_batch_norms_and_answers_as_before(pieces: list[Piece], tmp_path: Path) -> None:
    train(start_classifier(settings()), pieces, tmp_path, 2)
    images = torch.rand(3, 1, LOOK_HEIGHT, LOOK_WIDTH)

    shipping = mean_classifier([tmp_path / "last.pt"])

    assert not any(isinstance(layer, torch.nn.BatchNorm2d) for layer in shipping.modules())
    with torch.no_grad():
        assert torch.allclose(shipping(images), trained_classifier(tmp_path / "last.pt")(images), atol=1e-4)


def test_dropout_is_off_where_it_answers() -> None:
    network, image = CropNetwork(dropout=0.9).eval(), torch.rand(1, 1, LOOK_HEIGHT, LOOK_WIDTH)

    with torch.no_grad():
        assert torch.equal(network(image), network(image))


def test_a_network_to_go_on_from_knows_blank_crops_as_the_shipped_one_does() -> None:
    images = torch.rand(8, 1, LOOK_HEIGHT, LOOK_WIDTH)

    shares = [
        KindProbabilities(shipped_network(seen, dropout=0.0)).eval()(images[:4]).detach()
        for seen in (images, images[:4])
    ]

    assert torch.allclose(*shares, atol=1e-3)

"""The shipped verifier, held to exact figures and to the same verdicts in both engines."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("torch")

from tests.evaluation_data import DATA, needs_data
from training.verifier import regression
from training.verifier.library import load_verifier_models
from worker.vision import weights
from worker.vision.values import Quality
from worker.vision.verification.encoder import load_encoder
from worker.vision.verification.torch_encoder import TorchEncoder
from worker.vision.verification.verifier import load_verifier

EXPECTED = Path(__file__).with_name("verifier_figures.json")
RENEW = f"python -m training.verifier.regression tests/unit/{EXPECTED.name}"
USABLE = Quality(ink=0.1, width=200, height=60, usable=True)
PAIRS = 200


@pytest.fixture(scope="module")
def expected():
    return json.loads(EXPECTED.read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def models():
    return load_verifier_models()


def same(figures: dict[str, float], expected: dict[str, float]) -> bool:
    """Rates are counts and come out exactly; scores may differ by an engine's last digits."""
    return figures.keys() == expected.keys() and all(
        value == pytest.approx(expected[name], abs=0.002 if name.startswith("median") else 1e-6)
        for name, value in figures.items()
    )


def test_the_figures_are_those_of_the_shipped_files(expected, models):
    assert expected["digests"] == models.digests, f"the weights changed; renew with: {RENEW}"


def test_drawn_signatures_are_told_apart_exactly_as_before(expected, models):
    figures = regression.exact_figures(regression.invented_subset(), models)

    assert same(figures, expected["invented"]), f"{figures}; if it is meant so, renew with: {RENEW}"


@needs_data("verification/cedar")
def test_real_signatures_are_told_apart_exactly_as_before(expected, models):
    figures = regression.exact_figures(regression.cedar_subset(DATA), models)

    assert same(figures, expected["cedar"]), f"{figures}; if it is meant so, renew with: {RENEW}"


def test_both_engines_say_the_same_of_two_hundred_pairs():
    images = regression.invented_subset().images
    verifier, onnx = load_verifier(), load_encoder()
    torch = TorchEncoder(weights.verified_path("encoder-torch"), version=onnx.version, device="cpu")
    by_onnx, other = onnx.encode(images), torch.encode(images)
    rng = np.random.default_rng(1)
    pairs = [rng.choice(len(images), 2, replace=False) for _ in range(PAIRS)]

    opinions = [
        [verifier.compare(made[query], made[[reference]], quality=USABLE) for made in (by_onnx, other)]
        for query, reference in pairs
    ]

    assert all(a.outcome is b.outcome and a.confidence is b.confidence for a, b in opinions)
    assert max(abs(a.probability - b.probability) for a, b in opinions) <= 0.005
    assert len({a.outcome for a, _ in opinions}) > 1

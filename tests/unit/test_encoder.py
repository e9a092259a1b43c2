"""The shipped encoder and pair classifier: the same answer in both engines, in any batch, in any order."""

from __future__ import annotations

import numpy as np
import pytest

from tests.handwriting import signature
from worker.errors import WeightsError
from worker.vision import weights
from worker.vision.crops import HEIGHT, WIDTH, assess, normalise
from worker.vision.verification.calibration import probability
from worker.vision.verification.embedding import (
    COMPARED,
    CROPS_TOGETHER,
    DIMENSION,
    GLOBAL,
    LEVELS,
    STEADINESS,
)
from worker.vision.verification.encoder import load_encoder
from worker.vision.verification.matcher import load_matcher
from worker.vision.verification.verifier import load_verifier

CROPS = [normalise(signature(seed, wobble=wobble)) for seed in range(1, 6) for wobble in range(3)]


def test_embeddings_are_one_a_crop_their_parts_of_length_one():
    embeddings = load_encoder().encode(CROPS)

    assert embeddings.shape == (len(CROPS), DIMENSION)
    assert embeddings.dtype == np.float32
    whole, rest = embeddings[:, :GLOBAL], embeddings[:, GLOBAL:COMPARED]
    assert np.allclose(np.linalg.norm(whole, axis=1), 1, atol=1e-5)
    for level in LEVELS:
        cells, rest = rest[:, : level.floats], rest[:, level.floats :]
        described, ink = np.split(cells, [-level.cells], axis=1)
        parts = described.reshape(len(CROPS), level.cells, level.descriptor)
        assert np.allclose(np.linalg.norm(parts, axis=2), 1, atol=1e-5)
        assert np.allclose(ink.sum(axis=1), 1, atol=1e-5)


def test_a_plain_signature_resembles_itself_when_it_is_turned_more_than_an_ornate_one():
    plain, ornate = np.zeros((2, HEIGHT, WIDTH), np.float32)
    plain[60:68, 20:268] = 1
    ornate[::12, 20:268] = ornate[:, 20:268:9] = 1

    steadiness = load_encoder().encode([plain, ornate])[:, STEADINESS]

    assert steadiness[0] > steadiness[1]


def test_without_steadiness_all_else_of_an_embedding_is_the_same():
    encoder = load_encoder()

    steady, plain = (encoder.encode(CROPS, steady=steady) for steady in (True, False))

    assert np.allclose(plain[:, :STEADINESS], steady[:, :STEADINESS], atol=1e-5)
    assert np.isnan(plain[:, STEADINESS]).all() and np.isfinite(steady).all()


@pytest.mark.parametrize("steady", [True, False])
def test_no_crops_give_no_embeddings(steady):
    assert load_encoder().encode([], steady=steady).shape == (0, DIMENSION)


def test_a_crop_has_the_same_embedding_in_any_batch():
    encoder = load_encoder()
    many = (CROPS * (CROPS_TOGETHER // len(CROPS) + 2))[: CROPS_TOGETHER + 3]

    assert np.allclose(encoder.encode(many)[-1], encoder.encode([many[-1]])[0], atol=1e-4)


def test_the_pair_classifier_is_symmetric():
    matcher, (a, b) = load_matcher(), load_encoder().encode(CROPS[:2])

    assert matcher.logits(a, b[None]) == pytest.approx(matcher.logits(b, a[None]), abs=1e-5)


def test_torch_and_onnx_runtime_give_the_same_verdicts():
    pytest.importorskip("torch")
    from worker.vision.verification.torch_encoder import TorchEncoder  # noqa: PLC0415 - needs torch

    verifier, onnx = load_verifier(), load_encoder()
    torch = TorchEncoder(weights.verified_path("encoder-torch"), version=onnx.version, device="cpu")
    quality = assess(signature(1))

    for query in range(len(CROPS)):
        opinions = []
        for encoder in (onnx, torch):
            embeddings = encoder.encode([CROPS[query], *CROPS[:3]])
            opinions.append(verifier.compare(embeddings[0], embeddings[1:], quality=quality))
        assert opinions[0].probability == pytest.approx(opinions[1].probability, abs=0.005)
        assert opinions[0].outcome == opinions[1].outcome


def test_any_device_but_the_cpu_is_served_by_torch_under_the_same_version():
    """Torch has more names than one for the processor; a machine without a GPU has this device, too."""
    pytest.importorskip("torch")
    from worker.vision.verification.torch_encoder import TorchEncoder  # noqa: PLC0415 - needs torch

    encoder, onnx = load_encoder(device="cpu:0"), load_encoder()

    assert isinstance(encoder, TorchEncoder)
    assert encoder.version == onnx.version
    assert np.allclose(encoder.encode(CROPS[:2]), onnx.encode(CROPS[:2]), atol=0.01)


def test_the_version_is_the_digest_in_the_catalogue():
    assert load_encoder().version == weights.entry("encoder").sha256
    assert weights.entry("encoder-torch").parameters["same_as"] == weights.entry("encoder").sha256


def test_the_same_hand_is_nearer_than_another():
    verifier, embeddings = load_verifier(), load_encoder().encode(CROPS)
    hands = np.arange(len(CROPS)) // 3
    logits = np.array([verifier.matcher.logits(query, embeddings) for query in embeddings])
    same = (hands[:, None] == hands[None, :]) & ~np.eye(len(CROPS), dtype=bool)

    assert np.median(logits[same]) > np.quantile(logits[hands[:, None] != hands[None, :]], 0.9)


@pytest.mark.parametrize("llr", [-1000.0, -1.0, 0.0, 1.0, 1000.0])
def test_a_probability_never_leaves_its_range(llr):
    assert 0 <= probability(llr) <= 1


def test_a_changed_file_is_refused(tmp_path):
    for name in ("catalogue.json", weights.entry("encoder").file):
        (tmp_path / name).write_bytes((weights.WEIGHTS_DIR / name).read_bytes())
    with (tmp_path / weights.entry("encoder").file).open("ab") as file:
        file.write(b"more")

    with pytest.raises(WeightsError, match="encoder"):
        load_encoder(folder=tmp_path)

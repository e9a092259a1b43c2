"""The reference design: its losses point the right way, and its files are measured like those that ship."""

from __future__ import annotations

import json

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from training.verifier import readers, reference  # noqa: E402
from worker.vision.verification.encoder import load_encoder  # noqa: E402
from worker.vision.verification.matcher import load_matcher  # noqa: E402


def test_the_contrastive_loss_wants_own_genuine_near_and_all_else_a_margin_away():
    writers = torch.tensor([0, 0, 0, 1, 1, 1])
    genuine = torch.tensor([True, True, False, True, True, False])
    axes = torch.eye(4)

    apart, fooled, mixed = (
        reference.signet_contrastive(axes[rows], writers, genuine).item()
        for rows in ([0, 0, 1, 2, 2, 3], [0, 0, 0, 2, 2, 2], [0, 2, 1, 0, 2, 3])
    )

    assert apart == pytest.approx(0.0, abs=1e-5)
    assert apart < fooled < mixed


def test_both_phases_end_in_a_weights_folder(tmp_path):
    signers = readers.invented(range(5), specimens=3)
    phases: list[str] = []

    folder = reference.fit_reference(
        signers, reference.ReferencePlan(minutes=0.01), tmp_path, lambda phase, used: phases.append(phase)
    )

    found = load_encoder(folder=folder).encode(
        [np.zeros((reference.HEIGHT, reference.WIDTH), np.float32)] * 2
    )
    assert found.shape == (2, reference.FEATURES)
    assert np.allclose(np.linalg.norm(found, axis=1), 1, atol=1e-5)
    assert load_matcher(folder).logits(found[0], found).shape == (2,)
    assert json.loads((tmp_path / "reference.json").read_text())["cpu_minutes"] > 0
    assert "features of the training images" in phases

"""From a checkpoint to what ships: one ONNX file with a softmax at its end."""

from __future__ import annotations

import tempfile
from pathlib import Path

import torch

from training.catalogue import register
from training.classifier.network import CropNetwork, Probabilities
from training.verifier.export import save_onnx
from worker.vision.classifier import HEIGHT, KINDS, WIDTH
from worker.vision.weights import WEIGHTS_DIR, CatalogueEntry

LICENCE = "AGPL-3.0-or-later"
CARD = "classifier.md"


def load(checkpoint: Path) -> CropNetwork:
    """The averaged network of a checkpoint, in evaluation mode; only tensors are ever unpickled."""
    network = CropNetwork()
    network.load_state_dict(torch.load(checkpoint, weights_only=True)["average"])
    return network.eval()


def export(checkpoint: Path, *, doubt: float, default: bool, folder: Path = WEIGHTS_DIR) -> CatalogueEntry:
    """Register `classifier`: `doubt` takes a signature away, `default` says whether it does unless told."""
    with tempfile.TemporaryDirectory() as scratch:
        graph = Path(scratch) / "classifier.onnx"
        save_onnx(
            Probabilities(load(checkpoint)), (torch.zeros(2, 1, HEIGHT, WIDTH),), ["images"], "kinds", graph
        )
        return register(
            "classifier",
            graph,
            card=CARD,
            licence=LICENCE,
            folder=folder,
            width=WIDTH,
            height=HEIGHT,
            kinds=[kind.value for kind in KINDS],
            doubt=doubt,
            default=default,
        )

"""From a checkpoint to what ships: one ONNX file, and the least share of ink that is worth taking."""

from __future__ import annotations

import tempfile
from pathlib import Path

import torch

from training.catalogue import register_weights
from training.cleaner.evaluate import Judge
from training.cleaner.gate import GateChoice, best_gate, choices, validation_cases
from training.cleaner.network import StrokeProbabilities, StrokeUNet
from training.common.checkpoints import with_average
from training.common.onnx import save_onnx
from worker.vision.cleaning.learned import FIELD_HEIGHT, FIELD_WIDTH, StrokeNetwork
from worker.vision.onnx import OnnxModel
from worker.vision.verification.encoder import load_encoder
from worker.vision.verification.matcher import load_matcher
from worker.vision.weights import WEIGHTS_DIR

LICENCE = "AGPL-3.0-or-later"
CARD = "cleaner.md"


def write_onnx(network: StrokeUNet, path: Path) -> None:
    """Export for one crop at a time, without notes on the exporter, so that the digest is reproducible."""
    example = (torch.zeros(1, 1, FIELD_HEIGHT, FIELD_WIDTH),)
    answering = StrokeProbabilities(network).eval()
    save_onnx(answering, example, path, inputs=["darkness"], output="strokes", free_batch=False)


def register_cleaner(checkpoint: Path, data: Path, *, folder: Path = WEIGHTS_DIR) -> list[GateChoice]:
    """Register `cleaner` with the gate that is best on validation writers; return all that were tried.

    Raises WrongUse for a file that is no checkpoint of a cleaner's training.
    """
    with tempfile.TemporaryDirectory() as scratch:
        path = Path(scratch) / "cleaner.onnx"
        write_onnx(with_average(StrokeUNet(), checkpoint), path)
        judge = Judge(load_encoder(folder=folder), load_matcher(folder))
        measured = choices(StrokeNetwork(OnnxModel(path, version="")), validation_cases(data), judge)
        size = {"width": FIELD_WIDTH, "height": FIELD_HEIGHT}
        gate = best_gate(measured).min_removed
        register_weights("cleaner", path, card=CARD, licence=LICENCE, folder=folder, min_removed=gate, **size)
    return measured

"""From a checkpoint to what ships: ONNX for the CPU, safetensors for torch, and the calibration."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import save_file
from torch import nn

from training.catalogue import register_weights
from training.common.checkpoints import read_checkpoint, with_average
from training.common.onnx import save_onnx
from worker.errors import WrongUse
from worker.vision.crops import HEIGHT, WIDTH
from worker.vision.verification.embedding import COMPARED, DIMENSION
from worker.vision.verification.network import PairClassifier, SignatureEncoder, SteadyEncoder
from worker.vision.weights import WEIGHTS_DIR

LICENCE = "AGPL-3.0-or-later"
CARD = "verifier.md"


def trained_verifier(checkpoint: Path) -> tuple[SignatureEncoder, PairClassifier]:
    """The averaged models of a checkpoint, in evaluation mode.

    Raises WrongUse for a checkpoint of another network, or of a run that has not ended: its fine cells are
    not described.
    """
    if not read_checkpoint(checkpoint).get("finished"):
        raise WrongUse(
            f"{checkpoint} is of a run on its way; `train verifier --resume` ends it with final.pt"
        )
    encoder, matcher = SignatureEncoder(), PairClassifier()
    with_average(nn.ModuleDict({"encoder": encoder, "matcher": matcher}), checkpoint)
    return encoder, matcher


def register_verifier(
    encoder: SignatureEncoder, matcher: PairClassifier, *, folder: Path = WEIGHTS_DIR
) -> None:
    """Register `encoder`, `matcher` and `encoder-torch`; a calibration fitted to older weights is void."""
    image, compared = torch.zeros(2, 1, HEIGHT, WIDTH), torch.zeros(2, COMPARED)
    steady = SteadyEncoder(encoder, matcher).eval()
    with tempfile.TemporaryDirectory() as scratch:
        graph, pairs, tensors = (
            Path(scratch) / name for name in ("encoder.onnx", "matcher.onnx", "encoder.safetensors")
        )
        asked = torch.tensor([True, False])
        save_onnx(steady, (image, asked), graph, inputs=["images", "asked"], output="embeddings")
        save_onnx(matcher, (compared, compared), pairs, inputs=["a", "b"], output="logits")
        save_file({name: value.contiguous() for name, value in steady.state_dict().items()}, tensors)
        size: dict[str, Any] = {"width": WIDTH, "height": HEIGHT, "dimension": DIMENSION}
        onnx_entry = register_weights("encoder", graph, card=CARD, licence=LICENCE, folder=folder, **size)
        register_weights("matcher", pairs, card=CARD, licence=LICENCE, folder=folder, dimension=COMPARED)
        register_weights(
            "encoder-torch",
            tensors,
            card=CARD,
            licence=LICENCE,
            folder=folder,
            same_as=onnx_entry.sha256,
            **size,
        )


def register_calibration(calibration: dict[str, Any], *, folder: Path = WEIGHTS_DIR) -> None:
    """Register `calibration`."""
    with tempfile.TemporaryDirectory() as scratch:
        path = Path(scratch) / "calibration.json"
        path.write_text(json.dumps(calibration, indent=2) + "\n", encoding="utf-8")
        register_weights("calibration", path, card=CARD, licence=LICENCE, folder=folder)

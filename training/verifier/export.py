"""From a checkpoint to what ships: ONNX for the CPU, safetensors for torch, and the calibration."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path
from typing import Any

import onnx
import torch
from safetensors.torch import save_file
from torch import Tensor, nn

from training.catalogue import register
from worker.errors import WrongUse
from worker.vision.crops import HEIGHT, WIDTH
from worker.vision.verification.embedding import DIMENSION
from worker.vision.verification.network import PairClassifier, SignatureEncoder
from worker.vision.weights import WEIGHTS_DIR

LICENCE = "AGPL-3.0-or-later"
CARD = "verifier.md"


def load(checkpoint: Path) -> tuple[SignatureEncoder, PairClassifier]:
    """The averaged models of a checkpoint, in evaluation mode; only tensors are ever unpickled.

    Raises WrongUse for a checkpoint of a run that has not ended: its fine cells are not described.
    """
    state = torch.load(checkpoint, weights_only=True)
    if not state.get("finished"):
        raise WrongUse(
            f"{checkpoint} is of a run on its way; `train verifier --resume` ends it with final.pt"
        )
    encoder, matcher = SignatureEncoder(), PairClassifier()
    encoder.load_state_dict(_under(state["average"], "encoder."))
    matcher.load_state_dict(_under(state["average"], "matcher."))
    return encoder.eval(), matcher.eval()


def export(encoder: SignatureEncoder, matcher: PairClassifier, *, folder: Path = WEIGHTS_DIR) -> None:
    """Register `encoder`, `matcher` and `encoder-torch`; a calibration fitted to older weights is void."""
    image, embedding = torch.zeros(2, 1, HEIGHT, WIDTH), torch.zeros(2, DIMENSION)
    with tempfile.TemporaryDirectory() as scratch:
        graph, pairs, tensors = (
            Path(scratch) / name for name in ("encoder.onnx", "matcher.onnx", "encoder.safetensors")
        )
        save_onnx(encoder, (image,), ["images"], "embeddings", graph)
        save_onnx(matcher, (embedding, embedding), ["a", "b"], "logits", pairs)
        save_file({name: value.contiguous() for name, value in encoder.state_dict().items()}, tensors)
        size: dict[str, Any] = {"width": WIDTH, "height": HEIGHT, "dimension": DIMENSION}
        onnx_entry = register("encoder", graph, card=CARD, licence=LICENCE, folder=folder, **size)
        register("matcher", pairs, card=CARD, licence=LICENCE, folder=folder, dimension=DIMENSION)
        register(
            "encoder-torch",
            tensors,
            card=CARD,
            licence=LICENCE,
            folder=folder,
            same_as=onnx_entry.sha256,
            **size,
        )


def export_calibration(calibration: dict[str, Any], *, folder: Path = WEIGHTS_DIR) -> None:
    """Register `calibration`."""
    with tempfile.TemporaryDirectory() as scratch:
        path = Path(scratch) / "calibration.json"
        path.write_text(json.dumps(calibration, indent=2) + "\n", encoding="utf-8")
        register("calibration", path, card=CARD, licence=LICENCE, folder=folder)


def _under(state: dict[str, Tensor], prefix: str) -> dict[str, Tensor]:
    return {name.removeprefix(prefix): value for name, value in state.items() if name.startswith(prefix)}


def save_onnx(
    model: nn.Module, example: tuple[Tensor, ...], inputs: list[str], output: str, path: Path
) -> None:
    """Export with a free batch size and without notes on the exporter, so that the digest is reproducible."""
    torch.onnx.export(
        model,
        example,
        path,
        input_names=inputs,
        output_names=[output],
        dynamic_axes={name: {0: "n"} for name in [*inputs, output]},
        opset_version=17,
        dynamo=False,
    )
    graph = onnx.load(path)
    del graph.metadata_props[:]
    graph.doc_string = ""
    onnx.save(graph, path)

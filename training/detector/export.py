"""From trained weights to what ships: ONNX for CPUs, half-precision safetensors for GPUs."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import onnx
import torch
from safetensors.torch import save_file
from ultralytics.nn.modules import Detect

from training.catalogue import register_weights
from training.common.halves import store_halves
from training.common.onnx import drop_notes
from training.detector.sheets import LABELS
from training.detector.train import halved, new_model
from worker.vision.choices import Label
from worker.vision.weights import WEIGHTS_DIR, CatalogueEntry

LICENCE = "AGPL-3.0-or-later"
CARD = "detector.md"


def register_detector(
    weights: Path,
    *,
    sizes: Sequence[int],
    min_score: float,
    label_scores: Mapping[Label, float] | None = None,
    architecture: str = "yolov5n.yaml",
    name: str = "detector",
    folder: Path = WEIGHTS_DIR,
) -> tuple[CatalogueEntry, CatalogueEntry]:
    """Register trained weights as `name` (ONNX) and `name`-torch (safetensors); return both entries.

    `sizes` are the longer sides of the input in pixels, multiples of 32, one for every look at a page;
    `min_score` is the default threshold, `label_scores` are those of labels that have their own.
    """
    parameters = {
        "sizes": list(sizes),
        "labels": [label.value for label in LABELS],
        "min_score": min_score,
        "label_scores": {label.value: score for label, score in (label_scores or {}).items()},
    }
    with tempfile.TemporaryDirectory() as scratch:
        model = new_model(architecture, weights)
        tensors = _save_tensors(model, Path(scratch) / f"{name}.safetensors")
        graph = _save_onnx(model, Path(scratch) / f"{name}.onnx", sizes[0])
        common = {"card": CARD, "licence": LICENCE, "folder": folder}
        return (
            register_weights(name, graph, **common, **parameters),  # type: ignore[arg-type]
            register_weights(f"{name}-torch", tensors, **common, architecture=architecture, **parameters),  # type: ignore[arg-type]
        )


def _save_onnx(model: Any, target: Path, size: int) -> Path:
    """Any batch, any page shape, no suppression inside: that is done in numpy, the same for both engines."""
    plain = model.float().fuse(verbose=False).eval()
    head: Any = next(module for module in plain.modules() if isinstance(module, Detect))
    head.export, head.dynamic, head.format = True, True, "onnx"
    axes = {"images": {0: "batch", 2: "height", 3: "width"}, "output0": {0: "batch", 2: "anchors"}}
    torch.onnx.export(
        plain,
        (torch.zeros(1, 3, size, size),),
        str(target),
        opset_version=17,
        input_names=["images"],
        output_names=["output0"],
        dynamic_axes=axes,
        dynamo=False,
    )
    _tidied(target)
    return target


def _tidied(path: Path) -> None:
    """Drop the exporter's notes (the same weights give the same digest); store weights in half precision."""
    model = onnx.load(path)
    drop_notes(model)
    onnx.save(model, path)
    store_halves(path)


def _save_tensors(model: Any, target: Path) -> Path:
    save_file(halved(model.state_dict()), target)
    return target

"""From a checkpoint to what ships: ONNX for CPUs, half-precision safetensors for GPUs."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path
from typing import Any

import onnx
import torch
from safetensors.torch import save_file
from ultralytics.models import YOLO

from training.catalogue import register
from training.detector.torchvision_standin import ensure_torchvision
from worker.vision.values import Label
from worker.vision.weights import WEIGHTS_DIR, CatalogueEntry

LICENCE = "AGPL-3.0-or-later"
CARD = "detector.md"


def export(
    checkpoint: Path,
    *,
    size: int,
    min_score: float,
    architecture: str = "yolov5n.yaml",
    folder: Path = WEIGHTS_DIR,
) -> tuple[CatalogueEntry, CatalogueEntry]:
    """Register a checkpoint as `detector` (ONNX) and `detector-torch` (safetensors); return both entries.

    `size` is the longer side of the input in pixels, a multiple of 32; `min_score` the default threshold.
    The checkpoint is our own training artefact: it is the only file that is ever unpickled.
    """
    ensure_torchvision()
    parameters = {"size": size, "labels": [Label.SIGNATURE.value], "min_score": min_score}
    with tempfile.TemporaryDirectory() as scratch:
        working = Path(scratch) / "detector.pt"
        shutil.copyfile(checkpoint, working)
        tensors = _save_tensors(working, Path(scratch) / "detector.safetensors")
        graph = _save_onnx(working, size)
        return (
            register("detector", graph, card=CARD, licence=LICENCE, folder=folder, **parameters),
            register(
                "detector-torch",
                tensors,
                card=CARD,
                licence=LICENCE,
                folder=folder,
                architecture=architecture,
                **parameters,
            ),
        )


def _save_onnx(checkpoint: Path, size: int) -> Path:
    """Any batch, any page shape, no suppression inside: that is done in numpy, the same for both engines."""
    made = YOLO(checkpoint).export(
        format="onnx", imgsz=size, dynamic=True, simplify=False, nms=False, opset=17, device="cpu"
    )
    _forget_origin(Path(made))
    return Path(made)


def _forget_origin(path: Path) -> None:
    """Drop the exporter's notes (paths, date): the same checkpoint gives the same digest."""
    model = onnx.load(path)
    del model.metadata_props[:]
    model.doc_string = ""
    onnx.save(model, path)


def _save_tensors(checkpoint: Path, target: Path) -> Path:
    model: Any = YOLO(checkpoint).model
    state = {
        name: (tensor.half() if tensor.dtype == torch.float32 else tensor).contiguous()
        for name, tensor in model.state_dict().items()
    }
    save_file(state, target)
    return target

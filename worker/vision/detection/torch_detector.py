"""The detector on a GPU. Imports torch, so it is itself imported only where a GPU is asked for."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors.torch import load_file
from ultralytics.nn.tasks import DetectionModel

from worker.vision.choices import Thresholds
from worker.vision.detection.yolo import DetectorSpec, Inputs, ModelOutput, model_input, read_outputs
from worker.vision.letterbox import Letterbox
from worker.vision.torch_device import torch_device
from worker.vision.values import DetectedRegion, Pixels
from worker.vision.weights import WEIGHTS_DIR, CatalogueEntry, entry, verified_path

#: Folded tensors of so many values are stored in half precision (`training/detector/export.py`).
HALVED_FROM = 256
#: Pages per forward pass.
_BATCH = 32

#: A page's number, and that of an input size.
_Look = tuple[int, int]


class TorchDetector:
    """A detector on torch, for GPUs: half precision there, single precision on a CPU."""

    def __init__(
        self,
        name: str,
        *,
        device: str = "cuda",
        thresholds: Thresholds | None = None,
        folder: Path = WEIGHTS_DIR,
    ) -> None:
        weights = entry(name, folder)
        self._spec = DetectorSpec.of(weights, thresholds)
        self._device = torch_device(device)
        self._half = self._device.type == "cuda"
        model = build_torch_model(weights, folder)
        self._model = (model.half() if self._half else model).to(self._device)

    def detect(self, pages: Sequence[Pixels]) -> list[list[DetectedRegion]]:
        """The regions of each page in its own pixels, best first; pages of one shape share forward passes."""
        frames = [self._spec.frames(page) if page.size else [] for page in pages]
        answers: dict[_Look, ModelOutput] = {}
        for batch in _batches(frames):
            inputs = np.stack([model_input(pages[page], frames[page][size]) for page, size in batch])
            answers.update(zip(batch, self._forward(inputs), strict=True))
        return [
            read_outputs([answers[page, size] for size in range(len(sizes))], sizes, self._spec)
            if sizes
            else []
            for page, sizes in enumerate(frames)
        ]

    def _forward(self, inputs: Inputs) -> ModelOutput:
        with torch.inference_mode():
            batch = torch.from_numpy(inputs).to(self._device)
            answers = self._model(batch.half() if self._half else batch)[0]
            return np.asarray(answers.float().cpu().numpy(), dtype=np.float32)


def build_torch_model(weights: CatalogueEntry, folder: Path = WEIGHTS_DIR) -> Any:
    """The torch model of that entry, its tensors loaded and its batch norms folded; in evaluation mode.

    Weights are rounded as the ONNX file stores them: else the engines part where two boxes score alike.
    """
    stored = weights.parameters
    architecture: Any = DetectionModel
    model = architecture(stored["architecture"], nc=len(stored["labels"]), verbose=False)
    model.load_state_dict(load_file(verified_path(weights.name, folder)))
    folded = model.float().fuse(verbose=False).eval()
    for tensor in folded.parameters():
        if tensor.numel() >= HALVED_FROM:
            tensor.data = tensor.data.half().float()
    return folded


def _batches(frames: Sequence[Sequence[Letterbox]]) -> Iterator[list[_Look]]:
    """All looks at all pages in groups of one input shape, at most _BATCH of them."""
    shapes: dict[tuple[int, int], list[_Look]] = {}
    for page, sizes in enumerate(frames):
        for size, frame in enumerate(sizes):
            shapes.setdefault((frame.height, frame.width), []).append((page, size))
    for alike in shapes.values():
        for start in range(0, len(alike), _BATCH):
            yield alike[start : start + _BATCH]

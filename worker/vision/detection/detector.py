"""Finding regions on pages: one contract, one preparation, one reading of the answer, two engines.

ONNX Runtime serves CPUs, torch in half precision serves GPUs; both see the same pixels and their raw answers
are read by the same code, so they find the same boxes.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import onnxruntime  # type: ignore[import-untyped]  # ships no types

from worker.vision.detection.yolo import Answer, Inputs, Reading, prepare, read_answers
from worker.vision.values import Pixels, Region, Thresholds
from worker.vision.weights import WEIGHTS_DIR, CatalogueEntry, entry, verified_path

#: Folded tensors of so many values are stored in half precision (`training/detector/export.py`).
HALVED_FROM = 256
#: Pages per forward pass on a GPU.
_BATCH = 32


class Detector(Protocol):
    """Finds regions on pages."""

    @property
    def version(self) -> str:
        """Digest of the weights in use."""

    def detect(self, pages: Sequence[Pixels]) -> list[list[Region]]:
        """The regions of each page in its own pixels, best first; no pages, no answers."""


class OnnxDetector:
    """A detector on ONNX Runtime, for CPUs; one page per forward pass, because batches do not pay there."""

    def __init__(
        self,
        name: str,
        *,
        thresholds: Thresholds | None = None,
        threads: int = 1,
        folder: Path = WEIGHTS_DIR,
    ) -> None:
        weights = entry(name, folder)
        self._reading = Reading.of(weights, thresholds)
        self._version = weights.sha256
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        options.inter_op_num_threads = 1
        self._session = onnxruntime.InferenceSession(
            verified_path(name, folder), sess_options=options, providers=["CPUExecutionProvider"]
        )
        self._input = self._session.get_inputs()[0].name

    @property
    def version(self) -> str:
        """Digest of the ONNX file."""
        return self._version

    def detect(self, pages: Sequence[Pixels]) -> list[list[Region]]:
        """The regions of each page in its own pixels, best first."""
        return [self._detect_one(page) for page in pages]

    def _detect_one(self, page: Pixels) -> list[Region]:
        if page.size == 0:
            return []
        frames = self._reading.frames(page)
        answers = [self._session.run(None, {self._input: prepare(page, one)[None]})[0][0] for one in frames]
        return read_answers(answers, frames, self._reading)


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
        import torch  # noqa: PLC0415  # a CPU worker has no torch

        weights = entry(name, folder)
        self._reading = Reading.of(weights, thresholds)
        self._version = weights.sha256
        self._torch: Any = torch
        self._device = torch.device(device)
        self._half = self._device.type == "cuda"
        model = build_torch_model(weights, folder)
        self._model = (model.half() if self._half else model).to(self._device)

    @property
    def version(self) -> str:
        """Digest of the safetensors file."""
        return self._version

    def detect(self, pages: Sequence[Pixels]) -> list[list[Region]]:
        """The regions of each page in its own pixels, best first; pages of one shape share forward passes."""
        frames = [self._reading.frames(page) if page.size else [] for page in pages]
        looks = [(index, look) for index, own in enumerate(frames) for look in range(len(own))]
        shapes: dict[tuple[int, int], list[tuple[int, int]]] = {}
        for index, look in looks:
            frame = frames[index][look]
            shapes.setdefault((frame.height, frame.width), []).append((index, look))
        answers: dict[tuple[int, int], Answer] = {}
        for alike in shapes.values():
            for start in range(0, len(alike), _BATCH):
                batch = alike[start : start + _BATCH]
                inputs = np.stack([prepare(pages[index], frames[index][look]) for index, look in batch])
                answers.update(zip(batch, self._forward(inputs), strict=True))
        return [
            read_answers([answers[index, look] for look in range(len(own))], own, self._reading)
            if own
            else []
            for index, own in enumerate(frames)
        ]

    def _forward(self, inputs: Inputs) -> Answer:
        with self._torch.inference_mode():
            batch = self._torch.from_numpy(inputs).to(self._device)
            answers = self._model(batch.half() if self._half else batch)[0]
            return np.asarray(answers.float().cpu().numpy(), dtype=np.float32)


def build_torch_model(weights: CatalogueEntry, folder: Path = WEIGHTS_DIR) -> Any:
    """The torch model of that entry, its tensors loaded and its batch norms folded; in evaluation mode.

    Weights are rounded as the ONNX file stores them: else the engines part where two boxes score alike.
    """
    from safetensors.torch import load_file  # noqa: PLC0415  # torch is not installed everywhere
    from ultralytics.nn.tasks import DetectionModel  # noqa: PLC0415

    stored = weights.parameters
    architecture: Any = DetectionModel
    model = architecture(stored["architecture"], nc=len(stored["labels"]), verbose=False)
    model.load_state_dict(load_file(verified_path(weights.name, folder)))
    folded = model.float().fuse(verbose=False).eval()
    for tensor in folded.parameters():
        if tensor.numel() >= HALVED_FROM:
            tensor.data = tensor.data.half().float()
    return folded


def load_detector(
    name: str = "detector", *, device: str = "cpu", thresholds: Thresholds | None = None, threads: int = 1
) -> Detector:
    """The engine for that device: ONNX Runtime for `cpu`, torch for `cuda` or `cuda:N`.

    Raises WeightsError when the catalogue or the file is not as it should be.
    """
    if device == "cpu":
        return OnnxDetector(name, thresholds=thresholds, threads=threads)
    return TorchDetector(f"{name}-torch", device=device, thresholds=thresholds)

"""Finding regions on pages: one contract, one preparation, one reading of the answer, two engines.

ONNX Runtime serves CPUs, torch in half precision serves GPUs; both see the same pixels and their raw answers
are read by the same code, so they find the same boxes.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

from worker.vision.choices import Thresholds
from worker.vision.detection.yolo import DetectorSpec, model_input, read_outputs
from worker.vision.onnx import OnnxModel
from worker.vision.values import DetectedRegion, Pixels
from worker.vision.weights import WEIGHTS_DIR, entry


class Detector(Protocol):
    """Finds regions on pages."""

    def detect(self, pages: Sequence[Pixels]) -> list[list[DetectedRegion]]:
        """The regions of each page in its own pixels, best first; no pages, no answers.

        A grey page, of (height, width), has the regions of the same page in three channels.
        """


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
        self._spec = DetectorSpec.of(entry(name, folder), thresholds)
        self._model = OnnxModel.catalogued(name, threads=threads, folder=folder)

    def detect(self, pages: Sequence[Pixels]) -> list[list[DetectedRegion]]:
        """The regions of each page in its own pixels, best first."""
        return [self._detect_one(page) for page in pages]

    def _detect_one(self, page: Pixels) -> list[DetectedRegion]:
        if page.size == 0:
            return []
        frames = self._spec.frames(page)
        answers = [self._model.run(model_input(page, frame)[None])[0] for frame in frames]
        return read_outputs(answers, frames, self._spec)


def load_detector(
    name: str = "detector", *, device: str = "cpu", thresholds: Thresholds | None = None, threads: int = 1
) -> Detector:
    """The engine for that device: ONNX Runtime for `cpu`, torch for `cuda` or `cuda:N`.

    Raises WeightsError when the catalogue or the file is not as it should be.
    """
    if device == "cpu":
        return OnnxDetector(name, thresholds=thresholds, threads=threads)
    from worker.vision.detection.torch_detector import TorchDetector  # noqa: PLC0415 - CPU workers have no torch

    return TorchDetector(f"{name}-torch", device=device, thresholds=thresholds)

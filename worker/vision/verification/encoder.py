"""The encoder: normalised signatures in, embeddings out; ONNX Runtime on the CPU, torch on a GPU."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

import numpy as np
import onnxruntime  # type: ignore[import-untyped]  # ships no types

from worker.vision import weights
from worker.vision.values import Embeddings, Normal

if TYPE_CHECKING:
    import torch

#: Images per forward pass; larger batches gain nothing on a CPU and cost memory.
BATCH = 32


@dataclass(frozen=True)
class Level:
    """A grid of cells over the field; each has a descriptor of length 1 and a share of the ink."""

    rows: int
    columns: int
    descriptor: int

    @property
    def cells(self) -> int:
        """How many cells there are."""
        return self.rows * self.columns

    @property
    def floats(self) -> int:
        """How much of an embedding the level takes: all descriptors, then all shares."""
        return self.cells * (self.descriptor + 1)


#: An embedding: a global part of length 1, then fine and coarse cells.
GLOBAL = 256
LEVELS = (Level(16, 36, 16), Level(8, 18, 16))
DIMENSION = GLOBAL + sum(level.floats for level in LEVELS)


class Encoder(Protocol):
    """Anything that turns normalised signatures into embeddings."""

    #: Digest of the weights; embeddings of different versions must not be compared.
    version: str

    def encode(self, crops: Sequence[Normal]) -> Embeddings:
        """Embed normalised crops: (n, DIMENSION) float32 rows; (0, DIMENSION) for none."""
        ...


class OnnxEncoder:
    """The encoder on the CPU, one thread: workers are many, and processes scale better than threads."""

    def __init__(self, path: Path, *, version: str) -> None:
        self.version = version
        self._session = single_thread_session(path)

    def encode(self, crops: Sequence[Normal]) -> Embeddings:
        """Embed the crops in batches."""
        return _joined([self._session.run(None, {"images": images})[0] for images in _batches(crops)])


class TorchEncoder:
    """The same encoder in torch, from safetensors; `device` as torch names it ("cpu", "cuda")."""

    def __init__(self, path: Path, *, version: str, device: str) -> None:
        import safetensors.torch  # noqa: PLC0415  # torch is an extra that CPU workers do not install

        from worker.vision.verification.network import SignatureEncoder  # noqa: PLC0415  # imports torch

        self.version = version
        self._device = device
        self._model = SignatureEncoder()
        self._model.load_state_dict(safetensors.torch.load_file(path))
        self._model.eval().requires_grad_(False).to(device)

    def encode(self, crops: Sequence[Normal]) -> Embeddings:
        """Embed the crops in batches."""
        return _joined([self._forward(images).cpu().numpy() for images in _batches(crops)])

    def _forward(self, images: Embeddings) -> torch.Tensor:
        import torch  # noqa: PLC0415

        found: torch.Tensor = self._model(torch.from_numpy(images).to(self._device))
        return found


def load_encoder(*, device: str = "cpu", folder: Path = weights.WEIGHTS_DIR) -> Encoder:
    """The catalogue's encoder: ONNX Runtime for "cpu", torch for any other device.

    Both carry the digest of the ONNX file as their version, for a test holds them to the same verdicts.
    Raises WeightsError when a file is missing or not the catalogue's.
    """
    version = weights.entry("encoder", folder).sha256
    if device == "cpu":
        return OnnxEncoder(weights.verified_path("encoder", folder), version=version)
    return TorchEncoder(weights.verified_path("encoder-torch", folder), version=version, device=device)


def single_thread_session(path: Path) -> onnxruntime.InferenceSession:
    """An ONNX Runtime session on the CPU that takes one core and no more."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.inter_op_num_threads = 1
    return onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])


def _batches(crops: Sequence[Normal]) -> Iterator[Embeddings]:
    for first in range(0, len(crops), BATCH):
        yield np.stack(crops[first : first + BATCH])[:, None].astype(np.float32)


def _joined(parts: list[Embeddings]) -> Embeddings:
    return np.concatenate(parts) if parts else np.zeros((0, DIMENSION), np.float32)

"""The encoder: normalised signatures in, embeddings out; ONNX Runtime on the CPU, torch on a GPU."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

import numpy as np

from worker.vision import weights
from worker.vision.onnx import OnnxModel
from worker.vision.values import Embeddings, Normal
from worker.vision.verification.embedding import batches, joined


class Encoder(Protocol):
    """Anything that turns normalised signatures into embeddings."""

    #: Digest of the weights; embeddings of different versions must not be compared.
    version: str

    def encode(self, crops: Sequence[Normal], *, steady: bool = True) -> Embeddings:
        """Embed normalised crops: (n, DIMENSION) float32 rows; (0, DIMENSION) for none.

        Without `steady` the steadiness is NaN and costs nothing: a single reference needs it, nothing else.
        """
        ...


class OnnxEncoder:
    """The encoder on the CPU."""

    def __init__(self, model: OnnxModel) -> None:
        self.version = model.version
        self._model = model

    def encode(self, crops: Sequence[Normal], *, steady: bool = True) -> Embeddings:
        """Embed the crops in batches."""
        return joined([self._model.run(images, np.full(len(images), steady)) for images in batches(crops)])


def load_encoder(
    name: str = "encoder", *, device: str = "cpu", folder: Path = weights.WEIGHTS_DIR
) -> Encoder:
    """The catalogue's encoder: ONNX Runtime for "cpu", torch, from `NAME-torch`, for any other device.

    Both carry the digest of the ONNX file as their version, for a test holds them to the same verdicts.
    Raises WeightsError when a file is missing or not the catalogue's.
    """
    if device == "cpu":
        return OnnxEncoder(OnnxModel.catalogued(name, folder=folder))
    from worker.vision.verification.torch_encoder import TorchEncoder  # noqa: PLC0415 - CPU workers have no torch

    path = weights.verified_path(f"{name}-torch", folder)
    return TorchEncoder(path, version=weights.entry(name, folder).sha256, device=device)

"""The encoder on a GPU. Imports torch, so it is itself imported only where a GPU is asked for."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import safetensors.torch
import torch

from worker.vision.torch_device import torch_device
from worker.vision.values import Embeddings, Normal
from worker.vision.verification.embedding import COMPARED, DIMENSION, batches, joined
from worker.vision.verification.network import PairClassifier, SignatureEncoder, SteadyEncoder


class TorchEncoder:
    """The encoder in torch, from safetensors; `device` as torch names it ("cpu", "cuda")."""

    def __init__(self, path: Path, *, version: str, device: str) -> None:
        self.version = version
        self._device = torch_device(device)
        self._model = SteadyEncoder(SignatureEncoder(), PairClassifier())
        self._model.load_state_dict(safetensors.torch.load_file(path))
        self._model.eval().requires_grad_(False).to(self._device)

    def encode(self, crops: Sequence[Normal], *, steady: bool = True) -> Embeddings:
        """Embed the crops in batches."""
        return joined([self._forward(images, steady) for images in batches(crops)])

    def _forward(self, images: Embeddings, steady: bool) -> Embeddings:
        rows = torch.from_numpy(images).to(self._device)
        if steady:
            asked = torch.ones(len(images), dtype=torch.bool, device=self._device)
            embeddings: Embeddings = self._model(rows, asked).cpu().numpy()
            return embeddings
        compared: Embeddings = self._model.encoder(rows).cpu().numpy()
        return np.pad(compared, ((0, 0), (0, DIMENSION - COMPARED)), constant_values=np.nan)

"""The pair classifier: how alike a query and each of its references are, before calibration."""

from __future__ import annotations

from pathlib import Path
from typing import Protocol

import numpy as np
import numpy.typing as npt

from worker.vision.onnx import OnnxModel
from worker.vision.values import Embeddings
from worker.vision.verification.embedding import COMPARED
from worker.vision.weights import WEIGHTS_DIR

#: One uncalibrated logit per reference.
Logits = npt.NDArray[np.float64]


class Matcher(Protocol):
    """Anything that compares one embedding with several."""

    #: Digest of the weights.
    version: str

    def logits(self, query: npt.NDArray[np.float32], references: Embeddings) -> Logits:
        """Compare a query (d,) with references (k, d): (k,) logits that rise with "the same hand"."""
        ...


class OnnxMatcher:
    """The pair classifier on |a - b|, in ONNX Runtime."""

    def __init__(self, model: OnnxModel) -> None:
        self.version = model.version
        self._model = model

    def logits(self, query: npt.NDArray[np.float32], references: Embeddings) -> Logits:
        """Compare the query with every reference in one call."""
        compared = references[:, :COMPARED].astype(np.float32)
        repeated = np.repeat(query[None, :COMPARED].astype(np.float32), len(references), axis=0)
        return self._model.run(repeated, compared).astype(np.float64)


def load_matcher(folder: Path = WEIGHTS_DIR, *, name: str = "matcher") -> OnnxMatcher:
    """The catalogue's pair classifier; raises WeightsError when its file is not the catalogue's."""
    return OnnxMatcher(OnnxModel.catalogued(name, folder=folder))

"""The pair classifier: how alike a query and each of its references are, before calibration."""

from __future__ import annotations

from pathlib import Path
from typing import Protocol

import numpy as np
import numpy.typing as npt

from worker.vision import weights
from worker.vision.values import Embeddings
from worker.vision.verification.encoder import single_thread_session

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

    def __init__(self, path: Path, *, version: str) -> None:
        self.version = version
        self._session = single_thread_session(path)

    def logits(self, query: npt.NDArray[np.float32], references: Embeddings) -> Logits:
        """Compare the query with every reference in one call."""
        repeated = np.repeat(query[None].astype(np.float32), len(references), axis=0)
        (found,) = self._session.run(None, {"a": repeated, "b": references.astype(np.float32)})
        return np.asarray(found, np.float64)


def load_matcher(folder: Path = weights.WEIGHTS_DIR) -> OnnxMatcher:
    """The catalogue's pair classifier; raises WeightsError when its file is not the catalogue's."""
    path = weights.verified_path("matcher", folder)
    return OnnxMatcher(path, version=weights.entry("matcher", folder).sha256)

"""Scores of the shipped files, as a worker computes them: ONNX Runtime, one thread."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from training.verifier.protocol import Gallery
from worker.vision.encoder import Encoder
from worker.vision.matcher import Matcher
from worker.vision.values import Embeddings


def scores(found: Gallery, encoder: Encoder, matcher: Matcher) -> npt.NDArray[np.float64]:
    """Logits of every specimen (row) against every genuine specimen (column); other columns are NaN.

    Only genuine specimens are ever references, so the rest is not computed.
    """
    return within(found, encoder.encode(found.images), matcher)


def within(found: Gallery, embeddings: Embeddings, matcher: Matcher) -> npt.NDArray[np.float64]:
    """The same, from embeddings that were made before."""
    table = np.full((len(embeddings), len(embeddings)), np.nan)
    references = np.flatnonzero(found.genuine)
    for row, query in enumerate(embeddings):
        table[row, references] = matcher.logits(query, embeddings[references])
    return table

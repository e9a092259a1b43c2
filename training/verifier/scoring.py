"""Scores of the shipped files, as a worker computes them: ONNX Runtime, one thread."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from training.verifier import protocol
from training.verifier.protocol import Gallery
from worker.vision.values import Embeddings
from worker.vision.verification.encoder import Encoder
from worker.vision.verification.matcher import Matcher


def scores(
    gallery: Gallery, encoder: Encoder, matcher: Matcher, *, others: int = 1
) -> npt.NDArray[np.float64]:
    """Logits of every specimen (row) against every genuine specimen (column) that the protocol pairs."""
    return within(gallery, encoder.encode(gallery.images), matcher, others=others)


def within(
    gallery: Gallery,
    embeddings: Embeddings,
    matcher: Matcher,
    *,
    queries: Embeddings | None = None,
    others: int = 1,
) -> npt.NDArray[np.float64]:
    """The same, from embeddings that were made before; pairs that no trial asks for are NaN.

    A writer's genuine specimens are compared with all specimens of that writer and `others` of each other.
    `queries` are other embeddings of the same specimens (dirty, say), asked instead of those on file.
    """
    asked = embeddings if queries is None else queries
    table = np.full((len(embeddings), len(embeddings)), np.nan)
    for rows, references in protocol.asked(gallery, others=others):
        for row in rows:
            table[row, references] = matcher.logits(asked[row], embeddings[references])
    return table

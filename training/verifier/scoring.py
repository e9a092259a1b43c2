"""Scores of the shipped files, as a worker computes them: ONNX Runtime, one thread."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import numpy.typing as npt

from training.verifier import protocol
from training.verifier.protocol import Gallery
from worker.vision.values import Embeddings
from worker.vision.verification.embedding import STEADINESS
from worker.vision.verification.encoder import Encoder
from worker.vision.verification.matcher import Matcher


def embedded(gallery: Gallery, encoder: Encoder) -> tuple[Gallery, Embeddings]:
    """The gallery with the steadiness of its specimens, and their embeddings."""
    embeddings = encoder.encode(gallery.images)
    return replace(gallery, steadiness=embeddings[:, STEADINESS].astype(np.float64)), embeddings


def scored(
    gallery: Gallery, encoder: Encoder, matcher: Matcher, *, others: int = 1
) -> tuple[Gallery, npt.NDArray[np.float64]]:
    """The embedded gallery with the logits of every specimen (row) against every genuine one (column).

    Pairs that the protocol does not ask for are NaN.
    """
    known, embeddings = embedded(gallery, encoder)
    return known, within(gallery, embeddings, matcher, others=others)


def within(
    gallery: Gallery,
    embeddings: Embeddings,
    matcher: Matcher,
    *,
    queries: Embeddings | None = None,
    others: int = 1,
) -> npt.NDArray[np.float64]:
    """The logits alone, from embeddings that were made before; pairs that no trial asks for are NaN.

    A writer's genuine specimens are compared with all specimens of that writer and `others` of each other.
    `queries` are other embeddings of the same specimens (dirty, say), asked instead of those on file.
    """
    asked = embeddings if queries is None else queries
    table = np.full((len(embeddings), len(embeddings)), np.nan)
    for rows, references in protocol.asked(gallery, others=others):
        for row in rows:
            table[row, references] = matcher.logits(asked[row], embeddings[references])
    return table

"""Sets that were embedded and scored once, for all measurements of one verifier."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import numpy.typing as npt

from training.verifier import protocol, scoring
from training.verifier.metrics import Trials
from training.verifier.protocol import Gallery
from worker.vision import weights
from worker.vision.values import Embeddings
from worker.vision.verification.architectures.siamese import SiameseVerifier
from worker.vision.verification.calibration import Calibration, load_calibration
from worker.vision.verification.encoder import Encoder, load_encoder
from worker.vision.verification.matcher import Matcher, load_matcher

#: One of `sets`' functions.
Read = Callable[[Path], Gallery]


@dataclass(frozen=True)
class VerifierModels:
    """What is measured: the files of one weights folder."""

    encoder: Encoder
    matcher: Matcher
    calibration: Calibration
    digests: dict[str, str]

    @property
    def verifier(self) -> SiameseVerifier:
        """What a worker compares with."""
        return SiameseVerifier(self.encoder, self.matcher, self.calibration)


@dataclass(frozen=True)
class ScoredSet:
    """A set with its embeddings and its table of logits; see `scoring.within` for the latter."""

    gallery: Gallery
    embeddings: Embeddings
    scores: npt.NDArray[np.float64]

    def trials(self, calibration: Calibration, count: int) -> list[Trials]:
        """Log-likelihood ratios by writer, as shipped."""
        drawn = protocol.draws(self.scores, self.gallery, count=count)
        return protocol.trials(drawn, protocol.llr(calibration, count))


@dataclass
class Library:
    """Reads, embeds and scores a set when it is first asked for.

    `folds` are other models for some sets: those that were trained without them.
    """

    data: Path
    models: VerifierModels
    folds: Mapping[Read, VerifierModels] = field(default_factory=dict)
    _kept: dict[Read, ScoredSet] = field(default_factory=dict)

    def of(self, read: Read) -> ScoredSet:
        """The set that `read` reads."""
        if read not in self._kept:
            self._kept[read] = embed_and_score(read(self.data), self.folds.get(read, self.models))
        return self._kept[read]


def embed_and_score(gallery: Gallery, models: VerifierModels) -> ScoredSet:
    """Embed and score a set."""
    embedded, embeddings = scoring.embedded(gallery, models.encoder)
    return ScoredSet(embedded, embeddings, scoring.within(gallery, embeddings, models.matcher))


def load_verifier_models(folder: Path = weights.WEIGHTS_DIR) -> VerifierModels:
    """The verifier's files of one weights folder, as a CPU worker loads them."""
    names = ("encoder", "matcher", "calibration")
    digests = {name: weights.entry(name, folder).sha256 for name in names}
    return VerifierModels(
        load_encoder(folder=folder), load_matcher(folder), load_calibration(folder), digests
    )

"""Sets that were embedded and scored once, for all measurements of one verifier."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt

from training.verifier import protocol, scoring
from training.verifier.metrics import Trials
from training.verifier.protocol import Gallery
from worker.vision import weights
from worker.vision.crops import HEIGHT, PADDING, WIDTH
from worker.vision.values import Embeddings, Normal
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
class Measured:
    """A set with its embeddings and its table of logits; see `scoring.within` for the latter."""

    found: Gallery
    embeddings: Embeddings
    scores: npt.NDArray[np.float64]

    def trials(self, calibration: Calibration, count: int) -> list[Trials]:
        """Log-likelihood ratios by writer, as shipped."""
        drawn = protocol.draws(self.scores, self.found, count=count)
        return protocol.trials(drawn, protocol.llr(calibration, count))


@dataclass
class Library:
    """Reads, embeds and scores a set when it is first asked for."""

    data: Path
    models: VerifierModels
    _kept: dict[Read, Measured] = field(default_factory=dict)

    def of(self, read: Read) -> Measured:
        """The set that `read` reads."""
        if read not in self._kept:
            self._kept[read] = embed_and_score(read(self.data), self.models)
        return self._kept[read]


def embed_and_score(found: Gallery, models: VerifierModels) -> Measured:
    """Embed and score a set."""
    embeddings = models.encoder.encode(found.images)
    return Measured(found, embeddings, scoring.within(found, embeddings, models.matcher))


def load_verifier_models(folder: Path = weights.WEIGHTS_DIR) -> VerifierModels:
    """The verifier's files of one weights folder, as a CPU worker loads them."""
    names = ("encoder", "matcher", "calibration")
    digests = {name: weights.entry(name, folder).sha256 for name in names}
    return VerifierModels(encoder_of(folder), load_matcher(folder), load_calibration(folder), digests)


def encoder_of(folder: Path) -> Encoder:
    """The encoder of a weights folder, whatever field its catalogue says that it reads."""
    encoder, stated = load_encoder(folder=folder), weights.entry("encoder", folder).parameters
    width, height = int(stated["width"]), int(stated["height"])
    if (width, height) == (WIDTH, HEIGHT):
        return encoder
    return Refitted(encoder, encoder.version, width, height)


@dataclass
class Refitted:
    """An encoder of another design, for which signatures are fitted into the field that it reads."""

    encoder: Encoder
    version: str
    width: int
    height: int

    def encode(self, crops: Sequence[Normal]) -> Embeddings:
        """Embed crops in today's form."""
        return self.encoder.encode([refit(crop, width=self.width, height=self.height) for crop in crops])


def refit(crop: Normal, *, width: int, height: int) -> Normal:
    """A normalised crop's ink in the middle of a field of another size, aspect kept."""
    field = np.zeros((height, width), np.float32)
    x, y, across, down = cv2.boundingRect(np.asarray(crop > 0.1, np.uint8))
    if not across or not down:
        return field
    scale = min((width - 2 * PADDING) / across, (height - 2 * PADDING) / down)
    size = max(1, round(across * scale)), max(1, round(down * scale))
    method = cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR
    ink = cv2.resize(crop[y : y + down, x : x + across], size, interpolation=method)
    left, top = (width - size[0]) // 2, (height - size[1]) // 2
    field[top : top + size[1], left : left + size[0]] = ink
    return field

"""How often a reference is called doubtful wrongly, and how often one that is not the signer's is found."""

from __future__ import annotations

import datetime
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from training.common.console import Notice
from training.common.shares import Share
from training.provenance import commit
from training.verifier import sets
from training.verifier.protocol import Gallery
from worker.vision import weights
from worker.vision.choices import OUTLIER_LLR
from worker.vision.values import Embeddings
from worker.vision.verification.architectures.siamese import SiameseVerifier
from worker.vision.verification.calibration import load_calibration
from worker.vision.verification.encoder import load_encoder
from worker.vision.verification.enrolment import standings
from worker.vision.verification.matcher import load_matcher
from worker.vision.verification.verifier import Verifier

_Numbers = npt.NDArray[np.int64]

#: References in a set, and how many sets are drawn of each writer and kind.
REFERENCES, ROUNDS = 5, 2


@dataclass(frozen=True)
class FlaggedReferences:
    """Sets of five references of one source: what was flagged in them."""

    #: References of sets that are all genuine, and such sets with any.
    wrongly: Share
    sets_with_any: Share
    #: Sets of four genuine and one other person's genuine signature in which that one was flagged.
    random_found: Share
    #: The same with a skilled forgery.
    forgeries_found: Share


@dataclass(frozen=True)
class ReferenceReport:
    """All sources, with what must be known to repeat the measurement."""

    date: str
    commit: str
    encoder: str
    threshold: float
    sources: dict[str, FlaggedReferences]


def measure_reference_check(
    data: Path, *, folder: Path = weights.WEIGHTS_DIR, notice: Notice = lambda stage: None
) -> ReferenceReport:
    """Measure on BHSig test writers and CEDAR, the test sets."""
    encoder = load_encoder(folder=folder)
    verifier = SiameseVerifier(encoder, load_matcher(folder), load_calibration(folder))
    sources = {}
    for read in (sets.test, sets.cedar):
        notice(read.__name__)
        gallery = read(data)
        chosen = _chosen(gallery)
        embeddings = encoder.encode([gallery.images[i] for i in chosen])
        sources[gallery.source] = flagged_references(
            gallery.writers[chosen], gallery.genuine[chosen], embeddings, verifier
        )
    today = datetime.datetime.now(datetime.UTC).date().isoformat()
    return ReferenceReport(today, commit(), encoder.version, OUTLIER_LLR, sources)


def flagged_references(
    writers: _Numbers, genuine: npt.NDArray[np.bool_], embeddings: Embeddings, verifier: Verifier
) -> FlaggedReferences:
    """Draw sets of each writer, plant one that does not belong, and count what is flagged."""
    rng = np.random.default_rng(1)
    clean: list[list[bool]] = []
    planted: dict[str, list[bool]] = {"random": [], "forgery": []}
    for writer in np.unique(writers):
        genuine_rows = np.flatnonzero((writers == writer) & genuine)
        others = {
            "random": np.flatnonzero((writers != writer) & genuine),
            "forgery": np.flatnonzero((writers == writer) & ~genuine),
        }
        for _ in range(ROUNDS):
            drawn = rng.permutation(genuine_rows)[:REFERENCES]
            clean.append(_flags(embeddings[drawn], verifier))
            for kind, candidates in others.items():
                mixed = np.append(drawn[1:], rng.choice(candidates))
                planted[kind].append(_flags(embeddings[mixed], verifier)[-1])
    flags = [flag for flags in clean for flag in flags]
    return FlaggedReferences(
        wrongly=Share(sum(flags), len(flags)),
        sets_with_any=Share(sum(map(any, clean)), len(clean)),
        random_found=Share(sum(planted["random"]), len(planted["random"])),
        forgeries_found=Share(sum(planted["forgery"]), len(planted["forgery"])),
    )


def _flags(references: Embeddings, verifier: Verifier) -> list[bool]:
    return [one.outlier for one in standings(references, verifier)]


def _chosen(gallery: Gallery, *, most: int = 8) -> _Numbers:
    """The first specimens of each writer and kind: more would say no more about sets of five."""
    return np.concatenate(list(_first(gallery, most)))


def _first(gallery: Gallery, most: int) -> Iterator[_Numbers]:
    for writer in np.unique(gallery.writers):
        for kind in (gallery.genuine, ~gallery.genuine):
            yield np.flatnonzero((gallery.writers == writer) & kind)[:most]

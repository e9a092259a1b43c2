"""Siamese networks: both signatures through one encoder, then a pair classifier and its calibration."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from worker.vision.choices import Outcome
from worker.vision.crops import fit
from worker.vision.values import Embeddings, Grey, Opinion, Quality
from worker.vision.verification.calibration import (
    Calibration,
    Traits,
    agreement,
    load_calibration,
    probability,
)
from worker.vision.verification.embedding import COMPARED, GLOBAL
from worker.vision.verification.encoder import Encoder, load_encoder
from worker.vision.verification.matcher import Matcher, load_matcher
from worker.vision.weights import VerifierEntry

#: How many signers of a search are compared in full.
SHORTLIST = 20


@dataclass(frozen=True, slots=True)
class SiameseVerifier:
    """Compares embeddings of one encoder version; pure, so any number of threads may share it."""

    encoder: Encoder
    matcher: Matcher
    calibration: Calibration

    @property
    def versions(self) -> dict[str, str]:
        """Digests of the files that a verdict rests on."""
        return {
            "encoder": self.encoder.version,
            "matcher": self.matcher.version,
            "calibration": self.calibration.version,
        }

    @property
    def embedding_version(self) -> str:
        """Digest of the encoder."""
        return self.encoder.version

    @property
    def code_floats(self) -> int:
        """The global part of an embedding."""
        return GLOBAL

    @property
    def references_wanted(self) -> int:
        """As the calibration's inconclusive bands say."""
        return self.calibration.references_wanted

    def embed(self, inks: Sequence[Grey], *, alone: bool = True) -> Embeddings:
        """Bring the ink masks to the encoder's form and embed them; with their steadiness if `alone`."""
        return self.encoder.encode([fit(ink) for ink in inks], steady=alone)

    def compare(self, query: npt.NDArray[np.float32], references: Embeddings, *, quality: Quality) -> Opinion:
        """Judge a query (d,) against a signer's references (k, d).

        No references is NO_REFERENCE; a crop that is not usable is INCONCLUSIVE without a probability.
        """
        count = len(references)
        if count == 0:
            return Opinion(Outcome.NO_REFERENCE)
        if not quality.usable:
            return Opinion(Outcome.INCONCLUSIVE, references=count)
        return self._opinion(query, references)

    def nearest(
        self, query: npt.NDArray[np.float32], enrolled: Mapping[str, Embeddings], *, top: int = 3
    ) -> list[tuple[str, float]]:
        """Up to `top` enrolled signers with their probabilities, best first, equals by name.

        These are suggestions for a person: nobody claimed these names, and the likeliest of many signers
        is likely by chance alone. `is_somebody` tells whether the first is more than that. The SHORTLIST
        signers whose references lie nearest by the global part are compared in full.
        """
        known = [(signer, references) for signer, references in enrolled.items() if len(references)]
        if len(known) > SHORTLIST:
            near = [float((references[:, :GLOBAL] @ query[:GLOBAL]).max()) for _, references in known]
            known = [known[i] for i in np.argsort(-np.array(near), kind="stable")[:SHORTLIST]]
        scored = [(signer, self._llr(query, references)) for signer, references in known]
        scored.sort(key=lambda entry: (-entry[1], entry[0]))
        return [(signer, probability(llr)) for signer, llr in scored[:top]]

    def is_somebody(self, likelihood: float, *, enrolled: int) -> bool:
        """Whether the nearest of so many signers, found with that probability, is nearer than chance."""
        return likelihood >= probability(self.calibration.open_set.threshold(enrolled))

    def _llr(self, query: npt.NDArray[np.float32], references: Embeddings) -> float:
        return self.calibration.llr(self.matcher.logits(query, references), self._traits(references))

    def _traits(self, references: Embeddings) -> Traits:
        among = np.zeros((len(references), len(references)))
        for i in range(len(references) - 1):
            among[i, i + 1 :] = self.matcher.logits(references[i], references[i + 1 :])
        # Several references show by their agreement what a single one only lets expect.
        steadiness = references[:, COMPARED:] if len(references) == 1 else np.zeros(0)
        return Traits(agreement(among + among.T), float(steadiness.sum()))

    def _opinion(self, query: npt.NDArray[np.float32], references: Embeddings) -> Opinion:
        fit, llr = self.calibration.fit_for(len(references)), self._llr(query, references)
        outcome, stated = fit.outcome(probability(llr)), fit.stated(llr)
        confidence = None if outcome is Outcome.INCONCLUSIVE else fit.confidence(llr)
        return Opinion(outcome, probability(stated), stated, confidence, len(references), unbounded=llr)


def build(entry: VerifierEntry, *, device: str, folder: Path) -> SiameseVerifier:
    """The verifier of that entry; its parts are `encoder`, `matcher` and `calibration`.

    Raises WeightsError when a part is not named or its file is not as listed.
    """
    return SiameseVerifier(
        load_encoder(entry.part("encoder"), device=device, folder=folder),
        load_matcher(folder, name=entry.part("matcher")),
        load_calibration(folder, name=entry.part("calibration")),
    )

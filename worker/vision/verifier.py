"""The verifier: a query's embedding against a signer's references, answered in calibrated words."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from worker.vision import weights
from worker.vision.calibration import Calibration, load_calibration, probability
from worker.vision.matcher import Logits, Matcher, load_matcher
from worker.vision.values import Embeddings, Opinion, Outcome, Quality


@dataclass(frozen=True, slots=True)
class Verifier:
    """Compares embeddings of one encoder version; pure, so any number of threads may share it."""

    matcher: Matcher
    calibration: Calibration

    @property
    def versions(self) -> dict[str, str]:
        """Digests of the files that a verdict rests on, the encoder's aside."""
        return {"matcher": self.matcher.version, "calibration": self.calibration.version}

    def compare(self, query: npt.NDArray[np.float32], references: Embeddings, *, quality: Quality) -> Opinion:
        """Judge a query (d,) against a signer's references (k, d).

        No references is NO_REFERENCE; a crop that is not usable is INCONCLUSIVE without a probability.
        """
        count = len(references)
        if count == 0:
            return Opinion(Outcome.NO_REFERENCE)
        if not quality.usable:
            return Opinion(Outcome.INCONCLUSIVE, references=count)
        return self._opinion(self.matcher.logits(query, references))

    def nearest(
        self, query: npt.NDArray[np.float32], enrolled: Mapping[str, Embeddings], *, top: int = 3
    ) -> list[tuple[str, float]]:
        """Up to `top` enrolled signers with their probabilities, best first, equals by name.

        These are suggestions for a person: nobody claimed these names, and the likeliest of many signers
        is likely by chance alone.
        """
        known = [(signer, references) for signer, references in enrolled.items() if len(references)]
        if not known:
            return []
        logits = self.matcher.logits(query, np.concatenate([references for _, references in known]))
        ends = np.cumsum([len(references) for _, references in known])[:-1]
        scored = [
            (signer, self._llr(part)) for (signer, _), part in zip(known, np.split(logits, ends), strict=True)
        ]
        scored.sort(key=lambda found: (-found[1], found[0]))
        return [(signer, probability(llr)) for signer, llr in scored[:top]]

    def _llr(self, logits: Logits) -> float:
        return self.calibration.fit_for(len(logits)).llr(self.calibration.combine(logits))

    def _opinion(self, logits: Logits) -> Opinion:
        fit, llr = self.calibration.fit_for(len(logits)), self._llr(logits)
        outcome = fit.outcome(probability(llr))
        confidence = None if outcome is Outcome.INCONCLUSIVE else fit.confidence(llr)
        return Opinion(outcome, probability(llr), llr, confidence, len(logits))


def load_verifier(folder: Path = weights.WEIGHTS_DIR) -> Verifier:
    """The catalogue's pair classifier and calibration; raises WeightsError when a file is not as listed."""
    return Verifier(load_matcher(folder), load_calibration(folder))

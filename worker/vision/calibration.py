"""From logits to probabilities and on to words, by plain numbers fitted on validation writers."""

from __future__ import annotations

import bisect
import json
import math
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from worker.errors import WeightsError
from worker.vision import weights
from worker.vision.matcher import Logits
from worker.vision.values import Confidence, Outcome


@dataclass(frozen=True, slots=True)
class Fit:
    """The calibration for one number of references.

    `slope` and `intercept` turn the combined logit into the natural logarithm of the likelihood ratio of
    genuine against skilled forgery. Probabilities are those at equal odds. From `genuine_from` upwards and
    `forged_below` downwards a verdict is given; between them the measured error was above the stated one.
    `medium` and `high` are distances of the log-likelihood ratio beyond which verdicts erred that rarely.
    """

    references: int
    slope: float
    intercept: float
    genuine_from: float
    forged_below: float
    medium: float
    high: float

    def llr(self, logit: float) -> float:
        """The calibrated log-likelihood ratio of a combined logit."""
        return self.slope * logit + self.intercept

    def outcome(self, probability: float) -> Outcome:
        """The verdict for a probability."""
        if probability >= self.genuine_from:
            return Outcome.GENUINE
        return Outcome.FORGED if probability < self.forged_below else Outcome.INCONCLUSIVE

    def confidence(self, llr: float) -> Confidence:
        """How rarely verdicts this far from even odds were wrong."""
        if abs(llr) >= self.high:
            return Confidence.HIGH
        return Confidence.MEDIUM if abs(llr) >= self.medium else Confidence.LOW


@dataclass(frozen=True, slots=True)
class Calibration:
    """Fits by number of references, ascending, and the share of the best reference in a combined logit."""

    version: str
    best_share: float
    fits: tuple[Fit, ...]

    def combine(self, logits: Logits) -> float:
        """One logit for a query against (k,) references: between their mean and their best."""
        return float((1 - self.best_share) * np.mean(logits) + self.best_share * np.max(logits))

    def fit_for(self, references: int) -> Fit:
        """The fit for the nearest number of references at or below `references`, which is at least 1."""
        counts = [fit.references for fit in self.fits]
        return self.fits[max(bisect.bisect_right(counts, references) - 1, 0)]


def probability(llr: float) -> float:
    """The probability of genuine at equal odds."""
    return 1 / (1 + math.exp(-llr)) if llr >= 0 else math.exp(llr) / (1 + math.exp(llr))


def load_calibration(folder: Path = weights.WEIGHTS_DIR) -> Calibration:
    """The catalogue's calibration; raises WeightsError when it is missing, changed or malformed."""
    path = weights.verified_path("calibration", folder)
    return parse(path.read_text(encoding="utf-8"), version=weights.entry("calibration", folder).sha256)


def parse(text: str, *, version: str) -> Calibration:
    """Read calibration.json; names that it does not know, such as notes on the protocol, are not read."""
    try:
        stored = json.loads(text)
        fits = tuple(sorted((Fit(**fit) for fit in stored["fits"]), key=lambda fit: fit.references))
        calibration = Calibration(version, float(stored["best_share"]), fits)
    except (ValueError, TypeError, KeyError) as error:
        raise WeightsError("calibration", f"malformed: {error}") from error
    if not fits:
        raise WeightsError("calibration", "has no fits")
    return calibration

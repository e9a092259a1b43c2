"""From logits to probabilities and on to words, by plain numbers fitted on signers that trained nothing."""

from __future__ import annotations

import bisect
import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from worker.errors import WeightsError
from worker.vision import weights
from worker.vision.choices import Confidence, Outcome
from worker.vision.verification.matcher import Logits

#: References are enough when the inconclusive band is no wider than this many times the narrowest measured.
ENOUGH = 1.05


@dataclass(frozen=True, slots=True)
class Traits:
    """What a signer's references say of the logits to expect, before any query is looked at.

    A writer who varies much earns lower logits honestly, and a plain signature earns high ones from all.
    `agreement` is how much the references resemble each other, 0 for one reference; `steadiness` is how much
    a single one resembles itself when it is turned and slanted, 0 for several.
    """

    agreement: float = 0.0
    steadiness: float = 0.0

    @property
    def plainness(self) -> float:
        """How far a single reference is steadier than usual; below that, steadiness tells nothing."""
        return max(self.steadiness, 0.0)


@dataclass(frozen=True, slots=True)
class Fit:
    """The calibration for one number of references.

    `slope`, `agreement`, `plainness` and `intercept` turn the combined logit and the references' traits
    into the natural logarithm of the likelihood ratio of genuine against skilled forgery. Probabilities
    are those at equal odds. From `genuine_from` upwards and `forged_below` downwards a verdict is given;
    between them the error on some set that was left out was above the stated one. `medium` and `high` are
    log-likelihood ratios from which `genuine` erred that rarely on every such set, `medium_forged` and
    `high_forged` distances below even odds from which `forged` did. No ratio below `least` or above `most`
    is stated: the sets are too small to show more.
    """

    references: int
    slope: float
    agreement: float
    intercept: float
    genuine_from: float
    forged_below: float
    medium: float
    high: float
    medium_forged: float
    high_forged: float
    least: float = -math.inf
    most: float = math.inf
    plainness: float = 0.0

    @property
    def band(self) -> float:
        """The width of the inconclusive band in log-likelihood ratios."""
        return log_odds(self.genuine_from) - log_odds(self.forged_below)

    def llr(self, logit: float, traits: Traits) -> float:
        """The calibrated log-likelihood ratio of a combined logit, however large."""
        return self.slope * logit + self.expected(traits)

    def expected(self, traits: Traits) -> float:
        """What the log-likelihood ratio owes to the references alone."""
        return self.agreement * traits.agreement + self.plainness * traits.plainness + self.intercept

    def stated(self, llr: float) -> float:
        """The log-likelihood ratio as far as the sets can carry it."""
        return min(max(llr, self.least), self.most)

    def outcome(self, probability: float) -> Outcome:
        """The verdict for a probability."""
        if probability >= self.genuine_from:
            return Outcome.GENUINE
        return Outcome.FORGED if probability < self.forged_below else Outcome.INCONCLUSIVE

    def confidence(self, llr: float) -> Confidence:
        """How rarely verdicts this far from even odds, on the same side, were wrong."""
        medium, high = (self.medium, self.high) if llr >= 0 else (self.medium_forged, self.high_forged)
        if abs(llr) >= high:
            return Confidence.HIGH
        return Confidence.MEDIUM if abs(llr) >= medium else Confidence.LOW


@dataclass(frozen=True, slots=True)
class OpenSetThreshold:
    """How alike people look by chance: the log-likelihood ratio that one in N comparisons reaches.

    It rises by `slope` with every tenfold N, from `level` at N = 1 (a line through the measured tail).
    `rate` is how often a search may name somebody for a person who is not enrolled.
    """

    level: float
    slope: float
    rate: float

    def threshold(self, enrolled: int) -> float:
        """The log-likelihood ratio below which the nearest of so many signers is nobody."""
        return self.level + self.slope * math.log10(max(enrolled, 1) / self.rate)


@dataclass(frozen=True, slots=True)
class Calibration:
    """Fits by number of references, ascending, and how several references are combined."""

    version: str
    sharpness: float
    fits: tuple[Fit, ...]
    open_set: OpenSetThreshold

    @property
    def references_wanted(self) -> int:
        """How many references are enough: from there on the inconclusive band hardly narrows any more."""
        bands = {fit.references: fit.band for fit in self.fits}
        narrowest = min(bands.values())
        return min(count for count, band in bands.items() if band <= ENOUGH * narrowest)

    def llr(self, logits: Logits, traits: Traits) -> float:
        """The log-likelihood ratio of a query with (k,) logits against references of such traits."""
        return self.fit_for(len(logits)).llr(float(soft_maximum(logits, self.sharpness)), traits)

    def fit_for(self, references: int) -> Fit:
        """The fit for the nearest number of references at or below `references`, which is at least 1."""
        counts = [fit.references for fit in self.fits]
        return self.fits[max(bisect.bisect_right(counts, references) - 1, 0)]


def soft_maximum(logits: npt.NDArray[np.float64], sharpness: float) -> npt.NDArray[np.float64]:
    """Logits combined over the last axis: the mean at sharpness 0, towards the greatest as it rises."""
    if sharpness == 0:
        return np.asarray(logits.mean(axis=-1), np.float64)
    greatest = logits.max(axis=-1, keepdims=True)
    raised = np.exp(sharpness * (logits - greatest)).mean(axis=-1)
    return np.asarray(greatest[..., 0] + np.log(raised) / sharpness, np.float64)


def agreement(among: npt.NDArray[np.float64]) -> float:
    """How much references resemble each other: the mean of their (k, k) logits, self-comparisons aside.

    0 for one reference, which says nothing about its writer's variation.
    """
    return float(among[~np.eye(len(among), dtype=bool)].mean()) if len(among) > 1 else 0.0


def probability(llr: float) -> float:
    """The probability of genuine at equal odds."""
    return 1 / (1 + math.exp(-llr)) if llr >= 0 else math.exp(llr) / (1 + math.exp(llr))


def log_odds(probability: float) -> float:
    """The reverse of `probability`, kept finite."""
    bounded = min(max(probability, 1e-6), 1 - 1e-6)
    return math.log(bounded / (1 - bounded))


def load_calibration(folder: Path = weights.WEIGHTS_DIR, *, name: str = "calibration") -> Calibration:
    """The catalogue's calibration; raises WeightsError when it is missing, changed or malformed."""
    path = weights.verified_path(name, folder)
    return parse(path.read_text(encoding="utf-8"), version=weights.entry(name, folder).sha256)


def parse(text: str, *, version: str) -> Calibration:
    """Read calibration.json; names that it does not know, such as notes on the protocol, are not read."""
    try:
        stored = json.loads(text)
        fits = tuple(sorted((read_fit(fit) for fit in stored["fits"]), key=lambda fit: fit.references))
        open_set = OpenSetThreshold(**stored["strangers"])
        calibration = Calibration(version, float(stored["sharpness"]), fits, open_set)
    except (ValueError, TypeError, KeyError) as error:
        raise WeightsError("calibration", f"malformed: {error}") from error
    if not fits:
        raise WeightsError("calibration", "has no fits")
    return calibration


def read_fit(stored: Mapping[str, Any]) -> Fit:
    """A stored fit; older ones give "forged" its words as far from even odds as "genuine"."""
    return Fit(**{"medium_forged": stored["medium"], "high_forged": stored["high"], **stored})

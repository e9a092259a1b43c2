"""Fitting calibration.json: logits of signers that trained nothing to probabilities, bands and words."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from training.common.statistics import Floats, isotonic_fit, logistic_fit, probabilities
from training.verifier import metrics, protocol
from training.verifier.protocol import Draw, Gallery
from worker.vision.verification.calibration import soft_maximum

#: Numbers of references that get a fit of their own; others use the nearest lower one.
COUNTS = (1, 2, 3, 5, 8, 10)
#: From the mean to (nearly) the best reference.
SHARPNESS = (0.0, 0.25, 0.5, 1.0, 2.0, 4.0)
#: A verdict is given where verdicts as strong as it erred at most so often ...
MAX_ERROR = 0.20
#: ... and all verdicts at least as strong, together, at most so often.
MAX_TOTAL_ERROR = 0.05
#: The same for the words "medium" and "high", for verdicts as strong; weaker verdicts are "low".
MEDIUM_ERROR, HIGH_ERROR = 0.10, 0.02
#: How often a search may name somebody for a person who is not enrolled.
STRANGER_RATE = 0.05
#: Stands for "never" where no strength of evidence reaches an error that low.
NEVER = 99.0

#: How many specimens of each other writer are looked at for that.
STRANGERS = 5

#: A gallery of signers that trained nothing, with its table of logits, of STRANGERS others each.
Scored = tuple[Gallery, npt.NDArray[np.float64]]


@dataclass(frozen=True)
class Evidence:
    """Features (n, f) with labels, and weights under which both labels and all sets count alike."""

    features: Floats
    genuine: npt.NDArray[np.bool_]
    weights: Floats

    def fit(self) -> tuple[list[float], float]:
        """Coefficients and intercept of the weighted logistic regression of the labels on the features."""
        coefficients, intercept = logistic_fit(self.features, self.genuine, self.weights)
        return coefficients.tolist(), intercept


def calibrate(sets: Sequence[Scored]) -> dict[str, Any]:
    """The content of calibration.json from galleries with scores, which also choose the sharpness."""
    drawn = {
        count: [protocol.draws(scores, found, count=count) for found, scores in sets] for count in COUNTS
    }
    sharpness = _sharpness(drawn)
    fits = [_fit(_evidence(drawn[count], sharpness), count) for count in COUNTS]
    return {
        "sharpness": sharpness,
        "fits": _few_references_widen(fits),
        "strangers": _strangers(sets, sharpness, fits[COUNTS.index(3)]),
        "max_error": MAX_ERROR,
        "max_total_error": MAX_TOTAL_ERROR,
        "medium_error": MEDIUM_ERROR,
        "high_error": HIGH_ERROR,
        "fitted_on": [found.source for found, _ in sets],
    }


def fitted_errors(drawn: Sequence[Sequence[Sequence[Draw]]], sharpness: float) -> float:
    """The mean over sets of the skilled EER when references are combined so, fitted to all sets."""
    (slope, agreement), intercept = _evidence(drawn, sharpness).fit()

    def score(pairs: Floats, agreed: float) -> Floats:
        return slope * soft_maximum(pairs, sharpness) + agreement * agreed + intercept

    return float(np.mean([metrics.skilled_eer(protocol.trials(one, score)) for one in drawn]))


def _sharpness(drawn: dict[int, list[list[list[Draw]]]]) -> float:
    """The sharpness with the lowest error at three, five and eight references together."""
    return min(
        SHARPNESS, key=lambda sharpness: sum(fitted_errors(drawn[count], sharpness) for count in (3, 5, 8))
    )


def _evidence(drawn: Sequence[Sequence[Sequence[Draw]]], sharpness: float) -> Evidence:
    parts = [_weighted(one, sharpness) for one in drawn]
    return Evidence(
        np.concatenate([part.features for part in parts]),
        np.concatenate([part.genuine for part in parts]),
        np.concatenate([part.weights for part in parts]),
    )


def _weighted(drawn: Sequence[Sequence[Draw]], sharpness: float) -> Evidence:
    """Combined logit and agreement of every genuine and forged query of one set."""
    kinds = [
        np.concatenate(
            [_features(getattr(draw, kind), draw.agreement, sharpness) for own in drawn for draw in own]
        )
        for kind in ("genuine", "skilled")
    ]
    genuine, skilled = (len(kind) for kind in kinds)
    labels = np.arange(genuine + skilled) < genuine
    return Evidence(np.concatenate(kinds), labels, np.where(labels, 0.5 / genuine, 0.5 / skilled))


def _features(pairs: Floats, agreed: float, sharpness: float) -> Floats:
    combined = soft_maximum(pairs, sharpness)
    return np.stack([combined, np.full_like(combined, agreed)], axis=1)


def _fit(evidence: Evidence, count: int) -> dict[str, float]:
    (slope, agreement), intercept = evidence.fit()
    llr = evidence.features @ [slope, agreement] + intercept
    right = isotonic_fit(np.abs(llr), (evidence.genuine == (llr >= 0)).astype(np.float64), evidence.weights)
    return {
        "references": count,
        "slope": round(slope, 6),
        "agreement": round(agreement, 6),
        "intercept": round(intercept, 6),
        "genuine_from": round(_probability(_edge(llr, ~evidence.genuine, evidence.weights)), 4),
        "forged_below": round(_probability(-_edge(-llr, evidence.genuine, evidence.weights)), 4),
        "medium": round(_first(np.abs(llr), right >= 1 - MEDIUM_ERROR), 4),
        "high": round(_first(np.abs(llr), right >= 1 - HIGH_ERROR), 4),
    }


def _edge(strength: Floats, wrong: npt.NDArray[np.bool_], weights: Floats) -> float:
    """The least strength, 0 or more, from which verdicts err rarely enough, one by one and together."""
    alone = isotonic_fit(strength, np.asarray(~wrong, np.float64), weights)
    order = np.argsort(-strength, kind="stable")
    together = np.empty_like(strength)
    together[order] = np.cumsum((wrong * weights)[order]) / np.cumsum(weights[order])
    return max(0.0, _first(strength, alone >= 1 - MAX_ERROR), _first(strength, together <= MAX_TOTAL_ERROR))


def _few_references_widen(fits: list[dict[str, float]]) -> list[dict[str, float]]:
    """Bands that never widen and words that never get dearer with more references, as chance could have it.

    Neighbours that disagree share their mean.
    """
    for name, sign in (("genuine_from", -1), ("forged_below", 1), ("medium", -1), ("high", -1)):
        values = np.array([fit[name] for fit in fits])
        smooth = sign * isotonic_fit(
            np.arange(len(fits), dtype=np.float64), sign * values, np.ones(len(fits))
        )
        for fit, value in zip(fits, smooth, strict=True):
            fit[name] = round(float(value), 4)
    return fits


def _strangers(sets: Sequence[Scored], sharpness: float, fit: dict[str, float]) -> dict[str, float]:
    """A line through the tail of other people's likelihood ratios, from one in 100 to one in 5,000."""
    parts = [
        _features(draw.random, draw.agreement, sharpness) @ [fit["slope"], fit["agreement"]]
        + fit["intercept"]
        for gallery, scores in sets
        for by_writer in protocol.draws(scores, gallery, count=3, others=STRANGERS)
        for draw in by_writer
    ]
    llr = np.concatenate(parts)
    rates = np.logspace(-2, -3.7, 18)
    slope, level = np.polyfit(-np.log10(rates), np.quantile(llr, 1 - rates), 1)
    return {"level": round(float(level), 4), "slope": round(float(slope), 4), "rate": STRANGER_RATE}


def _first(x: Floats, reached: npt.NDArray[np.bool_]) -> float:
    """The lowest x at which the condition holds; NEVER where it does not."""
    return float(x[reached].min()) if reached.any() else NEVER


def _probability(llr: float) -> float:
    return float(probabilities(np.array(llr)))

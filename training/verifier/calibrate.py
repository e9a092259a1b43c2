"""Fitting calibration.json: logits of signers that trained nothing to probabilities, bands and words.

A source that nobody has seen differs from all that were. So the bands are not those of all sets together,
but those that hold on each set when the other sets alone have fitted the line.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from training.common.statistics import Floats, logistic_fit, probabilities
from training.verifier import metrics, protocol
from training.verifier.bands import NEVER, Side, Tolerance, sides
from training.verifier.protocol import Draw, Gallery
from worker.vision.verification.calibration import Traits, log_odds, soft_maximum

#: Numbers of references that get a fit of their own; others use the nearest lower one.
COUNTS = (1, 2, 3, 5, 8, 10)
#: From the mean to (nearly) the best reference.
SHARPNESS = (0.0, 0.25, 0.5, 1.0, 2.0, 4.0)
#: Numbers of references by which the sharpness is chosen.
_CHOOSING = (3, 5, 8)
#: How often verdicts may err on any set that took no part in the fit; for the words "medium" and "high"
#: likewise. Weaker verdicts are "low".
TOLERANCES = {
    "decided": Tolerance(0.15, 0.05),
    "medium": Tolerance(0.08, 0.04),
    "high": Tolerance(0.03, 0.015),
}
#: `forged` is never of high confidence: few references do not show all ways in which their writer signs.
TOLERANCES_FORGED = TOLERANCES | {"high": None}
#: One reference says nothing of its writer's variation. Hardly a verdict errs as rarely as that on every set:
#: so some are given that err more often, `forged` most of all, and all are of low confidence.
ONE_REFERENCE = {"decided": Tolerance(0.2, 0.05), "medium": None, "high": None}
ONE_REFERENCE_FORGED = ONE_REFERENCE | {"decided": Tolerance(0.2, 0.1)}
#: How often a search may name somebody for a person who is not enrolled.
OPEN_SET_RATE = 0.05
#: How many specimens of each other writer are looked at for that.
OTHERS_EACH = 2

#: A gallery of signers that trained nothing, with its table of logits, of OTHERS_EACH others each.
Scored = tuple[Gallery, npt.NDArray[np.float64]]


@dataclass(frozen=True)
class Evidence:
    """Features (n, f) with labels, and weights under which both labels and all sets count alike."""

    features: Floats
    genuine: npt.NDArray[np.bool_]
    weights: Floats


def calibrate(sets: Sequence[Scored]) -> dict[str, Any]:
    """The content of calibration.json from galleries with scores, which also choose the sharpness."""
    sharpness, fits = fits_across_sets(sets)
    return {
        "sharpness": sharpness,
        "fits": fits,
        "strangers": _open_set(sets, sharpness, fits[COUNTS.index(3)]),
        "tolerances": {name: asdict(tolerance) for name, tolerance in TOLERANCES.items()},
        "fitted_on": [found.source for found, _ in sets],
    }


def fits_across_sets(
    sets: Sequence[Scored], *, counts: Sequence[int] = COUNTS
) -> tuple[float, list[dict[str, float]]]:
    """How references are combined, and the fits of some numbers of them."""
    drawn = {
        count: [each for found, scores in sets if (each := protocol.draws(scores, found, count=count))]
        for count in {*counts, *_CHOOSING}
    }
    sharpness = _sharpness(drawn)
    fits = [_fit([_weighted(each, sharpness) for each in drawn[count]], count) for count in counts]
    return sharpness, _few_references_widen(fits)


def fitted_errors(drawn: Sequence[Sequence[Sequence[Draw]]], sharpness: float) -> float:
    """The mean over sets of the skilled EER when references are combined so, fitted to all sets."""
    coefficients, intercept = line([_weighted(of_set, sharpness) for of_set in drawn])

    def score(pairs: Floats, traits: Traits) -> Floats:
        return _features(pairs, traits, sharpness) @ coefficients + intercept

    return float(np.mean([metrics.skilled_eer(protocol.trials(one, score)) for one in drawn]))


def _sharpness(drawn: dict[int, list[list[list[Draw]]]]) -> float:
    """The sharpness with the lowest error at the numbers of references by which it is chosen, together."""
    return min(
        SHARPNESS,
        key=lambda sharpness: sum(
            fitted_errors(drawn[count], sharpness) for count in _CHOOSING if drawn[count]
        ),
    )


def line(sets: Sequence[Evidence]) -> tuple[Floats, float]:
    """Coefficients (f,) and intercept of the weighted logistic regression of the labels on the features.

    Every set has a level of its own, so that the coefficients say what the features tell of writers of one
    set, not how the sets differ; the intercept is the mean of the levels.
    """
    levels = np.repeat(np.eye(len(sets))[:, 1:], [len(evidence.genuine) for evidence in sets], axis=0)
    features = np.concatenate([evidence.features for evidence in sets])
    coefficients, intercept = logistic_fit(
        np.hstack([features, levels]),
        np.concatenate([evidence.genuine for evidence in sets]),
        np.concatenate([evidence.weights for evidence in sets]),
    )
    known = features.shape[1]
    return coefficients[:known], intercept + float(coefficients[known:].sum()) / len(sets)


def _weighted(drawn: Sequence[Sequence[Draw]], sharpness: float) -> Evidence:
    """Combined logit and traits of every genuine and forged query of one set."""
    kinds = [
        np.concatenate(
            [_features(getattr(draw, kind), draw.traits, sharpness) for own in drawn for draw in own]
        )
        for kind in ("genuine", "skilled")
    ]
    genuine, skilled = (len(kind) for kind in kinds)
    labels = np.arange(genuine + skilled) < genuine
    return Evidence(np.concatenate(kinds), labels, np.where(labels, 0.5 / genuine, 0.5 / skilled))


def _features(pairs: Floats, traits: Traits, sharpness: float) -> Floats:
    combined = soft_maximum(pairs, sharpness)
    known = [np.full_like(combined, value) for value in (traits.agreement, traits.plainness)]
    return np.stack([combined, *known], axis=1)


def _fit(sets: Sequence[Evidence], count: int) -> dict[str, float]:
    """One line through all sets, and the bands that hold on each of them when the others fit the line."""
    (slope, agreement, plainness), intercept = line(sets)
    genuine, forged = zip(*(_left_out(sets, number) for number in range(len(sets))), strict=True)
    decided, medium, high = _edges(genuine, ONE_REFERENCE if count == 1 else TOLERANCES)
    decided_forged, medium_forged, high_forged = _edges(
        forged, ONE_REFERENCE_FORGED if count == 1 else TOLERANCES_FORGED
    )
    values = {
        "slope": slope,
        "agreement": agreement,
        "plainness": plainness,
        "intercept": intercept,
        "genuine_from": _probability(decided),
        "forged_below": _probability(-decided_forged),
        "medium": medium,
        "high": high,
        "medium_forged": medium_forged,
        "high_forged": high_forged,
        "least": -min(side.bound() for side in forged),
        "most": min(side.bound() for side in genuine),
    }
    return {"references": count, **{name: round(value, 6) for name, value in values.items()}}


def _left_out(sets: Sequence[Evidence], number: int) -> tuple[Side, Side]:
    """The evidence of one set under the line that the others fit; under its own where there are none."""
    others = [evidence for other, evidence in enumerate(sets) if other != number] or list(sets)
    coefficients, intercept = line(others)
    evidence = sets[number]
    return sides(evidence.features @ coefficients + intercept, evidence.genuine, evidence.weights)


def _edges(of_sets: Sequence[Side], tolerances: Mapping[str, Tolerance | None]) -> list[float]:
    """For a verdict, and for each word, the strength that is enough on every set."""
    return [
        NEVER if tolerance is None else max(side.edge(tolerance) for side in of_sets)
        for tolerance in tolerances.values()
    ]


def _few_references_widen(fits: list[dict[str, float]]) -> list[dict[str, float]]:
    """Bands that never widen and words that never get dearer with more references, as chance could have it.

    What is enough with a few is enough with more: the many leave few queries to measure by. One reference,
    which is held to less, needs at least what two need.
    """
    for name, sign in _NEEDED.items():
        first, *values = (sign * fit[name] for fit in fits)
        needed = np.minimum.accumulate(values or [first])
        for fit, value in zip(fits, [max(first, needed[0]), *needed], strict=False):
            fit[name] = sign * float(value)
    return [_bounded(fit) for fit in fits]


def _bounded(fit: dict[str, float]) -> dict[str, float]:
    """The fit with bounds that reach as far as its verdicts begin."""
    least = round(min(fit["least"], log_odds(fit["forged_below"])), 6)
    return fit | {"least": least, "most": round(max(fit["most"], log_odds(fit["genuine_from"])), 6)}


#: What fewer references need at least as much of, upwards or downwards.
_NEEDED = {
    "genuine_from": 1,
    "forged_below": -1,
    "medium": 1,
    "high": 1,
    "medium_forged": 1,
    "high_forged": 1,
}


def _open_set(sets: Sequence[Scored], sharpness: float, fit: dict[str, float]) -> dict[str, float]:
    """A line through the tail of other people's likelihood ratios, from one in 100 to one in 5,000."""
    parts = [
        _features(draw.random, draw.traits, sharpness) @ [fit["slope"], fit["agreement"], fit["plainness"]]
        + fit["intercept"]
        for gallery, scores in sets
        for by_writer in protocol.draws(scores, gallery, count=3, others=OTHERS_EACH)
        for draw in by_writer
    ]
    llr = np.concatenate(parts)
    rates = np.logspace(-2, -3.7, 18)
    slope, level = np.polyfit(-np.log10(rates), np.quantile(llr, 1 - rates), 1)
    return {"level": round(float(level), 4), "slope": round(float(slope), 4), "rate": OPEN_SET_RATE}


def _probability(llr: float) -> float:
    return float(probabilities(np.array(llr)))

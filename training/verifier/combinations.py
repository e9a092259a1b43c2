"""Ways to combine several references, side by side: what the calibration's choice was made among.

Every way is fitted on the calibration's signers, as the shipped one is, and none is chosen on the others.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from training.common.console import Notice
from training.common.statistics import Floats, equal_error_rate
from training.verifier import protocol, sets
from training.verifier.calibrate import Evidence
from training.verifier.library import Library
from training.verifier.protocol import Draw
from worker.vision.verification.calibration import soft_maximum

COUNTS = (3, 5, 8)
#: From the logits of one draw, (queries, references), to (queries, features).
Features = Callable[[Floats, Draw], Floats]


@dataclass(frozen=True)
class Combination:
    """One way: skilled EER by set and number of references."""

    name: str
    skilled: dict[str, dict[int, float]]
    #: Genuine queries and skilled forgeries together, likewise.
    trials: dict[str, dict[int, int]]


def measure_combinations(library: Library, *, notice: Notice) -> list[Combination]:
    """All ways on the calibration's sets and on those that nothing was chosen on."""
    fitted_on = [library.of(sets.validation), library.of(sets.online_validation)]
    measured = [*fitted_on, library.of(sets.test), library.of(sets.cedar)]
    found: dict[str, dict[str, dict[int, float]]] = {name: {} for name in WAYS}
    trials: dict[str, dict[int, int]] = {one.found.source: {} for one in measured}
    for count in COUNTS:
        drawn = [protocol.draws(one.scores, one.found, count=count) for one in measured]
        for one, own in zip(measured, drawn, strict=True):
            trials[one.found.source][count] = sum(
                len(draw.genuine) + len(draw.skilled) for draws in own for draw in draws
            )
        for name, features in WAYS.items():
            notice(f"combinations: {name}, {count} references")
            coefficients, _ = _evidence(drawn[: len(fitted_on)], features).fit()
            for one, own in zip(measured, drawn, strict=True):
                rates = found[name].setdefault(one.found.source, {})
                rates[count] = _skilled_eer(own, features, np.array(coefficients))
    return [Combination(name, rates, trials) for name, rates in found.items()]


def _evidence(drawn: Sequence[Sequence[Sequence[Draw]]], features: Features) -> Evidence:
    parts, labels, weights = [], [], []
    for one in drawn:
        for kind in ("genuine", "skilled"):
            made = _all(one, kind, features)
            parts.append(made)
            labels.append(np.full(len(made), kind == "genuine"))
            weights.append(np.full(len(made), 0.5 / len(made)))
    return Evidence(np.concatenate(parts), np.concatenate(labels), np.concatenate(weights))


def _skilled_eer(drawn: Sequence[Sequence[Draw]], features: Features, coefficients: Floats) -> float:
    genuine, skilled = (_all(drawn, kind, features) @ coefficients for kind in ("genuine", "skilled"))
    return equal_error_rate(genuine, skilled)


def _all(drawn: Sequence[Sequence[Draw]], kind: str, features: Features) -> Floats:
    return np.concatenate([features(getattr(draw, kind), draw) for own in drawn for draw in own])


def _alone(combine: Callable[[Floats], Floats]) -> Features:
    return lambda pairs, draw: combine(pairs)[:, None]


def _with_agreement(combine: Callable[[Floats], Floats]) -> Features:
    return lambda pairs, draw: np.column_stack([combine(pairs), np.full(len(pairs), draw.agreement)])


def _weighted(pairs: Floats, draw: Draw) -> Floats:
    """References that agree more with the others count more."""
    among = draw.among.copy()
    np.fill_diagonal(among, np.nan)
    agreed = np.nanmean(among, axis=1)
    weights = np.exp(agreed - agreed.max())
    return np.asarray(pairs @ (weights / weights.sum()), np.float64)[:, None]


def _mean(pairs: Floats) -> Floats:
    return soft_maximum(pairs, 0.0)


def _best(pairs: Floats) -> Floats:
    return np.asarray(pairs.max(axis=1), np.float64)


def _soft(pairs: Floats) -> Floats:
    return soft_maximum(pairs, 1.0)


WAYS: dict[str, Features] = {
    "mean": _alone(_mean),
    "best reference": _alone(_best),
    "half mean, half best": _alone(lambda pairs: (_mean(pairs) + _best(pairs)) / 2),
    "soft maximum": _alone(_soft),
    "mean, weighted by each reference's agreement": _weighted,
    "mean, against the references' agreement": _with_agreement(_mean),
    "soft maximum, against the references' agreement": _with_agreement(_soft),
    "best reference, against the references' agreement": _with_agreement(_best),
}

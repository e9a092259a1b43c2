"""Error rates of a verifier, from scores that rise with "genuine", with 95 % intervals over writers.

The field's list: equal error rate with one threshold for all writers and with one for each, false rejection
at a fixed false acceptance, area under the ROC curve.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from training.common.statistics import (
    ErrorCurves,
    Estimate,
    Flags,
    Floats,
    equal_error_rate,
    error_curves,
    mean_estimate,
    percentile_estimate,
    ratio_estimate,
    resampled_curves,
    resampling_counts,
)

Impostors = Literal["skilled", "random"]
#: A figure of every row of some curves.
Measure = Callable[[ErrorCurves], Floats]


@dataclass(frozen=True)
class Trials:
    """The scores of one writer: genuine queries, skilled forgeries, other writers' genuine queries."""

    genuine: Floats
    skilled: Floats
    random: Floats


def skilled_eer(trials: Sequence[Trials]) -> float:
    """EER of skilled forgeries at one threshold for all writers."""
    return equal_error_rate(pooled(trials, "genuine"), pooled(trials, "skilled"))


def random_eer(trials: Sequence[Trials]) -> float:
    """EER of other people's genuine signatures at one threshold for all writers."""
    return equal_error_rate(pooled(trials, "genuine"), pooled(trials, "random"))


def estimates(trials: Sequence[Trials], against: Impostors, measures: Iterable[Measure]) -> list[Estimate]:
    """Measures at one threshold for all writers, each with its interval, in the order given."""
    genuine = [trial.genuine for trial in trials]
    impostors = [getattr(trial, against) for trial in trials]
    exact = error_curves(np.concatenate(genuine), np.concatenate(impostors))
    drawn = resampled_curves(genuine, impostors, resampling_counts(len(trials)))
    return [percentile_estimate(float(measure(exact)[0]), measure(drawn)) for measure in measures]


def eer_estimate(trials: Sequence[Trials], against: Impostors) -> Estimate:
    """EER at one threshold for all writers, with its interval."""
    return estimates(trials, against, [ErrorCurves.equal_error])[0]


def user_eer(trials: Sequence[Trials], against: Impostors) -> Estimate:
    """The mean of the writers' own EERs, each at the threshold that is best for that writer."""
    rates = [equal_error_rate(trial.genuine, getattr(trial, against)) for trial in trials]
    return mean_estimate(np.array(rates))


def share_of_queries(trials: Sequence[Trials], kind: str, test: Callable[[Floats], Flags]) -> Estimate:
    """The share of one kind of queries for which `test` holds, with its interval."""
    scores = [getattr(trial, kind) for trial in trials]
    return ratio_estimate([float(test(row).sum()) for row in scores], [float(len(row)) for row in scores])


def eer_ratio(reference: Sequence[Trials], compared: Sequence[Trials]) -> Estimate:
    """Skilled EER of `compared` over that of `reference`: the same writers, drawn together."""
    (above, above_drawn), (below, below_drawn) = (_skilled_eers(trials) for trials in (compared, reference))
    return percentile_estimate(above / below, above_drawn / np.maximum(below_drawn, 1e-6))


def pooled(trials: Sequence[Trials], kind: str) -> Floats:
    """One kind of scores of all writers together."""
    return np.concatenate([getattr(trial, kind) for trial in trials])


def _skilled_eers(trials: Sequence[Trials]) -> tuple[float, Floats]:
    """The exact rate, and that of every draw."""
    genuine, skilled = [trial.genuine for trial in trials], [trial.skilled for trial in trials]
    drawn = resampled_curves(genuine, skilled, resampling_counts(len(trials)))
    return skilled_eer(trials), drawn.equal_error()

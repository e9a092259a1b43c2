"""Error rates of a verifier, from scores that rise with "genuine"."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Scores = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Trials:
    """The scores of one writer: genuine queries, skilled forgeries, other writers' genuine queries."""

    genuine: Scores
    skilled: Scores
    random: Scores


def equal_error_rate(genuine: Scores, impostor: Scores) -> float:
    """The rate at the threshold where false acceptances and false rejections meet."""
    thresholds = np.unique(np.concatenate([genuine, impostor]))
    rejected = np.searchsorted(np.sort(genuine), thresholds) / len(genuine)
    accepted = 1.0 - np.searchsorted(np.sort(impostor), thresholds) / len(impostor)
    nearest = int(np.argmin(np.abs(rejected - accepted)))
    return float((rejected[nearest] + accepted[nearest]) / 2)


def skilled_eer(trials: Sequence[Trials]) -> float:
    """EER of skilled forgeries at one threshold for all writers."""
    return equal_error_rate(_all(trials, "genuine"), _all(trials, "skilled"))


def random_eer(trials: Sequence[Trials]) -> float:
    """EER of other people's genuine signatures at one threshold for all writers."""
    return equal_error_rate(_all(trials, "genuine"), _all(trials, "random"))


def interval(
    trials: Sequence[Trials],
    measure: Callable[[Sequence[Trials]], float],
    *,
    rounds: int = 200,
    seed: int = 1,
) -> tuple[float, float]:
    """The 95 % bootstrap interval of a measure over writers, drawn with replacement."""
    rng = np.random.default_rng(seed)
    draws = [measure([trials[i] for i in rng.integers(0, len(trials), len(trials))]) for _ in range(rounds)]
    low, high = np.quantile(draws, [0.025, 0.975])
    return float(low), float(high)


def _all(trials: Sequence[Trials], kind: str) -> Scores:
    return np.concatenate([getattr(trial, kind) for trial in trials])

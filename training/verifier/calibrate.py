"""Fitting calibration.json: logits of validation signers to probabilities, bands and words."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from training.verifier import metrics, protocol
from training.verifier.metrics import Scores, Trials
from training.verifier.protocol import Gallery

#: Numbers of references that get a fit of their own; others use the nearest lower one.
COUNTS = (1, 2, 3, 5, 8)
BEST_SHARES = (0.0, 0.25, 0.5, 0.75, 1.0)
#: A verdict is given where verdicts as strong as it erred at most this often on validation signers.
MAX_ERROR = 0.20
#: The same for the words "medium" and "high"; weaker verdicts are "low".
MEDIUM_ERROR, HIGH_ERROR = 0.10, 0.02
#: Stands for "never" where no strength of evidence reaches an error that low.
NEVER = 99.0


@dataclass(frozen=True)
class Evidence:
    """Combined logits with labels, and weights under which both labels and all sets count alike."""

    logits: Scores
    genuine: npt.NDArray[np.bool_]
    weights: Scores


def calibrate(sets: Sequence[tuple[Gallery, npt.NDArray[np.float64]]]) -> dict[str, Any]:
    """The content of calibration.json from galleries with scores; the first one chooses `best_share`."""
    best_share = _best_share(*sets[0])
    fits = [_fit(_evidence(sets, count, best_share), count) for count in COUNTS]
    return {
        "best_share": best_share,
        "fits": fits,
        "max_error": MAX_ERROR,
        "medium_error": MEDIUM_ERROR,
        "high_error": HIGH_ERROR,
        "fitted_on": [found.source for found, _ in sets],
    }


def _best_share(found: Gallery, scores: npt.NDArray[np.float64]) -> float:
    """The mixture of mean and best reference with the lowest skilled EER at three and five references."""

    def error(share: float) -> float:
        return sum(
            metrics.skilled_eer(protocol.several(scores, found, count=count, best_share=share))
            for count in (3, 5)
        )

    return min(BEST_SHARES, key=error)


def _evidence(
    sets: Sequence[tuple[Gallery, npt.NDArray[np.float64]]], count: int, best_share: float
) -> Evidence:
    parts = [
        _weighted(protocol.several(scores, found, count=count, best_share=best_share))
        for found, scores in sets
    ]
    return Evidence(
        np.concatenate([part.logits for part in parts]),
        np.concatenate([part.genuine for part in parts]),
        np.concatenate([part.weights for part in parts]),
    )


def _weighted(trials: Sequence[Trials]) -> Evidence:
    genuine = np.concatenate([trial.genuine for trial in trials])
    skilled = np.concatenate([trial.skilled for trial in trials])
    labels = np.arange(len(genuine) + len(skilled)) < len(genuine)
    weights = np.where(labels, 0.5 / len(genuine), 0.5 / len(skilled))
    return Evidence(np.concatenate([genuine, skilled]), labels, weights)


def _fit(evidence: Evidence, count: int) -> dict[str, float]:
    slope, intercept = logistic(evidence)
    llr = slope * evidence.logits + intercept
    rate = isotonic(llr, evidence.genuine.astype(np.float64), evidence.weights)
    right = isotonic(np.abs(llr), (evidence.genuine == (llr >= 0)).astype(np.float64), evidence.weights)
    return {
        "references": count,
        "slope": round(slope, 6),
        "intercept": round(intercept, 6),
        "genuine_from": round(max(0.5, _sigmoid(_first(llr, rate >= 1 - MAX_ERROR))), 4),
        "forged_below": round(min(0.5, _sigmoid(-_first(-llr, rate <= MAX_ERROR))), 4),
        "medium": round(_first(np.abs(llr), right >= 1 - MEDIUM_ERROR), 4),
        "high": round(_first(np.abs(llr), right >= 1 - HIGH_ERROR), 4),
    }


def logistic(evidence: Evidence, *, rounds: int = 50) -> tuple[float, float]:
    """Slope and intercept of the weighted logistic regression, by Newton's method."""
    inputs = np.stack([evidence.logits, np.ones_like(evidence.logits)], axis=1)
    weights = evidence.weights / evidence.weights.sum()
    found = np.zeros(2)
    for _ in range(rounds):
        rate = 1 / (1 + np.exp(-np.clip(inputs @ found, -30, 30)))
        gradient = inputs.T @ (weights * (evidence.genuine - rate)) - 1e-6 * found
        curvature = (inputs * (weights * rate * (1 - rate))[:, None]).T @ inputs + 1e-6 * np.eye(2)
        found = found + np.linalg.solve(curvature, gradient)
    return float(found[0]), float(found[1])


def isotonic(x: Scores, y: Scores, weights: Scores) -> Scores:
    """The rising step function of `x` nearest to `y`, at every x (pool adjacent violators)."""
    order = np.argsort(x, kind="stable")
    blocks: list[list[float]] = []
    for value, weight in zip(y[order], weights[order], strict=True):
        blocks.append([value, weight, 1])
        while len(blocks) > 1 and blocks[-2][0] >= blocks[-1][0]:
            upper, lower = blocks.pop(), blocks.pop()
            total = upper[1] + lower[1]
            mean = (upper[0] * upper[1] + lower[0] * lower[1]) / total
            blocks.append([mean, total, upper[2] + lower[2]])
    fitted = np.empty_like(x)
    fitted[order] = np.repeat([block[0] for block in blocks], [int(block[2]) for block in blocks])
    return fitted


def _first(x: Scores, reached: npt.NDArray[np.bool_]) -> float:
    """The lowest x from which on the condition holds; NEVER where it does not."""
    return float(x[reached].min()) if reached.any() else NEVER


def _sigmoid(llr: float) -> float:
    return float(1 / (1 + np.exp(-llr)))

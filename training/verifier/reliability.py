"""How far probabilities can be believed: calibration error, likelihood-ratio cost, the reliability diagram.

Cllr and its least possible value are those of Brummer and du Preez (2006): bits lost per trial at equal odds;
0 is perfect, 1 is saying nothing. Their difference is what calibration alone costs.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from training.verifier import metrics
from training.verifier.metrics import Rate, Scores, Trials

#: Bins of probability, equally wide, of the calibration error and of the diagram.
BINS = 10


@dataclass(frozen=True)
class Bin:
    """One bin of the diagram: mean probability, share of genuine, and the share of all trials in it."""

    stated: float
    genuine: float
    share: float


@dataclass(frozen=True)
class Reliability:
    """All about one set's log-likelihood ratios against skilled forgeries, at equal odds."""

    ece: float
    cllr: Rate
    min_cllr: float
    bins: list[Bin]


def measure(trials: list[Trials]) -> Reliability:
    """Judge the trials' scores, which must be log-likelihood ratios."""
    genuine, skilled = metrics.pooled(trials, "genuine"), metrics.pooled(trials, "skilled")
    found = bins(genuine, skilled)
    return Reliability(
        ece=sum(one.share * abs(one.stated - one.genuine) for one in found),
        cllr=_cllr_rate(trials),
        min_cllr=min_cllr(genuine, skilled),
        bins=found,
    )


def cllr(genuine: Scores, skilled: Scores) -> float:
    """The likelihood-ratio cost in bits."""
    return float((_bits(-genuine).mean() + _bits(skilled).mean()) / 2)


def min_cllr(genuine: Scores, skilled: Scores) -> float:
    """The cost that the best rising calibration of the same scores would have."""
    llr = np.concatenate([genuine, skilled])
    labels = np.arange(len(llr)) < len(genuine)
    weights = np.where(labels, 0.5 / len(genuine), 0.5 / len(skilled))
    rate = np.clip(isotonic(llr, labels.astype(np.float64), weights), 1e-12, 1 - 1e-12)
    best = np.log(rate / (1 - rate))
    return cllr(best[labels], best[~labels])


def bins(genuine: Scores, skilled: Scores) -> list[Bin]:
    """The bins of the diagram that hold anything; both kinds of trials weigh alike."""
    llr = np.concatenate([genuine, skilled])
    labels = np.arange(len(llr)) < len(genuine)
    weights = np.where(labels, 0.5 / len(genuine), 0.5 / len(skilled))
    stated = 1 / (1 + np.exp(-np.clip(llr, -50, 50)))
    number = np.minimum((stated * BINS).astype(np.int64), BINS - 1)
    found = []
    for one in range(BINS):
        inside = number == one
        total = float(weights[inside].sum())
        if total:
            means = (weights[inside] @ stated[inside] / total, weights[inside] @ labels[inside] / total)
            found.append(Bin(float(means[0]), float(means[1]), total))
    return found


def isotonic(x: Scores, y: Scores, weights: Scores) -> Scores:
    """The rising step function of `x` nearest to `y`, at every x (pool adjacent violators)."""
    order = np.argsort(x, kind="stable")
    blocks: list[list[float]] = []
    for value, weight in zip(y[order].tolist(), weights[order].tolist(), strict=True):
        blocks.append([value, weight, 1])
        while len(blocks) > 1 and blocks[-2][0] >= blocks[-1][0]:
            upper, lower = blocks.pop(), blocks.pop()
            total = upper[1] + lower[1]
            mean = (upper[0] * upper[1] + lower[0] * lower[1]) / total
            blocks.append([mean, total, upper[2] + lower[2]])
    fitted = np.empty_like(x)
    fitted[order] = np.repeat([block[0] for block in blocks], [int(block[2]) for block in blocks])
    return fitted


def _cllr_rate(trials: list[Trials]) -> Rate:
    """Cllr with its interval, from sums per writer."""
    sums = np.array(
        [[_bits(-t.genuine).sum(), len(t.genuine), _bits(t.skilled).sum(), len(t.skilled)] for t in trials]
    )
    drawn = metrics.draws(len(trials)) @ sums
    costs = (drawn[:, 0] / drawn[:, 1] + drawn[:, 2] / drawn[:, 3]) / 2
    low, high = np.quantile(costs, [0.025, 0.975])
    total = sums.sum(axis=0)
    return Rate(float((total[0] / total[1] + total[2] / total[3]) / 2), float(low), float(high))


def _bits(x: Scores) -> npt.NDArray[np.float64]:
    """log2(1 + e^x), without overflow."""
    return np.asarray(np.logaddexp(0, x) / np.log(2), np.float64)

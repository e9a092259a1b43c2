"""How far probabilities can be believed: calibration error, likelihood-ratio cost, the reliability diagram.

Cllr and its least possible value are those of Brummer and du Preez (2006): bits lost per trial at equal odds;
0 is perfect, 1 is saying nothing. Their difference is what calibration alone costs.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from training.common.statistics import (
    Estimate,
    Floats,
    isotonic_fit,
    probabilities,
    reliability_bins,
    sums_estimate,
)
from training.verifier import metrics
from training.verifier.metrics import Trials

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
    cllr: Estimate
    min_cllr: float
    bins: list[Bin]


def measure_reliability(trials: list[Trials]) -> Reliability:
    """Judge the trials' scores, which must be log-likelihood ratios."""
    genuine, skilled = metrics.pooled(trials, "genuine"), metrics.pooled(trials, "skilled")
    diagram = bins(genuine, skilled)
    return Reliability(
        ece=sum(each.share * abs(each.stated - each.genuine) for each in diagram),
        cllr=_cllr_estimate(trials),
        min_cllr=min_cllr(genuine, skilled),
        bins=diagram,
    )


def cllr(genuine: Floats, skilled: Floats) -> float:
    """The likelihood-ratio cost in bits."""
    return float((_bits(-genuine).mean() + _bits(skilled).mean()) / 2)


def min_cllr(genuine: Floats, skilled: Floats) -> float:
    """The cost that the best rising calibration of the same scores would have."""
    llr = np.concatenate([genuine, skilled])
    labels = np.arange(len(llr)) < len(genuine)
    weights = np.where(labels, 0.5 / len(genuine), 0.5 / len(skilled))
    rate = np.clip(isotonic_fit(llr, labels.astype(np.float64), weights), 1e-12, 1 - 1e-12)
    best = np.log(rate / (1 - rate))
    return cllr(best[labels], best[~labels])


def bins(genuine: Floats, skilled: Floats) -> list[Bin]:
    """The bins of the diagram that hold anything; both kinds of trials weigh alike."""
    llr = np.concatenate([genuine, skilled])
    labels = np.arange(len(llr)) < len(genuine)
    weights = np.where(labels, 0.5 / len(genuine), 0.5 / len(skilled))
    return [Bin(*row) for row in reliability_bins(probabilities(llr), labels, weights, bins=BINS)]


def _cllr_estimate(trials: list[Trials]) -> Estimate:
    """Cllr with its interval, from sums per writer."""
    sums = np.array(
        [[_bits(-t.genuine).sum(), len(t.genuine), _bits(t.skilled).sum(), len(t.skilled)] for t in trials]
    )
    return sums_estimate(sums, lambda total: (total[:, 0] / total[:, 1] + total[:, 2] / total[:, 3]) / 2)


def _bits(x: Floats) -> npt.NDArray[np.float64]:
    """log2(1 + e^x), without overflow."""
    return np.asarray(np.logaddexp(0, x) / np.log(2), np.float64)

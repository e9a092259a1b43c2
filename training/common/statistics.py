"""Error rates, their intervals, and the fits of a calibration, by scikit-learn and SciPy.

Intervals are 95 % ones. A bootstrap draws whole clusters with replacement (writers, documents), never single
scores or crops, for those of one cluster are not independent (Davison and Hinkley, 1997).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import special, stats
from sklearn.isotonic import IsotonicRegression
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score, roc_curve
from sklearn.model_selection import GroupKFold

Floats = npt.NDArray[np.float64]
Indices = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]

#: Draws of a bootstrap, and its seed.
ROUNDS, SEED = 1000, 1
#: The most bins that scores are counted into for a bootstrap of their curves.
BINS = 1024
#: The ends of a 95 % interval.
TAILS = (0.025, 0.975)
#: How weakly a logistic fit pulls its coefficients to zero, against weights that sum to 1.
RIDGE = 1e-6


@dataclass(frozen=True, slots=True)
class Estimate:
    """A measured value with the ends of its 95 % interval."""

    value: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class ErrorCurves:
    """Both errors over the same rising thresholds, one row a draw: shares in [0, 1].

    At a threshold, genuine scores below it are `rejected` and impostors' scores from it on `accepted`.
    `rejected` and `accepted` are (draws, thresholds); the last threshold is infinite.
    """

    thresholds: Floats
    rejected: Floats
    accepted: Floats

    def equal_error(self) -> Floats:
        """The rate where both errors meet, a row: their mean at the lowest threshold of the least gap."""
        # Without rounding, the last binary digit would choose between gaps that are equal.
        nearest = np.argmin(np.abs(self.rejected - self.accepted).round(12), axis=1)[:, None]
        both = np.take_along_axis(self.rejected + self.accepted, nearest, axis=1)
        return np.asarray(both[:, 0] / 2, np.float64)

    def rejected_at(self, accepted: float) -> Floats:
        """False rejection at the lowest threshold where false acceptance is at most `accepted`, a row."""
        reached = self.accepted <= accepted
        first = np.where(reached.any(axis=1), np.argmax(reached, axis=1), -1)[:, None]
        rejected = np.take_along_axis(self.rejected, first, axis=1)[:, 0]
        return np.where(first[:, 0] < 0, 1.0, rejected)

    def area(self) -> Floats:
        """Area under the ROC curve by trapezia, a row; 0.5 is chance."""
        return np.asarray(np.trapezoid(1 - self.rejected, 1 - self.accepted, axis=1), np.float64)


def error_curves(genuine: Floats, impostors: Floats) -> ErrorCurves:
    """The exact curves of two sets of scores that rise with "genuine": one row (scikit-learn's ROC curve)."""
    labels = np.arange(len(genuine) + len(impostors)) < len(genuine)
    accepted, kept, thresholds = roc_curve(
        labels, np.concatenate([genuine, impostors]), drop_intermediate=False
    )
    return ErrorCurves(thresholds[::-1], 1 - kept[None, ::-1], accepted[None, ::-1])


def resampled_curves(genuine: Sequence[Floats], impostors: Sequence[Floats], counts: Floats) -> ErrorCurves:
    """The curves of weighted clusters: `counts` is (rounds, clusters), how often each cluster counts.

    Scores are counted into bins once, so that a thousand draws cost one matrix product. Few enough distinct
    scores are thresholds all; otherwise evenly many scores lie between two.
    """
    values = np.unique(np.concatenate([*genuine, *impostors]))
    if len(values) > BINS:
        values = np.unique(np.quantile(values, np.linspace(0, 1, BINS)))
    # The last threshold lies above every score: there nothing is accepted.
    thresholds = np.append(values, np.inf)
    rejected, stopped = (_shares_below(scores, thresholds, counts) for scores in (genuine, impostors))
    return ErrorCurves(thresholds, rejected, 1.0 - stopped)


def equal_error_rate(genuine: Floats, impostors: Floats) -> float:
    """The mean of both errors at the threshold where they are nearest (`ErrorCurves.equal_error`)."""
    return float(error_curves(genuine, impostors).equal_error()[0])


def exact_interval(count: int, of: int) -> tuple[float, float]:
    """The exact interval of `count` out of `of` (Clopper and Pearson, 1934); (0, 1) without trials."""
    if not of:
        return 0.0, 1.0
    interval = stats.binomtest(count, of).proportion_ci(method="exact")
    return float(interval.low), float(interval.high)


def resampled_rows(clusters: int, *, rounds: int = ROUNDS, seed: int = SEED) -> Indices:
    """Which clusters are drawn in each round of a bootstrap, with replacement: (rounds, clusters)."""
    return np.random.default_rng(seed).integers(clusters, size=(rounds, clusters))


def resampling_counts(clusters: int, *, rounds: int = ROUNDS, seed: int = SEED) -> Floats:
    """How often each cluster is among the `resampled_rows` of each round: (rounds, clusters)."""
    rows = resampled_rows(clusters, rounds=rounds, seed=seed)
    cells = rows + clusters * np.arange(rounds)[:, None]
    counts = np.bincount(cells.ravel(), minlength=rounds * clusters)
    return counts.reshape(rounds, clusters).astype(np.float64)


def percentile_estimate(value: float, drawn: Floats) -> Estimate:
    """A value with the interval of its bootstrap distribution; draws that are NaN are left out."""
    if np.isnan(drawn).all():
        return Estimate(value, math.nan, math.nan)
    low, high = np.nanquantile(drawn, TAILS)
    return Estimate(value, float(low), float(high))


def mean_estimate(values: Floats) -> Estimate:
    """The mean of one value a cluster, with its interval."""
    return sums_estimate(values[:, None], lambda total: total[:, 0] / len(values))


def ratio_estimate(
    numerators: Sequence[float] | Floats,
    denominators: Sequence[float] | Floats,
    *,
    rounds: int = ROUNDS,
    seed: int = SEED,
    empty: float = math.nan,
) -> Estimate:
    """One sum over another, one entry of each a cluster, with its interval.

    A ratio over nothing is `empty`; draws of NaN are left out of the interval.
    """

    def ratio(total: Floats) -> Floats:
        with np.errstate(invalid="ignore", divide="ignore"):
            return np.where(total[:, 1] == 0, empty, total[:, 0] / total[:, 1])

    sums = np.stack([numerators, denominators], axis=1).astype(np.float64)
    return sums_estimate(sums, ratio, rounds=rounds, seed=seed)


def sums_estimate(
    sums: Floats, measure: Callable[[Floats], Floats], *, rounds: int = ROUNDS, seed: int = SEED
) -> Estimate:
    """What `measure` makes of (rounds, n) totals, with its interval; `sums` is (clusters, n).

    One cluster, or one round, has no spread.
    """
    value = float(measure(sums.sum(axis=0, keepdims=True))[0])
    if len(sums) < 2 or rounds < 2:
        return Estimate(value, value, value)
    drawn = measure(resampling_counts(len(sums), rounds=rounds, seed=seed) @ sums)
    return percentile_estimate(value, drawn)


def isotonic_fit(x: Floats, y: Floats, weights: Floats) -> Floats:
    """The rising function of `x` nearest to `y`, at every x (scikit-learn's pool adjacent violators).

    Equal `x` have one value.
    """
    return np.asarray(IsotonicRegression().fit(x, y, sample_weight=weights).predict(x), np.float64)


def logistic_fit(features: Floats, labels: Flags, weights: Floats) -> tuple[Floats, float]:
    """Coefficients and intercept of the weighted logistic regression of labels on (n, f) features."""
    model = LogisticRegression(C=1 / RIDGE, solver="newton-cholesky", tol=1e-10)
    model.fit(features, labels, sample_weight=weights / weights.sum())
    return np.asarray(model.coef_[0], np.float64), float(model.intercept_[0])


def penalised_logistic_fit(
    features: Floats, labels: Flags, weights: Floats, *, ridge: float
) -> tuple[Floats, float]:
    """The same for many features or labels that part without error: `ridge` pulls coefficients to zero."""
    model = LogisticRegression(C=1 / ridge, solver="lbfgs", tol=1e-3, max_iter=1000)
    model.fit(features, labels, sample_weight=weights / weights.sum())
    return np.asarray(model.coef_[0], np.float64), float(model.intercept_[0])


def probabilities(llr: Floats) -> Floats:
    """The probability that each natural log-likelihood ratio states at even odds."""
    return np.asarray(special.expit(llr), np.float64)


def normal_deviates(shares: Floats) -> Floats:
    """Where the standard normal distribution reaches each share, as the axes of a DET plot want it."""
    return np.asarray(stats.norm.ppf(shares), np.float64)


def reliability_bins(
    stated: Floats, labels: Flags, weights: Floats, *, bins: int
) -> list[tuple[float, float, float]]:
    """Mean probability, share of true labels and of all weight, for each equally wide bin that holds any.

    The expected calibration error (Naeini, Cooper and Hauskrecht, 2015) is the mean gap of the first two,
    weighted by the third.
    """
    columns = [weights * stated, weights * labels, weights]
    sums, _, _ = stats.binned_statistic(stated, columns, "sum", bins=bins, range=(0, 1))
    return [(float(p / total), float(true / total), float(total)) for p, true, total in sums.T if total]


def area_under_curve(scores: Floats, truths: Flags) -> float:
    """How often a true case scores higher than another: the area under the ROC curve."""
    return float(roc_auc_score(truths, scores))


def area_estimate(scores: Floats, truths: Flags, clusters: npt.NDArray[np.str_]) -> Estimate:
    """The area under the curve, with the interval of a bootstrap over clusters; each row names its own."""
    order = np.argsort(scores, kind="stable")
    starts = np.unique(scores[order], return_index=True)[1]
    counts = cluster_counts(clusters)[:, order]
    true, other = (
        np.add.reduceat(counts * which, starts, axis=1) for which in (truths[order], ~truths[order])
    )
    lower = np.cumsum(other, axis=1) - other / 2
    pairs = true.sum(axis=1) * other.sum(axis=1)
    drawn = np.divide((true * lower).sum(axis=1), pairs, out=np.full(len(pairs), np.nan), where=pairs > 0)
    return percentile_estimate(area_under_curve(scores, truths), drawn)


def cluster_counts(clusters: npt.NDArray[np.str_]) -> Floats:
    """How often each row is drawn in each round of a bootstrap over their clusters: (rounds, rows)."""
    names, number = np.unique(clusters, return_inverse=True)
    return np.asarray(resampling_counts(len(names))[:, number], np.float64)


def grouped_folds(groups: npt.NDArray[np.str_], folds: int) -> list[tuple[Indices, Indices]]:
    """Rows inside and outside of each fold; the rows of a group never part, folds are about equally large."""
    return [(inside, outside) for inside, outside in GroupKFold(folds).split(groups, groups=groups)]


def _shares_below(scores: Sequence[Floats], thresholds: Floats, counts: Floats) -> Floats:
    """The share of scores below each threshold, a row of `counts` each."""
    below = counts @ np.stack([np.searchsorted(np.sort(cluster), thresholds) for cluster in scores]).astype(
        float
    )
    return np.asarray(below / below[:, -1:], np.float64)

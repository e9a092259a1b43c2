"""What held-out answers are worth: pages found within false alarms, ranking and calibration of marks."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from training.common.shares import Share
from training.common.statistics import Estimate, area_estimate, cluster_counts, percentile_estimate
from training.roles.crossvalidate import LEFT_OUT, TRAINING, HeldOutPredictions
from training.roles.table import Floats, Rows

_BINS = 10
Floats64 = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class RoleQuality:
    """How well marks that sign are told from others, and how true the probabilities are."""

    source: str
    marks: int
    auc: Estimate
    calibration_error: Estimate


@dataclass(frozen=True, slots=True)
class FoundWithin:
    """The signed pages of a source that are found where so great a share of the unsigned is called signed."""

    source: str
    false_alarms: float
    signed_found: Share
    initials_only_found: Share


def found_within(answers: HeldOutPredictions, source: str, false_alarms: float) -> FoundWithin:
    """Held-out answers at the lowest probability that calls no greater share of the unsigned pages signed."""
    scores, signed = answers.pages(source)
    by_initials = answers.marks.pages.by_initials[answers.marks.pages.of(source)] == 1
    called = called_within(scores, signed, false_alarms)
    return FoundWithin(source, false_alarms, share_of(called[signed == 1]), share_of(called[by_initials]))


def called_within(scores: Floats, signed: Rows, false_alarms: float) -> npt.NDArray[np.bool_]:
    """Which pages are called signed at the lowest score that calls no greater share of the unsigned so."""
    unsigned = np.sort(scores[signed == 0])[::-1]
    called: npt.NDArray[np.bool_] = scores > unsigned[int(false_alarms * len(unsigned))]
    return called


def qualities(answers: HeldOutPredictions) -> list[RoleQuality]:
    """AUC and expected calibration error of every source with marks that sign and others."""
    return [
        quality(source, answers)
        for source in (LEFT_OUT, *(name for name in TRAINING if name != LEFT_OUT))
        if len(set(answers.of(source)[1])) > 1
    ]


def quality(source: str, answers: HeldOutPredictions) -> RoleQuality:
    """AUC and expected calibration error of its marks, with intervals by bootstrap over documents.

    Raises ValueError where all marks sign or none does.
    """
    probabilities, truths = answers.of(source)
    documents = answers.marks.group[answers.rows_of(source)]
    doubles, signs = probabilities.astype(np.float64), truths == 1
    area = area_estimate(doubles, signs, documents)
    drawn = calibration_errors(doubles, signs, cluster_counts(documents))
    error = percentile_estimate(calibration_error(doubles, signs), drawn)
    return RoleQuality(source, len(truths), area, error)


def calibration_error(probabilities: Floats64, truths: npt.NDArray[np.bool_]) -> float:
    """The expected calibration error over ten bins of equal width (Naeini et al., AAAI 2015)."""
    return float(calibration_errors(probabilities, truths, np.ones((1, len(truths))))[0])


def calibration_errors(probabilities: Floats64, truths: npt.NDArray[np.bool_], counts: Floats64) -> Floats64:
    """The same for marks that count so often in each round: (rounds, marks) to (rounds,)."""
    bins = np.minimum((probabilities * _BINS).astype(np.int64), _BINS - 1)
    gaps = counts @ ((probabilities - truths)[:, None] * (bins[:, None] == np.arange(_BINS)))
    return np.asarray(np.abs(gaps).sum(axis=1) / counts.sum(axis=1), np.float64)


def share_of(called: npt.NDArray[np.bool_]) -> Share:
    """How many are true."""
    return Share(int(called.sum()), len(called))

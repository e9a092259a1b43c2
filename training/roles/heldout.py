"""What held-out answers are worth: pages found within false alarms, ranking and calibration of marks."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from training.common.shares import Share
from training.common.statistics import area_under_curve
from training.roles.crossvalidate import LEFT_OUT, TRAINING, HeldOutPredictions
from training.roles.table import Floats, Rows

_BINS = 10


@dataclass(frozen=True, slots=True)
class RoleQuality:
    """How well marks that sign are told from others, and how true the probabilities are."""

    source: str
    marks: int
    auc: float
    calibration_error: float


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
        quality(source, *answers.of(source))
        for source in (LEFT_OUT, *(name for name in TRAINING if name != LEFT_OUT))
        if 0 < answers.of(source)[1].mean() < 1
    ]


def quality(source: str, probabilities: Floats, truths: Rows) -> RoleQuality:
    """AUC and expected calibration error of marks; raises ValueError where all sign or none does."""
    doubles = probabilities.astype(np.float64)
    auc, error = area_under_curve(doubles, truths == 1), calibration_error(doubles, truths == 1)
    return RoleQuality(source, len(truths), auc, error)


def calibration_error(probabilities: npt.NDArray[np.float64], truths: npt.NDArray[np.bool_]) -> float:
    """The expected calibration error over ten bins of equal width (Naeini et al., AAAI 2015)."""
    bins = np.minimum((probabilities * _BINS).astype(np.int64), _BINS - 1)
    gaps = (
        (bins == number).mean() * abs(probabilities[bins == number].mean() - truths[bins == number].mean())
        for number in np.unique(bins)
    )
    return float(sum(gaps))


def share_of(called: npt.NDArray[np.bool_]) -> Share:
    """How many are true."""
    return Share(int(called.sum()), len(called))

"""What the verdicts are worth on sets that took no part in training or calibration.

Genuine queries and skilled forgeries alone. A verdict is wrong when it calls a genuine signature forged or a
forgery genuine; `inconclusive` is never wrong, and not decided.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from training.common.console import Notice
from training.common.figures import Figure, Unit, as_figure, estimated
from training.common.statistics import Estimate, share_estimate
from training.verifier import metrics, reliability, sets
from training.verifier.library import Library
from training.verifier.metrics import Trials
from worker.vision.verification.calibration import Fit

#: Numbers of references that are measured.
REFERENCES = (1, 3, 5)
#: The sets, least like the training sets first.
UNSEEN_SETS = (sets.dutch, sets.mcyt, sets.cedar, sets.test)


@dataclass(frozen=True)
class Decisions:
    """One set with one number of references; shares in [0, 1], intervals over writers.

    `trials` is how many genuine and skilled queries were asked in all. The wrong shares are of the verdicts
    given, of those of confidence `high`, of all genuine queries and of all skilled forgeries.
    """

    source: str
    references: int
    writers: int
    trials: int
    skilled_eer: Estimate
    eer_per_writer: Estimate
    random_eer: Estimate
    decided: Estimate
    wrong_where_decided: Estimate
    wrong_among_high: Estimate
    genuine_called_forged: Estimate
    forged_called_genuine: Estimate
    ece: float
    cllr: Estimate


def measure_decisions(library: Library, *, notice: Notice = lambda stage: None) -> list[Decisions]:
    """Every set of UNSEEN_SETS with every number of REFERENCES."""
    measured = []
    for read in UNSEEN_SETS:
        notice(read.__name__)
        scored, calibration = library.of(read), library.models.calibration
        for count in REFERENCES:
            trials, fit = scored.trials(calibration, count), calibration.fit_for(count)
            measured.append(decisions(scored.gallery.source, count, trials, fit))
    return measured


def decisions(source: str, references: int, trials: Sequence[Trials], fit: Fit) -> Decisions:
    """Judge log-likelihood ratios, one Trials a writer, by the verdicts that `fit` gives them."""
    counts = [_counted(trial, fit) for trial in trials]
    judged = reliability.measure_reliability(list(trials))
    return Decisions(
        source=source,
        references=references,
        writers=len(trials),
        trials=sum(one.genuine + one.skilled for one in counts),
        skilled_eer=metrics.eer_estimate(trials, "skilled"),
        eer_per_writer=metrics.user_eer(trials, "skilled"),
        random_eer=metrics.eer_estimate(trials, "random"),
        decided=_share(counts, lambda one: one.decided, lambda one: one.genuine + one.skilled),
        wrong_where_decided=_share(counts, lambda one: one.rejected + one.accepted, lambda one: one.decided),
        wrong_among_high=_share(counts, lambda one: one.wrong_high, lambda one: one.high),
        genuine_called_forged=_share(counts, lambda one: one.rejected, lambda one: one.genuine),
        forged_called_genuine=_share(counts, lambda one: one.accepted, lambda one: one.skilled),
        ece=judged.ece,
        cllr=judged.cllr,
    )


def decision_figures(rows: Sequence[Decisions]) -> list[Figure]:
    """The rows as figures of the verifier."""
    return [figure for row in rows for figure in _figures(row)]


def _figures(row: Decisions) -> Iterator[Figure]:
    references = f"{row.references} reference{'s' if row.references > 1 else ''}"
    rates = {
        "skilled EER": row.skilled_eer,
        "EER per writer": row.eer_per_writer,
        "random EER": row.random_eer,
        "decided": row.decided,
        "wrong where decided": row.wrong_where_decided,
        "wrong among high": row.wrong_among_high,
        "genuine called forged": row.genuine_called_forged,
        "forged called genuine": row.forged_called_genuine,
        "Cllr": row.cllr,
    }
    for name, rate in rates.items():
        unit = Unit.RATIO if name == "Cllr" else Unit.SHARE
        yield estimated(
            "verifier",
            of=row.source,
            measure=f"{name}, {references}",
            estimate=rate,
            n=row.writers if name == "EER per writer" else row.trials,
            unit=unit,
        )
    yield as_figure("verifier", of=row.source, measure=f"ECE, {references}", value=row.ece, n=row.trials)


@dataclass(frozen=True)
class _Counts:
    """One writer's queries by what was said of them."""

    genuine: int
    skilled: int
    decided: int
    #: Genuine queries called forged, and forgeries called genuine.
    rejected: int
    accepted: int
    high: int
    wrong_high: int


def _counted(trial: Trials, fit: Fit) -> _Counts:
    genuine_from, forged_below = _llr(fit.genuine_from), _llr(fit.forged_below)
    rejected, accepted = trial.genuine < forged_below, trial.skilled >= genuine_from
    decided = [
        (scores >= genuine_from) | (scores < forged_below) for scores in (trial.genuine, trial.skilled)
    ]
    high = [
        given & (np.abs(scores) >= fit.high)
        for given, scores in zip(decided, (trial.genuine, trial.skilled), strict=True)
    ]
    return _Counts(
        genuine=len(trial.genuine),
        skilled=len(trial.skilled),
        decided=int(sum(given.sum() for given in decided)),
        rejected=int(rejected.sum()),
        accepted=int(accepted.sum()),
        high=int(sum(given.sum() for given in high)),
        wrong_high=int((rejected & high[0]).sum() + (accepted & high[1]).sum()),
    )


def _share(
    counts: Sequence[_Counts], some: Callable[[_Counts], int], many: Callable[[_Counts], int]
) -> Estimate:
    return share_estimate([float(some(one)) for one in counts], [float(many(one)) for one in counts])


def _llr(probability: float) -> float:
    """The log-likelihood ratio of a probability at equal odds; infinite at 0 and 1."""
    with np.errstate(divide="ignore"):
        return float(np.log(probability) - np.log1p(-probability))

"""What the verdicts are worth on sets that took no part in training or calibration.

Each set in turn is left out: the other sets fit line, bands and words, and that one is judged by them.
Genuine queries and skilled forgeries alone. A verdict is wrong when it calls a genuine signature forged or a
forgery genuine; `inconclusive` is never wrong, and not decided.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from training.common.console import Notice
from training.common.figures import Figure, Unit, as_figure, estimated
from training.common.statistics import Estimate, ratio_estimate
from training.verifier import baseline, metrics, protocol, reliability, sets
from training.verifier.calibrate import fits_across_sets
from training.verifier.library import Library, Read, ScoredSet
from training.verifier.metrics import Trials
from worker.vision.verification.calibration import Fit, read_fit

#: Numbers of references that are measured.
REFERENCES = (1, 3, 5)
#: Numbers that are fitted for it: two, because bands are smoothed over their neighbours.
_FITTED = (1, 2, 3, 5)
#: The sets, least like the training sets first, each with those of the calibration that it is no part of.
UNSEEN_SETS: dict[Read, tuple[Read, ...]] = {
    read: tuple(other for other in sets.CALIBRATION if other is not calibrating)
    for read, calibrating in {
        sets.dutch: sets.dutch,
        sets.mcyt: sets.mcyt,
        sets.cedar: sets.cedar,
        sets.online_validation: sets.online_validation,
        sets.test: sets.validation,
    }.items()
}


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
    high: Estimate
    wrong_among_high: Estimate
    wrong_among_medium: Estimate
    wrong_among_low: Estimate
    genuine_called_forged: Estimate
    forged_called_genuine: Estimate
    ece: float
    cllr: Estimate
    min_cllr: float


@dataclass(frozen=True)
class LeftOut:
    """All about one set that was left out; what its queries tell without a reference is an EER."""

    query_only: float
    rows: list[Decisions]


def measure_decisions(library: Library, *, notice: Notice = lambda stage: None) -> list[LeftOut]:
    """Every set of UNSEEN_SETS with every number of REFERENCES, by what the other sets fit."""
    measured = []
    for read, others in UNSEEN_SETS.items():
        notice(read.__name__)
        scored, calibrating = library.of(read), [library.of(other) for other in others]
        measured.append(LeftOut(_query_only(scored, calibrating), _by_others(scored, calibrating)))
    return measured


def _by_others(scored: ScoredSet, others: Sequence[ScoredSet]) -> list[Decisions]:
    sharpness, fits = fits_across_sets([(other.gallery, other.scores) for other in others], counts=_FITTED)
    rows = []
    for fit in (read_fit(values) for values in fits if values["references"] in REFERENCES):
        drawn = protocol.draws(scored.scores, scored.gallery, count=fit.references)
        trials = protocol.trials(drawn, protocol.ratio(fit, sharpness))
        rows.append(decisions(scored.gallery.source, fit.references, trials, fit))
    return rows


def _query_only(scored: ScoredSet, others: Sequence[ScoredSet]) -> float:
    """EER of a reader of plain measures of the ink, fitted to the other sets."""
    images = [image for other in others for image in other.gallery.images]
    genuine = np.concatenate([other.gallery.genuine for other in others])
    reader = baseline.train_reader(baseline.measures(images), genuine)
    return baseline.query_only_eer(reader, baseline.measures(scored.gallery.images), scored.gallery)


def decisions(source: str, references: int, trials: Sequence[Trials], fit: Fit) -> Decisions:
    """Judge log-likelihood ratios, one Trials a writer, by the verdicts that `fit` gives them."""
    counts = [_counted(trial, fit) for trial in trials]
    judged = reliability.measure_reliability([_stated(trial, fit) for trial in trials])
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
        high=_share(counts, lambda one: one.high.given, lambda one: one.genuine + one.skilled),
        wrong_among_high=_share(counts, lambda one: one.high.wrong, lambda one: one.high.given),
        wrong_among_medium=_share(counts, lambda one: one.medium.wrong, lambda one: one.medium.given),
        wrong_among_low=_share(counts, lambda one: one.low.wrong, lambda one: one.low.given),
        genuine_called_forged=_share(counts, lambda one: one.rejected, lambda one: one.genuine),
        forged_called_genuine=_share(counts, lambda one: one.accepted, lambda one: one.skilled),
        ece=judged.ece,
        cllr=judged.cllr,
        min_cllr=judged.min_cllr,
    )


def decision_figures(measured: Sequence[LeftOut]) -> list[Figure]:
    """The rows as figures of the verifier."""
    return [figure for each in measured for figure in _of_set(each)]


def _of_set(measured: LeftOut) -> Iterator[Figure]:
    for row in measured.rows:
        yield from _figures(row)
    first = measured.rows[0]
    yield as_figure(
        "verifier", of=first.source, measure="query-only EER", value=measured.query_only, n=first.writers
    )


def _figures(row: Decisions) -> Iterator[Figure]:
    references = f"{row.references} reference{'s' if row.references > 1 else ''}"
    rates = {
        "skilled EER": row.skilled_eer,
        "EER per writer": row.eer_per_writer,
        "random EER": row.random_eer,
        "decided": row.decided,
        "wrong where decided": row.wrong_where_decided,
        "high": row.high,
        "wrong among high": row.wrong_among_high,
        "wrong among medium": row.wrong_among_medium,
        "wrong among low": row.wrong_among_low,
        "genuine called forged": row.genuine_called_forged,
        "forged called genuine": row.forged_called_genuine,
        "Cllr": row.cllr,
    }
    for name, rate in rates.items():
        if np.isnan(rate.value):
            continue
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
    yield as_figure(
        "verifier",
        of=row.source,
        measure=f"Cllr lost to calibration, {references}",
        value=row.cllr.value - row.min_cllr,
        n=row.trials,
        unit=Unit.RATIO,
    )


@dataclass(frozen=True)
class _Word:
    """Verdicts of one confidence, and how many of them are wrong."""

    given: int
    wrong: int


@dataclass(frozen=True)
class _Counts:
    """One writer's queries by what was said of them."""

    genuine: int
    skilled: int
    decided: int
    #: Genuine queries called forged, and forgeries called genuine.
    rejected: int
    accepted: int
    high: _Word
    medium: _Word
    low: _Word


def _counted(trial: Trials, fit: Fit) -> _Counts:
    llr = np.concatenate([trial.genuine, trial.skilled])
    genuine = np.arange(len(llr)) < len(trial.genuine)
    accepted, rejected = llr >= _llr(fit.genuine_from), llr < _llr(fit.forged_below)
    wrong = (accepted & ~genuine) | (rejected & genuine)

    def word(given: npt.NDArray[np.bool_]) -> _Word:
        return _Word(int(given.sum()), int((given & wrong).sum()))

    high = (accepted & (llr >= fit.high)) | (rejected & (llr <= -fit.high_forged))
    medium = (accepted & (llr >= fit.medium)) | (rejected & (llr <= -fit.medium_forged))
    return _Counts(
        genuine=len(trial.genuine),
        skilled=len(trial.skilled),
        decided=int((accepted | rejected).sum()),
        rejected=int((rejected & genuine).sum()),
        accepted=int((accepted & ~genuine).sum()),
        high=word(high),
        medium=word(medium & ~high),
        low=word((accepted | rejected) & ~medium & ~high),
    )


def _stated(trial: Trials, fit: Fit) -> Trials:
    """The ratios as far as they are stated."""
    return Trials(
        *(np.clip(scores, fit.least, fit.most) for scores in (trial.genuine, trial.skilled, trial.random))
    )


def _share(
    counts: Sequence[_Counts], some: Callable[[_Counts], int], many: Callable[[_Counts], int]
) -> Estimate:
    """One count over another; NaN where the other is 0 for all writers."""
    wholes = [float(many(one)) for one in counts]
    if not any(wholes):
        return Estimate(np.nan, np.nan, np.nan)
    with np.errstate(invalid="ignore"):
        return ratio_estimate([float(some(one)) for one in counts], wholes)


def _llr(probability: float) -> float:
    """The log-likelihood ratio of a probability at equal odds; infinite at 0 and 1."""
    with np.errstate(divide="ignore"):
        return float(np.log(probability) - np.log1p(-probability))

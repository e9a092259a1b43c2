"""Measuring a verifier: error rates by set and number of references, calibration, the query-only baseline."""

from __future__ import annotations

import datetime
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from training.common.console import Notice
from training.common.statistics import ErrorCurves, Estimate
from training.provenance import commit
from training.verifier import baseline, metrics, reliability, sets
from training.verifier.baseline import Reader
from training.verifier.library import Library, ScoredSet
from training.verifier.metrics import Impostors, Trials
from training.verifier.protocol import Gallery
from training.verifier.readers import Drawn, SignerSpecimens
from training.verifier.reliability import Reliability
from worker.vision.crops import fit
from worker.vision.verification.calibration import Calibration, Fit
from worker.vision.verification.encoder import Encoder

COUNTS = (1, 3, 5, 8, 10)
#: False acceptance rates at which false rejection is reported.
LOW, VERY_LOW = 0.01, 0.001


@dataclass(frozen=True)
class Against:
    """Genuine queries against one kind of impostors."""

    eer: Estimate
    #: The mean of the writers' own EERs, each at its own best threshold.
    user_eer: Estimate
    area: Estimate
    #: False rejection where one impostor in 100, or in 1,000, is accepted.
    rejected_at_low: Estimate
    rejected_at_very_low: Estimate


@dataclass(frozen=True)
class VerdictShares:
    """What the shipped thresholds say of one kind of queries: shares; the rest is "cannot say"."""

    accepted: Estimate
    rejected: Estimate


@dataclass(frozen=True)
class VerifierFigures:
    """One set measured with one number of references."""

    references: int
    writers: int
    genuine_queries: int
    skilled_queries: int
    random_queries: int
    skilled: Against
    random: Against
    genuine_said: VerdictShares
    skilled_said: VerdictShares
    random_said: VerdictShares
    reliability: Reliability


@dataclass(frozen=True)
class VerifierSetReport:
    """One set: its size, its figures, and what the query alone tells (EER, 0.5 is chance)."""

    writers: int
    specimens: int
    figures: list[VerifierFigures]
    #: Skilled EER with eight references over that with one.
    eight_to_one: Estimate | None
    query_only_embedding: float
    query_only_measures: float


@dataclass(frozen=True)
class VerifierReport:
    """All sets, with what must be known to repeat the measurement."""

    date: str
    commit: str
    digests: dict[str, str]
    sets: dict[str, VerifierSetReport]


@dataclass(frozen=True)
class _Readers:
    """The two query-only baselines, trained on training writers."""

    embedding: Reader
    measures: Reader


#: Every set that is measured, in the order of the tables; the first two are what calibration was fitted on.
SETS = (sets.validation, sets.online_validation, sets.test, sets.cedar, sets.drawn_test)


def measure_sets(library: Library, *, notice: Notice = lambda stage: None) -> VerifierReport:
    """Measure a verifier on every set."""
    notice("query-only baselines on the training writers")
    readers = _train_readers(library.data, library.models.encoder)
    reports = {}
    for read in SETS:
        notice(read.__name__)
        scored = library.of(read)
        reports[scored.gallery.source] = _report(scored, library.models.calibration, readers)
    today = datetime.datetime.now(datetime.UTC).date().isoformat()
    return VerifierReport(today, commit(), library.models.digests, reports)


def _report(scored: ScoredSet, calibration: Calibration, readers: _Readers) -> VerifierSetReport:
    tried = {count: scored.trials(calibration, count) for count in COUNTS}
    full = {count: trials for count, trials in tried.items() if len(trials) >= len(tried[1]) / 2}
    gallery = scored.gallery
    return VerifierSetReport(
        writers=len(tried[1]),
        specimens=len(gallery.writers),
        figures=[_figures(trials, calibration.fit_for(count), count) for count, trials in full.items()],
        eight_to_one=metrics.eer_ratio(tried[1], tried[8]) if len(tried[8]) == len(tried[1]) else None,
        query_only_embedding=baseline.query_only_eer(readers.embedding, scored.embeddings, gallery),
        query_only_measures=baseline.query_only_eer(
            readers.measures, baseline.measures(gallery.images), gallery
        ),
    )


def _figures(tried: list[Trials], fitted: Fit, count: int) -> VerifierFigures:
    return VerifierFigures(
        references=count,
        writers=len(tried),
        genuine_queries=len(metrics.pooled(tried, "genuine")),
        skilled_queries=len(metrics.pooled(tried, "skilled")),
        random_queries=len(metrics.pooled(tried, "random")),
        skilled=against(tried, "skilled"),
        random=against(tried, "random"),
        genuine_said=verdict_shares(tried, "genuine", fitted),
        skilled_said=verdict_shares(tried, "skilled", fitted),
        random_said=verdict_shares(tried, "random", fitted),
        reliability=reliability.measure_reliability(tried),
    )


def against(tried: Sequence[Trials], impostors: Impostors) -> Against:
    """The field's figures for one kind of impostors."""
    measures = (
        ErrorCurves.equal_error,
        ErrorCurves.area,
        lambda c: c.rejected_at(LOW),
        lambda c: c.rejected_at(VERY_LOW),
    )
    eer, area, low, very_low = metrics.estimates(tried, impostors, measures)
    return Against(eer, metrics.user_eer(tried, impostors), area, low, very_low)


def verdict_shares(tried: Sequence[Trials], kind: str, fitted: Fit) -> VerdictShares:
    """Verdicts at the shipped thresholds."""
    upper, lower = _logit(fitted.genuine_from), _logit(fitted.forged_below)
    return VerdictShares(
        metrics.share_of_queries(tried, kind, lambda llr: llr >= upper),
        metrics.share_of_queries(tried, kind, lambda llr: llr < lower),
    )


def _logit(probability: float) -> float:
    return (
        float(np.log(probability / (1 - probability)))
        if 0 < probability < 1
        else float(probability - 0.5) * 1e9
    )


def _train_readers(data: Path, encoder: Encoder) -> _Readers:
    gallery = _as_trained(sets.scanned_for_training(data))
    return _Readers(
        baseline.train_reader(encoder.encode(gallery.images), gallery.genuine),
        baseline.train_reader(baseline.measures(gallery.images), gallery.genuine),
    )


def _as_trained(signers: Sequence[SignerSpecimens]) -> Gallery:
    """Training signers without augmentation."""
    rows = [
        (fit(specimen.mask()), number, is_genuine)
        for number, signer in enumerate(signers)
        for specimens, is_genuine in ((signer.genuine, True), (signer.forged, False))
        for specimen in specimens
        if not isinstance(specimen, Drawn)
    ]
    images, writers, genuine = zip(*rows, strict=True)
    return Gallery(list(images), np.array(writers), np.array(genuine), "train")

"""Measuring the shipped verifier: error rates by set and references, beside the query-only baseline."""

from __future__ import annotations

import datetime
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from training.provenance import commit
from training.verifier import baseline, metrics, protocol, scoring, sets
from training.verifier.baseline import Reader
from training.verifier.metrics import Trials
from training.verifier.protocol import Gallery
from training.verifier.readers import Drawn, Signer
from worker.vision import weights
from worker.vision.calibration import Calibration, load_calibration, probability
from worker.vision.crops import fit
from worker.vision.encoder import Encoder, load_encoder
from worker.vision.matcher import load_matcher
from worker.vision.values import Embeddings, Outcome

COUNTS = (1, 3, 5)
Notice = Callable[[str], None]


@dataclass(frozen=True)
class Rate:
    """An error rate with its 95 % bootstrap interval over writers."""

    rate: float
    low: float
    high: float


@dataclass(frozen=True)
class Verdicts:
    """What the calibrated verifier says, as shares of queries of a kind; the rest are the other verdict."""

    genuine_accepted: float
    genuine_inconclusive: float
    forged_rejected: float
    forged_inconclusive: float


@dataclass(frozen=True)
class Figures:
    """One set measured with one number of references."""

    references: int
    genuine_queries: int
    forged_queries: int
    skilled: Rate
    random: Rate
    verdicts: Verdicts


@dataclass(frozen=True)
class SetReport:
    """One set: its size, its figures, and what the query alone tells (EER, 0.5 is chance)."""

    writers: int
    specimens: int
    figures: list[Figures]
    query_only_embedding: float
    query_only_measures: float


@dataclass(frozen=True)
class Report:
    """All sets, with what must be known to repeat the measurement."""

    date: str
    commit: str
    digests: dict[str, str]
    sets: dict[str, SetReport]

    def as_json(self) -> dict[str, Any]:
        """Plain values."""
        return asdict(self)


@dataclass(frozen=True)
class _Readers:
    """The two query-only baselines, trained on training writers."""

    embedding: Reader
    measures: Reader


def evaluate(
    data: Path, *, folder: Path = weights.WEIGHTS_DIR, notice: Notice = lambda stage: None
) -> Report:
    """Measure the weights in `folder` on BHSig validation and test, all of CEDAR, and invented signers."""
    encoder, matcher = load_encoder(folder=folder), load_matcher(folder)
    calibration = load_calibration(folder)
    notice("query-only baselines on the training writers")
    readers = _train_readers(data, encoder)
    reports = {}
    for read in (sets.validation, sets.test, sets.cedar, sets.drawn_test):
        notice(read.__name__)
        found = read(data)
        embeddings = encoder.encode(found.images)
        scored = scoring.within(found, embeddings, matcher)
        reports[found.source] = _report(found, embeddings, scored, calibration, readers)
    digests = {name: entry.sha256 for name, entry in weights.load_catalogue(folder).items() if _ours(name)}
    today = datetime.datetime.now(datetime.UTC).date().isoformat()
    return Report(today, commit(), digests, reports)


def trials(scored: npt.NDArray[np.float64], found: Gallery, *, count: int, best_share: float) -> list[Trials]:
    """One reference is every genuine specimen in turn; several are drawn by lot."""
    if count == 1:
        return protocol.single(scored, found)
    return protocol.several(scored, found, count=count, best_share=best_share)


def _report(
    found: Gallery,
    embeddings: Embeddings,
    scored: npt.NDArray[np.float64],
    calibration: Calibration,
    readers: _Readers,
) -> SetReport:
    return SetReport(
        writers=len(np.unique(found.writers)),
        specimens=len(found.writers),
        figures=[_figures(scored, found, calibration, count) for count in COUNTS],
        query_only_embedding=baseline.query_only_eer(readers.embedding, embeddings, found),
        query_only_measures=baseline.query_only_eer(readers.measures, baseline.measures(found.images), found),
    )


def _figures(
    scored: npt.NDArray[np.float64], found: Gallery, calibration: Calibration, count: int
) -> Figures:
    tried = trials(scored, found, count=count, best_share=calibration.best_share)
    return Figures(
        references=count,
        genuine_queries=sum(len(trial.genuine) for trial in tried),
        forged_queries=sum(len(trial.skilled) for trial in tried),
        skilled=_rate(tried, metrics.skilled_eer),
        random=_rate(tried, metrics.random_eer),
        verdicts=_verdicts(tried, calibration, count),
    )


def _rate(tried: Sequence[Trials], measure: Callable[[Sequence[Trials]], float]) -> Rate:
    return Rate(measure(tried), *metrics.interval(tried, measure))


def _verdicts(tried: Sequence[Trials], calibration: Calibration, count: int) -> Verdicts:
    genuine = _outcomes(np.concatenate([trial.genuine for trial in tried]), calibration, count)
    forged = _outcomes(np.concatenate([trial.skilled for trial in tried]), calibration, count)
    return Verdicts(
        genuine_accepted=genuine[Outcome.GENUINE],
        genuine_inconclusive=genuine[Outcome.INCONCLUSIVE],
        forged_rejected=forged[Outcome.FORGED],
        forged_inconclusive=forged[Outcome.INCONCLUSIVE],
    )


def _outcomes(logits: metrics.Scores, calibration: Calibration, count: int) -> dict[Outcome, float]:
    """The share of each outcome over combined logits."""
    fitted = calibration.fit_for(count)
    found = [fitted.outcome(probability(fitted.llr(float(logit)))) for logit in logits]
    return {outcome: found.count(outcome) / len(found) for outcome in Outcome}


def _train_readers(data: Path, encoder: Encoder) -> _Readers:
    signers = sets.scanned_for_training(data)
    found = _as_trained(signers)
    return _Readers(
        baseline.train_reader(encoder.encode(found.images), found.genuine),
        baseline.train_reader(baseline.measures(found.images), found.genuine),
    )


def _as_trained(signers: Sequence[Signer]) -> Gallery:
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


def _ours(name: str) -> bool:
    return name in {"encoder", "matcher", "calibration", "encoder-torch"}

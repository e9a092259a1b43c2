"""How good the shipped classifier is: the engine that serves, on pages, hands and faces it never saw."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from time import perf_counter

import numpy as np

from training.classifier import sets
from training.classifier.augment import moved
from training.classifier.metrics import CropFigures, Predictions, crop_figures
from training.classifier.pieces import Piece
from training.classifier.real import PAGES
from training.common.console import Notice
from training.common.data import required_data
from training.provenance import commit
from worker.errors import WrongUse
from worker.vision.detection.classifier import KINDS, Classifier, OnnxClassifier, classified
from worker.vision.weights import entry


@dataclass(frozen=True, slots=True)
class ClassifierReport:
    """One evaluation, with what it takes to repeat it; `milliseconds` is the median for one crop alone."""

    date: str
    commit: str
    weights: str
    milliseconds: float
    sets: dict[str, CropFigures]
    #: Share of right answers by source of the crops, and how many there are.
    sources: dict[str, tuple[float, int]]


def measure_classifier(
    data: Path | None, *, own_data: Path | None = None, notice: Notice = lambda _: None
) -> ClassifierReport:
    """Run the catalogued classifier over the test crops, or over a user's own folders.

    The test crops are cut as a detector's boxes would cut them: moved, loose, tight, at times in part.
    Raises WrongUse when the data is not there.
    """
    pieces = (
        list(sets.own_pieces(own_data)) if own_data is not None else _published(required_data(data), notice)
    )
    notice("classifying")
    classifier = OnnxClassifier()
    answers, milliseconds = classify_pieces(pieces, classifier)
    real = np.array([source.startswith(PAGES) for source in answers.sources], bool)
    print_ = np.array([source.startswith("print, ") for source in answers.sources], bool)
    parts = {
        "all": answers,
        "real pages": answers.of(real),
        "drawn, and writers of BHSig": answers.of(~real),
        "print in other scripts and faces": answers.of(print_),
    }
    return ClassifierReport(
        date=datetime.now(UTC).date().isoformat(),
        commit=commit(),
        weights=entry("classifier").sha256,
        milliseconds=milliseconds,
        sets={name: crop_figures(part) for name, part in parts.items() if len(part.truths)},
        sources=_by_source(answers),
    )


def _published(data: Path, notice: Notice) -> Sequence[Piece]:
    if not (data / "detection" / "hlx8j" / "sources.csv").exists():
        raise WrongUse(f"no evaluation data in {data}; name the folder with --data")
    return sets.test_pieces(data, notice)


def classify_pieces(pieces: Sequence[Piece], classifier: Classifier) -> tuple[Predictions, float]:
    """The classifier's answer to each piece, boxed as detectors do it, one at a time; median milliseconds."""
    answers, times = [], []
    for index, piece in enumerate(pieces):
        box = moved(piece.box, np.random.default_rng((11, index)))
        began = perf_counter()
        answers.append(int(classified(classifier, piece.pixels, [box])[0].argmax()))
        times.append(perf_counter() - began)
    truths = np.array([KINDS.index(piece.kind) for piece in pieces], np.int64)
    groups, sources = tuple(piece.group for piece in pieces), tuple(piece.source for piece in pieces)
    return Predictions(truths, np.array(answers, np.int64), groups, sources), 1000 * float(np.median(times))


def _by_source(predictions: Predictions) -> dict[str, tuple[float, int]]:
    named = np.array(predictions.sources)
    right = predictions.truths == predictions.predictions
    return {
        str(name): (float(right[named == name].mean()), int((named == name).sum()))
        for name in sorted(set(predictions.sources))
    }

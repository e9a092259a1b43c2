"""The crop classifier's report as figures in the shape of all models."""

from __future__ import annotations

from collections.abc import Iterator

from training.classifier.evaluate import ClassifierReport
from training.classifier.gate import RescoringEffect, RescoringReport
from training.common.figures import Figure, FigureFile, Unit, as_figure, estimated, today
from training.detector.figures import UNSIGNED, alarm_figures, set_name, threshold_figures
from training.detector.testsets import MEASURING
from worker.vision.choices import Label

MODEL, RESCORED = "classifier", "rescored "
_KINDS = ("", RESCORED)
_SETS = {"all": "test crops", "real pages": "test crops of real pages"}
_MEASURES = {
    "accuracy": "accuracy, four kinds",
    "signature_accuracy": "accuracy, signature or not",
    "signature_precision": "signature precision",
    "signature_recall": "signature recall",
}


def classifier_figures(report: ClassifierReport, effect: RescoringReport | None) -> FigureFile:
    """Crops by set and source, and what the classifier does to the detector's answers."""
    weights = {MODEL: report.weights} | ({} if effect is None else {effect.name: effect.detector})
    figures = [*_crops(report), *(() if effect is None else _effect(effect))]
    return today(weights, figures)


def _crops(report: ClassifierReport) -> Iterator[Figure]:
    for name, figures in report.sets.items():
        of = _SETS.get(name, name)
        for field, measure in _MEASURES.items():
            rate = getattr(figures, field)
            yield estimated(MODEL, of=of, measure=measure, estimate=rate, n=figures.crops)
    for source, (right, count) in report.sources.items():
        yield as_figure(MODEL, of=f"source {source}", measure=_MEASURES["accuracy"], value=right, n=count)
    crops = sum(count for _, count in report.sources.values())
    yield as_figure(
        MODEL,
        of="speed, one CPU thread",
        measure="median time a crop",
        value=report.milliseconds,
        n=crops,
        unit=Unit.MILLISECONDS,
    )


def _effect(effect: RescoringReport) -> Iterator[Figure]:
    """The detector's answers as they are, and rescored by the classifier."""
    for name, pair in effect.sets.items():
        for kind, measured in zip(_KINDS, pair, strict=True):
            yield from _served(effect.name, set_name(name, Label.SIGNATURE), kind, measured)
    for name, counts in effect.unsigned.items():
        for kind, alarms in zip(_KINDS, counts, strict=True):
            yield from alarm_figures(effect.name, UNSIGNED[name], alarms, kind=kind)
    squares = set_name(next(iter(effect.sets)), Label.SIGNATURE)
    for served, alarms in effect.others:
        if served.score != effect.min_score:
            yield from threshold_figures(effect.name, squares, served, kind=RESCORED)
            yield from alarm_figures(effect.name, UNSIGNED[MEASURING], alarms, kind=RESCORED)


def _served(model: str, name: str, kind: str, measured: RescoringEffect) -> Iterator[Figure]:
    figures = measured.figures
    for field, measure in (("map50", "mAP50"), ("map50_95", "mAP50-95")):
        yield as_figure(
            model,
            of=name,
            measure=f"{kind}{measure}",
            value=getattr(figures, field),
            n=figures.truths,
            interval=figures.intervals[field],
        )
    yield from threshold_figures(model, name, measured.served, kind=kind)

"""The cleaners' report as figures in the shape of all models."""

from __future__ import annotations

from collections.abc import Iterator

from training.cleaner.evaluate import CleanerFigures, CleanerReport, CleanerSetReport, Errors
from training.common.figures import Figure, FigureFile, as_figure, estimated, today
from training.common.statistics import Estimate

MODEL = "cleaner"
_STROKES = {
    "precision": "precision of strokes",
    "recall": "recall of strokes",
    "f1": "F1 of strokes",
    "invented": "invented ink",
}


def cleaner_figures(report: CleanerReport) -> FigureFile:
    """Every cleaner on every set, which is named with it; `perfect` is one that knows the truth."""
    figures = [figure for name, measured in report.sets.items() for figure in _set(name, measured)]
    return today(report.digests, figures)


def _set(name: str, measured: CleanerSetReport) -> Iterator[Figure]:
    for cleaner, figures in measured.figures.items():
        yield from _cleaner(f"{name}, {cleaner}", figures, measured)
    yield from _errors(f"{name}, perfect", "dirty", measured.perfect, measured)


def _cleaner(title: str, figures: CleanerFigures, measured: CleanerSetReport) -> Iterator[Figure]:
    for field, measure in _STROKES.items():
        yield _figure(title, measure, getattr(figures.strokes, field), measured.specimens)
    yield from _errors(title, "dirty", figures.dirty, measured)
    yield from _errors(title, "clean", figures.clean, measured)
    yield as_figure(
        MODEL,
        of=title,
        measure="clean crops changed",
        value=figures.touched,
        n=measured.specimens,
    )


def _errors(title: str, crops: str, errors: Errors, measured: CleanerSetReport) -> Iterator[Figure]:
    genuine, skilled, random = measured.trials
    yield _figure(title, f"skilled EER, {crops}", errors.skilled, genuine + skilled)
    yield _figure(title, f"random EER, {crops}", errors.random, genuine + random)


def _figure(title: str, measure: str, estimate: Estimate, count: int) -> Figure:
    return estimated(MODEL, of=title, measure=measure, estimate=estimate, n=count)

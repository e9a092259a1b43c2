"""The crop classifier's figures as tables for a terminal."""

from __future__ import annotations

import math

from rich.console import Console
from rich.table import Table

from training.classifier.evaluate import ClassifierReport
from training.classifier.gate import RescoringReport
from training.classifier.metrics import CropFigures
from training.common.statistics import Estimate
from training.detector.testsets import MEASURING
from worker.vision.detection.classifier import KINDS


def show_classifier(console: Console, report: ClassifierReport) -> None:
    """Print accuracy, precision and recall by set, the confusion, accuracy by source."""
    title = f"classifier {report.weights[:12]}, commit {report.commit}, {report.date}"
    table = Table(title=title, caption="precision and recall of signatures; 95 % intervals over documents")
    table.add_column("crops")
    for heading in ("n", "documents", "four kinds", "signature or not", "precision", "recall"):
        table.add_column(heading)
    for name, figures in report.sets.items():
        rates = (
            figures.accuracy,
            figures.signature_accuracy,
            figures.signature_precision,
            figures.signature_recall,
        )
        table.add_row(name, str(figures.crops), str(figures.documents), *map(_rate, rates))
    console.print(table, _confusion(report.sets["all"]), _sources(report))
    console.print(f"{report.milliseconds:.2f} ms a crop, one thread")


def _confusion(figures: CropFigures) -> Table:
    table = Table("is \\ called", *KINDS, title="confusion")
    for kind, row in zip(KINDS, figures.confusion, strict=True):
        table.add_row(kind, *map(str, row))
    return table


def _sources(report: ClassifierReport) -> Table:
    table = Table("source", "right", "n", title="by source")
    for name, (right, count) in report.sources.items():
        table.add_row(name, f"{right:.1%}", str(count))
    return table


def show_effect(console: Console, effect: RescoringReport) -> None:
    """Print what the classifier does to the detector's answers, without and with it."""
    table = Table(
        title=f"detector {effect.detector[:12]} at {effect.min_score:.2f}, doubt {effect.doubt:.2f}",
        caption="at the threshold that serves; 95 % intervals over documents",
    )
    for heading in ("pages", "gate", "precision", "recall", "mAP50", "mAP50-95"):
        table.add_column(heading)
    for name, pair in effect.sets.items():
        for state, measured in zip(("off", "on"), pair, strict=True):
            served = (_rate(measured.served.precision), _rate(measured.served.recall))
            table.add_row(
                name, state, *served, f"{measured.figures.map50:.3f}", f"{measured.figures.map50_95:.3f}"
            )
    console.print(table)
    for name, counts in effect.unsigned.items():
        for state, alarms in zip(("off", "on"), counts, strict=True):
            console.print(
                f"{alarms.pages} pages {name}, gate {state}: {_rate(alarms.called)} called signed "
                f"({alarms.pages_with_any} pages), {alarms.regions} regions"
            )
    others = Table(title="with the gate, at other thresholds")
    for heading in ("threshold", "recall", "precision", f"{MEASURING}, called signed"):
        others.add_column(heading)
    for signatures, called in effect.others:
        rates = (signatures.recall, signatures.precision, called.called)
        others.add_row(f"{signatures.score:.2f}", *map(_rate, rates))
    console.print(others)
    console.print(f"on by default: {'yes' if effect.default else 'no'}")


def _rate(rate: Estimate) -> str:
    if math.isnan(rate.value):
        return "none"
    return f"{rate.value:.1%} ({rate.low:.1%}–{rate.high:.1%})"

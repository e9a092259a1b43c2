"""The detector's report as figures in the shape of all models."""

from __future__ import annotations

from collections.abc import Iterator

from training.common.figures import Figure, FigureFile, Unit, as_figure, estimated, today
from training.detector.evaluate import DetectorReport, LabelReport
from training.detector.metrics import AtThreshold, FalseAlarms
from training.detector.signed_pages import signed_page_figures
from training.detector.testsets import FLAGGED, MEASURING, VIEWED
from worker.vision.choices import Label

#: Average precision by its name in `Figures`; precision and recall are those where F1 is greatest.
_OVER_ALL = {
    "map50": "mAP50",
    "map50_95": "mAP50-95",
    "precision": "precision at best F1",
    "recall": "recall at best F1",
}

#: The counts of unsigned pages, as sets.
UNSIGNED = {
    FLAGGED: "unsigned, as flagged by the source",
    VIEWED: "unsigned, ground truth",
    MEASURING: "unsigned, held out",
}


def detector_figures(report: DetectorReport) -> FigureFile:
    """All that was measured: by set and label, on unsigned pages, by condition, parity, speed."""
    return today({report.name: report.weights}, _figures(report))


def _figures(report: DetectorReport) -> Iterator[Figure]:
    model = report.name
    yield from _labels(model, report)
    for name, alarms in report.unsigned.items():
        yield from alarm_figures(model, UNSIGNED[name], alarms)
    for rows in report.signed_pages.values():
        yield from signed_page_figures(model, rows)
    yield from _conditions(model, report)
    yield from _engines(model, report)


def _labels(model: str, report: DetectorReport) -> Iterator[Figure]:
    for name, labels in report.sets.items():
        for label, measured in labels.items():
            if measured is not None and measured.figures.truths:
                yield from _label(model, set_name(name, label), label, measured)


def _conditions(model: str, report: DetectorReport) -> Iterator[Figure]:
    for condition in report.conditions:
        name = f"{condition.family}, {condition.name}"
        yield from threshold_figures(model, name, condition.served)
        if condition.as_it_lies is not None:
            lying = condition.as_it_lies
            yield estimated(
                model, of=name, measure="recall as it lies", estimate=lying.recall, n=lying.truths
            )


def _engines(model: str, report: DetectorReport) -> Iterator[Figure]:
    if report.parity is not None:
        pages, alone = report.parity.pages, report.parity.alone
        yield as_figure(
            model,
            of="parity",
            measure="regions of one engine alone",
            value=alone,
            n=pages,
            unit=Unit.COUNT,
        )
    if report.speed is not None:
        for measure in ("mean", "median", "slowest"):
            yield as_figure(
                model,
                of=f"speed, {report.speed.threads} CPU threads",
                measure=f"{measure} time a page",
                value=getattr(report.speed, measure),
                n=report.speed.pages,
                unit=Unit.MILLISECONDS,
            )


def set_name(name: str, label: str) -> str:
    """A set of the report with its source and label; hlx8j and Tobacco800 mark signatures alone."""
    if name.startswith("Tobacco800"):
        return name
    return f"hlx8j {name}" if name.partition("-")[2].isdigit() else f"{name}, {label}"


def _label(model: str, name: str, label: str, measured: LabelReport) -> Iterator[Figure]:
    """Signatures are served at a threshold that users set; the other labels have theirs in the catalogue."""
    at = f"{measured.served.score:.2f}" if label == Label.SIGNATURE else "the default"
    figures = measured.figures
    for field, measure in _OVER_ALL.items():
        yield as_figure(
            model,
            of=name,
            measure=measure,
            value=getattr(figures, field),
            n=figures.truths,
            interval=figures.intervals[field],
        )
    yield from threshold_figures(model, name, measured.served, at=at)


def threshold_figures(
    model: str, name: str, served: AtThreshold, *, at: str = "", kind: str = ""
) -> Iterator[Figure]:
    """Recall over true boxes and precision over answers, IoU 0.5, at a threshold; `kind` stands in front."""
    at = at or f"{served.score:.2f}"
    answers = served.true_positives + served.false_alarms
    for measure, estimate, n in (
        ("recall", served.recall, served.truths),
        ("precision", served.precision, answers),
    ):
        yield estimated(model, of=name, measure=f"{kind}{measure} at {at}", estimate=estimate, n=n)


def alarm_figures(model: str, name: str, alarms: FalseAlarms, *, kind: str = "") -> Iterator[Figure]:
    """Unsigned pages called signed, and false alarms a page; `n` is the number of pages."""
    at, pages = f"at {alarms.min_score:.2f}", alarms.pages
    called = f"{kind}pages called signed {at}"
    yield estimated(model, of=name, measure=called, estimate=alarms.called, n=pages)
    measure = f"{kind}false alarms {at}"
    yield estimated(model, of=name, measure=measure, estimate=alarms.per_page, n=pages, unit=Unit.PER_PAGE)

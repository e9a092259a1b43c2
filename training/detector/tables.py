"""The detector's figures as tables for a terminal."""

from __future__ import annotations

from collections.abc import Iterable

from rich.console import Console
from rich.table import Table

from training.common.shares import Share
from training.common.statistics import Estimate
from training.detector.evaluate import DetectorReport, LabelReport
from training.detector.select import sizes_in_pixels


def show_detector(console: Console, report: DetectorReport) -> None:
    """Print all that was measured."""
    thresholds = ", ".join(f"{label} {score:.2f}" for label, score in report.thresholds.items())
    measured = f"{report.engine}, {sizes_in_pixels(report.sizes)}, {report.date}, commit {report.commit}"
    console.print(f"{report.name} {report.weights[:12]}, {measured}")
    console.print(f"default thresholds: {thresholds}")
    if report.sets:
        _show_sets(console, report)
    for name, alarms in report.unsigned.items():
        console.print(
            f"{alarms.pages} pages {name} at score ≥ {alarms.min_score:.2f}: "
            f"{_rate(alarms.called)} called signed ({alarms.pages_with_any} pages), "
            f"{_rate(alarms.per_page)} false alarms a page"
        )
    if report.signed_pages:
        _show_signed_pages(console, report)
    if report.conditions:
        _show_conditions(console, report)
    if report.parity is not None:
        parity = report.parity
        console.print(
            f"parity on {parity.pages} drawn pages, {parity.regions} regions: "
            f"{'the engines agree' if parity.holds else f'{parity.alone} without a twin'}; "
            f"least IoU {parity.least_iou:.4f}, largest gap of scores {parity.largest_score_gap:.4f}"
        )
    if report.speed is not None:
        speed = report.speed
        console.print(
            f"{speed.pages} scanned pages as they are served, CPU threads: {speed.threads}; "
            f"{speed.mean:.0f} ms a page (median {speed.median:.0f}, slowest {speed.slowest:.0f})"
        )


def _show_sets(console: Console, report: DetectorReport) -> None:
    over_all = Table(title="over all scores")
    served = Table(title="at the default threshold, IoU ≥ 0.5")
    _head(over_all, ("set", "label", "pages", "boxes", "mAP50", "mAP50-95", "precision", "recall"))
    _head(served, ("set", "label", "found", "false alarms", "recall", "precision"))
    for name, labels in report.sets.items():
        for label, measured in labels.items():
            over_all.add_row(name, label, *_over_all(measured))
            if measured is not None and measured.served.truths:
                row = measured.served
                counts = (f"{row.true_positives} of {row.truths}", str(row.false_alarms))
                served.add_row(name, label, *counts, _rate(row.recall), _rate(row.precision))
    console.print(over_all)
    console.print(served)


def _over_all(measured: LabelReport | None) -> tuple[str, ...]:
    if measured is None:
        return ("", "", "not known")
    figures = measured.figures
    if not figures.truths:
        return (str(figures.pages), "0", "none here")
    four = {name: getattr(figures, name) for name in ("map50", "map50_95", "precision", "recall")}
    return (
        str(figures.pages),
        str(figures.truths),
        *(
            f"{value:.3f} ({figures.intervals[name][0]:.3f}–{figures.intervals[name][1]:.3f})"
            for name, value in four.items()
        ),
    )


def _show_signed_pages(console: Console, report: DetectorReport) -> None:
    table = Table(title="signed or unsigned, as served; exact 95 % intervals")
    headings = ("signed pages found", "signed by initials only", "marks that sign", "unsigned called signed")
    _head(table, ("source", "threshold", *headings))
    for source, rows in report.signed_pages.items():
        for row in rows:
            shares = (row.signed_found, row.initials_only_found, row.marks_found, row.unsigned_called_signed)
            table.add_row(source, f"{row.threshold:.2f}", *map(_share, shares))
    console.print(table)


def _share(share: Share) -> str:
    low, high = share.interval
    return f"{share.some} of {share.many}, {share.value:.3f} ({low:.3f}–{high:.3f})" if share.many else ""


def _show_conditions(console: Console, report: DetectorReport) -> None:
    table = Table(title="signatures at the default threshold")
    _head(table, ("pages", "condition", "boxes", "recall", "precision", "recall as it lies"))
    for condition in report.conditions:
        lying = "" if condition.as_it_lies is None else _rate(condition.as_it_lies.recall)
        row = condition.served
        rates = (_rate(row.recall), _rate(row.precision), lying)
        table.add_row(f"{condition.pages} {condition.family}", condition.name, str(row.truths), *rates)
    console.print(table)


def _head(table: Table, headings: Iterable[str]) -> None:
    for heading in headings:
        table.add_column(heading)


def _rate(rate: Estimate) -> str:
    return f"{rate.value:.3f} ({rate.low:.3f}–{rate.high:.3f})"

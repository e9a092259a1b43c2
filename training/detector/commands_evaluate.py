"""`countersign-train evaluate detector`: the figures of docs/accuracy.md, as tables or JSON.

Heavy libraries are imported inside, so that `--help` answers at once and without torch.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.progress import Progress
from rich.table import Table

from training.detector.commands import DEFAULT_DATA, DataOption, ticker
from training.printing import output

if TYPE_CHECKING:
    from training.common.statistics import Estimate
    from training.detector.evaluate import LabelReport, Report
    from training.detector.signed_pages import Share

_messages = Console(stderr=True)


def evaluate(  # a command's options
    data: DataOption = DEFAULT_DATA,
    only: Annotated[
        list[str] | None,
        typer.Option(
            help="Measure only this: memos, modern_town, squares, whole, colour, unsigned, drawn, documents, "
            "conditions, parity, speed. May be given more than once."
        ),
    ] = None,
    own: Annotated[
        list[Path] | None,
        typer.Option(help="Measure on your pages instead: a YOLO folder or a COCO .json; may be repeated."),
    ] = None,
    name: Annotated[str, typer.Option(help="Detector in the weights catalogue.")] = "detector",
    engine: Annotated[str, typer.Option(help="onnx or torch.")] = "onnx",
    device: Annotated[str, typer.Option(help="For torch: cpu or cuda.")] = "cpu",
    split: Annotated[str, typer.Option(help="Of the public pages: test or valid.")] = "test",
    threads: Annotated[int, typer.Option(help="CPU threads.")] = 1,
    limit: Annotated[int, typer.Option(help="At most so many pages of each set; 0 is all.")] = 0,
    plots: Annotated[
        Path | None, typer.Option(help="Draw curves and page sketches into this folder.")
    ] = None,
    out: Annotated[Path | None, typer.Option(help="Write the report as JSON to this file too.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the report as JSON.")] = False,
) -> None:
    """Measure the detector.

    It is measured on pages it never saw.

    memos, modern_town: whether pages are signed, as served, on sources that took no part in training.
    squares: hlx8j's stretched pages, what others report on. whole, colour: pages at their own shape.
    unsigned: false alarms. drawn: every label on this project's fixed set. documents: real documents.
    conditions: turned, askew, coarse, photographed. parity: whether ONNX Runtime and torch agree.
    speed: milliseconds a scanned page, as it is served.
    With --own the labels that your file names are measured, on the test or val folder of a YOLO data.yaml.
    Intervals are 95 %, by bootstrap over documents.
    """
    from training.detector.evaluate import OWN, SETS, Evaluation  # noqa: PLC0415
    from worker.vision.values import Label  # noqa: PLC0415

    with Progress(console=_messages) as progress:
        evaluation = Evaluation(
            data,
            own=own or (),
            name=name,
            engine=engine,
            device=device,
            threads=threads,
            limit=limit,
            notice=ticker(progress),
        )
        report = evaluation.report([OWN] if own else only or SETS, split=split)
    text = json.dumps(report.as_json(), indent=2)
    if out is not None:
        out.write_text(text + "\n", encoding="utf-8")
    if plots is not None:
        from training.detector.plots import draw_plots  # noqa: PLC0415

        for path in draw_plots(evaluation.seen, plots, min_score=report.thresholds[Label.SIGNATURE.value]):
            _messages.print(f"drawn: {path}")
    if as_json:
        typer.echo(text)
    else:
        _show(report)


def _show(report: Report) -> None:
    from training.detector.select import pixels  # noqa: PLC0415

    console = output()
    thresholds = ", ".join(f"{label} {score:.2f}" for label, score in report.thresholds.items())
    measured = f"{report.engine}, {pixels(report.sizes)}, {report.date}, commit {report.commit}"
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


def _show_sets(console: Console, report: Report) -> None:
    over_all = Table(title="over all scores")
    served = Table(title="at the default threshold, IoU ≥ 0.5")
    _head(over_all, ("set", "label", "pages", "boxes", "mAP50", "mAP50-95", "precision", "recall"))
    _head(served, ("set", "label", "found", "false alarms", "recall", "precision"))
    for name, labels in report.sets.items():
        for label, found in labels.items():
            over_all.add_row(name, label, *_over_all(found))
            if found is not None and found.served.truths:
                row = found.served
                counts = (f"{row.found} of {row.truths}", str(row.false_alarms))
                served.add_row(name, label, *counts, _rate(row.recall), _rate(row.precision))
    console.print(over_all)
    console.print(served)


def _over_all(found: LabelReport | None) -> tuple[str, ...]:
    if found is None:
        return ("", "", "not known")
    one = found.figures
    if not one.truths:
        return (str(one.pages), "0", "none here")
    four = {name: getattr(one, name) for name in ("map50", "map50_95", "precision", "recall")}
    return (
        str(one.pages),
        str(one.truths),
        *(
            f"{value:.3f} ({one.intervals[name][0]:.3f}–{one.intervals[name][1]:.3f})"
            for name, value in four.items()
        ),
    )


def _show_signed_pages(console: Console, report: Report) -> None:
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


def _show_conditions(console: Console, report: Report) -> None:
    table = Table(title="signatures at the default threshold")
    _head(table, ("pages", "condition", "boxes", "recall", "precision", "recall as it lies"))
    for one in report.conditions:
        lying = "" if one.as_it_lies is None else _rate(one.as_it_lies.recall)
        row = one.served
        table.add_row(
            one.name, str(one.pages), str(row.truths), _rate(row.recall), _rate(row.precision), lying
        )
    console.print(table)


def _head(table: Table, headings: Iterable[str]) -> None:
    for heading in headings:
        table.add_column(heading)


def _rate(rate: Estimate) -> str:
    return f"{rate.value:.3f} ({rate.low:.3f}–{rate.high:.3f})"

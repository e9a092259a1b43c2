"""`countersign-train evaluate detector`: the detector's figures, as tables and as JSON."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from training.common.console import messages, output, stage_bars
from training.common.options import (
    FiguresOption,
    LimitOption,
    OptionalDataOption,
    ReportOption,
    ThreadsOption,
    data_unless,
)
from training.common.reports import write_reports
from training.detector.evaluate import OWN, SETS, DetectorReport, Evaluation
from training.detector.figures import detector_figures
from training.detector.plots import draw_plots
from training.detector.tables import show_detector
from worker.vision.choices import Label

OnlySets = Annotated[
    list[str] | None,
    typer.Option(
        help="Measure only this: memos, modern_town, squares, whole, colour, unsigned, drawn, documents, "
        "conditions, parity, speed. May be given more than once."
    ),
]
OwnTestPages = Annotated[
    list[Path] | None,
    typer.Option(
        "--own", help="Measure on your pages instead: a YOLO folder or a COCO .json; may be repeated."
    ),
]


def evaluate_detector(
    data: OptionalDataOption = None,
    only: OnlySets = None,
    own_data: OwnTestPages = None,
    name: Annotated[str, typer.Option(help="Detector in the weights catalogue.")] = "detector",
    engine: Annotated[str, typer.Option(help="onnx or torch.")] = "onnx",
    device: Annotated[str, typer.Option(help="For torch: cpu or cuda.")] = "cpu",
    split: Annotated[str, typer.Option(help="Of the public pages: test or valid.")] = "test",
    threads: ThreadsOption = 1,
    limit: LimitOption = 0,
    plots: Annotated[
        Path | None, typer.Option(help="Draw curves and page sketches into this folder.")
    ] = None,
    report_to: ReportOption = None,
    figures_to: FiguresOption = None,
) -> None:
    """Measure the detector.

    It is measured on pages it never saw.

    memos, modern_town: whether pages are signed, as served, on sources that took no part in training.
    squares: hlx8j's stretched pages, what others report on. whole, colour: pages at their own shape.
    unsigned: false alarms. drawn: every label on this project's fixed set. documents: real documents.
    conditions: turned, askew, coarse, photographed. parity: whether ONNX Runtime and torch agree. speed:
    milliseconds a scanned page, as it is served. With --own the labels that your file names are measured, on
    the test or val folder of a YOLO data.yaml. Intervals are 95 %, by bootstrap over documents.
    """
    source = data_unless(own_data, data, instead="your own pages with --own")
    with stage_bars() as notice:
        evaluation = Evaluation(
            source,
            own_data=own_data or (),
            name=name,
            engine=engine,
            device=device,
            threads=threads,
            limit=limit,
            notice=notice,
        )
        report = evaluation.report([OWN] if own_data else only or SETS, split=split)
    write_reports(report, detector_figures(report), report_to=report_to, figures_to=figures_to)
    if plots is not None:
        _draw(evaluation, report, plots)
    show_detector(output(), report)


def _draw(evaluation: Evaluation, report: DetectorReport, folder: Path) -> None:
    for path in draw_plots(evaluation.seen, folder, min_score=report.thresholds[Label.SIGNATURE.value]):
        messages.print(f"drawn: {path}")

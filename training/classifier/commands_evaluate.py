"""`countersign-train evaluate classifier`: the crop classifier's figures, as tables and as JSON."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Annotated

import typer

from training.classifier import gate
from training.classifier.evaluate import measure_classifier
from training.classifier.figures import classifier_figures
from training.classifier.tables import show_classifier, show_effect
from training.common.console import output, stage_bars, stage_names
from training.common.data import required_data
from training.common.options import (
    FiguresOption,
    LimitOption,
    OptionalDataOption,
    ReportOption,
    data_unless,
)
from training.common.reports import write_reports


def evaluate_classifier(
    data: OptionalDataOption = None,
    own_data: Annotated[
        Path | None,
        typer.Option("--own", help="Measure on crops of your own instead: OWN/signature/*.png and so on."),
    ] = None,
    detector: Annotated[
        bool, typer.Option("--detector", help="Measure what it does to the detector's answers, too.")
    ] = False,
    name: Annotated[
        str, typer.Option(help="With --detector: which one of the weights catalogue.")
    ] = "detector",
    limit: LimitOption = 0,
    report_to: ReportOption = None,
    figures_to: FiguresOption = None,
) -> None:
    """Measure the crop classifier.

    It is measured on crops of pages, hands and faces it never saw; --limit is for --detector's pages.
    """
    source = data_unless(own_data and not detector, data, instead="your own crops with --own")
    with stage_names("crops") as stage:
        report = measure_classifier(source, own_data=own_data, notice=stage)
    effect = None
    if detector:
        with stage_bars() as notice:
            effect = gate.measure_rescoring(required_data(source), name=name, limit=limit, notice=notice)
    plain = dataclasses.asdict(report) | ({} if effect is None else {"detector": dataclasses.asdict(effect)})
    write_reports(plain, classifier_figures(report, effect), report_to=report_to, figures_to=figures_to)
    show_classifier(output(), report)
    if effect is not None:
        show_effect(output(), effect)

"""`countersign-train evaluate verifier`, `copies` and `references`: figures as tables and as JSON."""

from __future__ import annotations

import json
from dataclasses import asdict
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from training.common.console import output, stage_names
from training.common.data import required_data
from training.common.figures import today
from training.common.options import (
    DataOption,
    FiguresOption,
    OptionalDataOption,
    ReportOption,
    data_unless,
)
from training.common.reports import write_reports
from training.verifier import library, measure, own, people, sets, tables
from training.verifier.copies import measure_copies
from training.verifier.enrolment import measure_reference_check
from training.verifier.figures import (
    copies_figures,
    own_figures,
    reference_figures,
    verifier_figures,
)
from training.verifier.folds import FoldsOption, load_folds
from worker.engines import build_cleaner
from worker.settings import Verification
from worker.vision.weights import WEIGHTS_DIR


class Part(StrEnum):
    """What can be measured on its own."""

    DECISIONS = "decisions"
    SETS = "sets"
    NAMES = "names"
    ROBUSTNESS = "robustness"
    IDENTIFICATION = "identification"


def evaluate_verifier(
    data: OptionalDataOption = None,
    weights: Annotated[Path, typer.Option(help="Weights folder to measure.")] = WEIGHTS_DIR,
    plots: Annotated[Path | None, typer.Option(help="Draw the curves as SVG into this folder.")] = None,
    own_signers: Annotated[
        Path | None,
        typer.Option(
            "--own", help="Measure your own signers instead of the public sets: DIR/NAME/genuine, forged."
        ),
    ] = None,
    own_all: Annotated[
        bool, typer.Option("--own-all", help="All of them, not only those that training leaves out.")
    ] = False,
    parts: Annotated[
        list[Part] | None, typer.Option("--only", help="Measure this alone; may be given several times.")
    ] = None,
    fold: FoldsOption = None,
    report_to: ReportOption = None,
    figures_to: FiguresOption = None,
) -> None:
    """Measure the verifier.

    On writers it never saw, with the query-only baseline beside it. Prints the tables in Markdown. Sets that
    it was trained on want --fold.
    """
    source = data_unless(own_signers, data, instead="your own signers with --own")
    if own_signers is not None:
        _own(own_signers, weights, every=own_all, report_to=report_to, figures_to=figures_to)
    else:
        wanted = {str(part) for part in parts or Part}
        with stage_names("evaluating") as notice:
            whole = measure.measure_verifier(
                required_data(source),
                weights,
                parts=wanted,
                plots_to=plots,
                notice=notice,
                folds=load_folds(fold),
            )
        write_reports(whole, verifier_figures(whole), report_to=report_to, figures_to=figures_to)
        typer.echo(tables.everything(whole))


def evaluate_copies(
    data: DataOption,
    copies_only: Annotated[
        bool,
        typer.Option("--copies-only", help="Leave out the pairs of genuine signatures, which take long."),
    ] = False,
    report_to: ReportOption = None,
    figures_to: FiguresOption = None,
) -> None:
    """Measure the search for copies.

    How rarely two acts of writing are taken for one, and how often a copy is found. Prints the tables in
    Markdown.
    """
    with stage_names("measuring") as notice:
        report = measure_copies(data, build_cleaner(Verification()), pairs=not copies_only, notice=notice)
    write_reports(report, copies_figures(report), report_to=report_to, figures_to=figures_to)
    typer.echo(tables.copies_table(report))


def evaluate_references(
    data: DataOption, report_to: ReportOption = None, figures_to: FiguresOption = None
) -> None:
    """Measure the check of references.

    How often a good reference is called doubtful, and how often a planted one is found.
    """
    with stage_names("measuring") as notice:
        report = measure_reference_check(data, notice=notice)
    write_reports(report, reference_figures(report), report_to=report_to, figures_to=figures_to)
    typer.echo(tables.references_table(report))


def _own(
    folder: Path, weights: Path, *, every: bool, report_to: Path | None, figures_to: Path | None
) -> None:
    gallery = sets.own_signers(folder) if every else sets.own_held_out(folder)
    models = library.load_verifier_models(weights)
    figures = own.measure_own_signers(gallery, models)
    measured = today(models.digests, own_figures(gallery.source, figures))
    report = {"own": [asdict(row) for row in figures]}
    write_reports(report, measured, report_to=report_to, figures_to=figures_to)
    typer.echo(tables.own_table(figures))


def evaluate_decisions(
    decisions: Annotated[Path, typer.Argument(help="CSV file of `countersign reviews export`.")],
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON on stdout.")] = False,
) -> None:
    """Judge the machine by what people decided, and people by the planted cases. Trains nothing.

    What people are asked is chosen: rates among all items say nothing of all verdicts. Those of `sample` do.
    """
    rates = people.judge_decisions(people.read_decisions(decisions))
    if as_json:
        typer.echo(json.dumps([asdict(rate) for rate in rates]))
    else:
        output().print(people.rate_table(rates))

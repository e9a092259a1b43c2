"""The cleaner's commands: `countersign-train train cleaner`, `export cleaner` and `evaluate cleaner`."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import torch
import typer
from rich.table import Table

from training.cleaner import pairs
from training.cleaner.evaluate import measure_cleaners
from training.cleaner.export import register_cleaner
from training.cleaner.figures import cleaner_figures
from training.cleaner.gate import GateChoice, best_gate
from training.cleaner.pairs import Clean
from training.cleaner.settings import CLEANER_SETTINGS, CleanerSettings
from training.cleaner.tables import show_cleaners
from training.cleaner.train import fit_cleaner, resume_cleaner, start_cleaner
from training.common.checkpoints import LAST
from training.common.console import messages, output, stage_names, training_bar
from training.common.data import required_data
from training.common.options import (
    DataOption,
    FiguresOption,
    OptionalDataOption,
    ReportOption,
    ResumeOption,
    SeedOption,
    SettingsOption,
    ThreadsOption,
    data_unless,
)
from training.common.reports import write_reports
from training.common.settings import read_settings
from worker.errors import WrongUse


def train_cleaner(
    data: OptionalDataOption = None,
    signatures: Annotated[
        Path | None,
        typer.Option(help="Learn from your own clean signatures, one an image, instead of --data."),
    ] = None,
    out: Annotated[Path, typer.Option(help="Folder for checkpoints and the log.")] = Path("runs/cleaner"),
    minutes: Annotated[
        float | None, typer.Option(help="Minutes of processor time; default from settings.")
    ] = None,
    seed: SeedOption = None,
    resume: ResumeOption = False,
    settings: SettingsOption = None,
    threads: ThreadsOption = 1,
) -> None:
    """Train the cleaner.

    It is trained on clean signatures made dirty; the best checkpoint is OUT/best.pt. Nothing ships before
    `export cleaner`.
    """
    torch.set_num_threads(threads)
    changes = {"minutes": minutes, "seed": seed}
    chosen = read_settings(CleanerSettings, settings or CLEANER_SETTINGS, changes=changes)
    source = data_unless(signatures, data, instead="your own clean signatures with --signatures")
    run = resume_cleaner(chosen, out / LAST) if resume else start_cleaner(chosen)
    messages.print("reading signatures …")
    clean, held_out = _clean(source, signatures, chosen)
    with training_bar(chosen.minutes, printed="validation_loss") as report:
        best = fit_cleaner(run, clean, held_out, out, report)
    messages.print(f"best checkpoint: {best}")


def export_cleaner(
    checkpoint: Annotated[Path, typer.Argument(help="A checkpoint of `train cleaner`.")],
    data: DataOption,
) -> None:
    """Ship a cleaner.

    It gets the gate that is best on validation writers. The gate is the least share of a crop's ink that the
    network must want gone before it is let at the crop.
    """
    with messages.status("choosing the gate …"):
        measured = register_cleaner(checkpoint, data)
    output().print(_gates(measured))


def evaluate_cleaner(
    data: DataOption, report_to: ReportOption = None, figures_to: FiguresOption = None
) -> None:
    """Measure the cleaner.

    On writers it never saw: strokes against ground truth, and the verifier's errors.
    """
    with stage_names("evaluating") as notice:
        report = measure_cleaners(data, notice=notice)
    write_reports(report, cleaner_figures(report), report_to=report_to, figures_to=figures_to)
    show_cleaners(output(), report)


def _clean(data: Path | None, signatures: Path | None, chosen: CleanerSettings) -> tuple[Clean, Clean]:
    """Clean signatures to train on, and held-out ones to validate on."""
    try:
        if signatures is not None:
            # Before a minute is spent on inventing more.
            pairs.own_images(signatures)
        invented = pairs.invented_signatures() if chosen.drawn_share else []
        if signatures is not None:
            return pairs.own_signatures(signatures, invented, chosen)
        return pairs.published(required_data(data), invented, chosen)
    except (OSError, ValueError) as error:
        raise WrongUse(str(error)) from error


def _gates(measured: Sequence[GateChoice]) -> Table:
    chosen = best_gate(measured)
    table = Table(title="skilled EER on validation writers, by least share of ink removed")
    for heading in ("least share", "dirty", "clean", ""):
        table.add_column(heading)
    for choice in measured:
        rates = (f"{errors.skilled.value:.1%}" for errors in (choice.dirty, choice.clean))
        table.add_row(f"{choice.min_removed:g}", *rates, "chosen" if choice is chosen else "")
    return table

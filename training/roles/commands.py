"""The roles' commands: `countersign-train train roles`, `… export roles` and `… evaluate roles`."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import numpy as np
import torch
import typer
from rich.table import Table

from training.common.checkpoints import LAST, save_checkpoint
from training.common.console import messages, output, stage_bars, training_bar
from training.common.options import (
    DataOption,
    FiguresOption,
    LimitOption,
    ReportOption,
    SeedOption,
    SettingsOption,
    ThreadsOption,
)
from training.common.reports import write_reports
from training.common.settings import read_settings
from training.common.shares import Share
from training.detector.signed_pages import SignedPages
from training.roles import crossvalidate
from training.roles.dataset import read_table
from training.roles.evaluate import RolesReport, crossvalidated, measure_left_out, qualities
from training.roles.export import register_roles, trained_head
from training.roles.pages import read_role_pages
from training.roles.settings import ROLES_SETTINGS, RolesSettings
from training.roles.table import Floats, Marks
from training.roles.train import train_head
from worker.errors import WrongUse

#: What a training leaves in its folder beside the checkpoint.
TABLE, LOGITS = "marks.npz", "held-out-logits.npy"

OutOption = Annotated[Path, typer.Option(help="Folder for marks, the checkpoint and held-out answers.")]
RunArgument = Annotated[Path, typer.Argument(help="Folder of `train roles`.", exists=True, file_okay=False)]


def train_roles(
    data: DataOption,
    out: OutOption = Path("runs/roles"),
    seed: SeedOption = None,
    settings: SettingsOption = None,
    threads: ThreadsOption = 1,
) -> None:
    """Train the roles: which marks sign.

    The network is cross-validated by document.
    Marks are read once and kept in OUT/marks.npz; that takes a third of a second a page. The checkpoint is
    OUT/last.pt; nothing ships before `export roles`.
    """
    torch.set_num_threads(threads)
    chosen = read_settings(RolesSettings, settings or ROLES_SETTINGS, changes={"seed": seed})
    out.mkdir(parents=True, exist_ok=True)
    marks = _marks(data, out / TABLE)
    with training_bar(chosen.minutes, printed="validated") as report:
        run = train_head(marks, crossvalidate.training_rows(marks), chosen, report)
    save_checkpoint(run, out / LAST)
    with stage_bars() as notice:
        np.save(out / LOGITS, crossvalidate.held_out_logits(marks, run.average, chosen, notice))
    messages.print(f"checkpoint: {out / LAST}")


def export_roles(
    run: RunArgument,
    default: Annotated[bool, typer.Option(help="Whether marks are asked for their role by default.")] = True,
) -> None:
    """Ship roles.

    The probability is calibrated and the threshold chosen on held-out answers.
    """
    marks, logits, chosen = _held_out(run)
    head = trained_head(run / LAST)
    slope, shift = crossvalidate.calibration(marks, logits, chosen)
    head.calibration.copy_(torch.tensor([slope, shift]))
    answers = crossvalidate.calibrated(marks, logits, slope=slope, shift=shift)
    threshold = crossvalidate.chosen_threshold(answers, chosen)
    entry = register_roles(head, min_probability=threshold, default=default)
    messages.print(f"roles {entry.sha256[:12]}: signs from {threshold:.3f} on, default {default}")


def evaluate_roles(
    data: DataOption,
    run: Annotated[
        Path | None, typer.Option(help="Folder of `train roles`: its cross-validated answers, too.")
    ] = None,
    limit: LimitOption = 0,
    report_to: ReportOption = None,
    figures_to: FiguresOption = None,
) -> None:
    """Measure the roles.

    Whether pages are signed and which marks sign: left-out sources first, as served.
    """
    with stage_bars() as notice:
        left_out = measure_left_out(data, notice, limit=limit)
    report = _report(left_out, run)
    write_reports(dataclasses.asdict(report), report.figures(), report_to=report_to, figures_to=figures_to)
    _show(report)


def _report(left_out: Sequence[SignedPages], run: Path | None) -> RolesReport:
    if run is None:
        return RolesReport(tuple(left_out), (), ())
    marks, logits, chosen = _held_out(run)
    slope, shift = crossvalidate.calibration(marks, logits, chosen)
    answers = crossvalidate.calibrated(marks, logits, slope=slope, shift=shift)
    threshold = crossvalidate.chosen_threshold(answers, chosen)
    return RolesReport(tuple(left_out), tuple(crossvalidated(answers, threshold)), tuple(qualities(answers)))


def _marks(data: Path, path: Path) -> Marks:
    """The marks of all pages, from `path` when they were read before."""
    if not path.exists():
        with stage_bars() as notice:
            read_table(read_role_pages(data / "detection"), notice).save(path)
    return Marks.load(path)


def _held_out(run: Path) -> tuple[Marks, Floats, RolesSettings]:
    """Marks and held-out logits of a training, with its settings; WrongUse where it left none."""
    if not (run / LOGITS).exists():
        raise WrongUse(f"there are no held-out answers in {run}; `train roles` writes them")
    return Marks.load(run / TABLE), np.load(run / LOGITS), read_settings(RolesSettings, ROLES_SETTINGS)


def _worded(share: Share) -> str:
    return f"{share.value:.3f} of {share.many}" if share.many else ""


def _show(report: RolesReport) -> None:
    table = Table("source", "signed found", "by initials only", "marks found", "unsigned called signed")
    for row in (*report.left_out, *report.crossvalidated):
        shares = (row.signed_found, row.initials_only_found, row.marks_found, row.unsigned_called_signed)
        table.add_row(row.source, *map(_worded, shares))
    output().print(table)
    for quality in report.qualities:
        output().print(
            f"{quality.source}: AUC {quality.auc:.3f}, calibration error {quality.calibration_error:.3f}, "
            f"{quality.marks} marks"
        )

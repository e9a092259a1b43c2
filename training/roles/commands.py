"""The roles' commands: `countersign-train train roles`, `… export roles` and `… evaluate roles`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Annotated

import numpy as np
import torch
import typer
from rich.table import Table

from training.common.checkpoints import LAST, save_checkpoint
from training.common.console import StageNotice, messages, output, stage_bars, training_bar
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
from training.common.statistics import Estimate
from training.roles import crossvalidate
from training.roles.backbone import published_backbone
from training.roles.choice import NestedChoice, nested_choices
from training.roles.conditions import DRAWN, HOME, measure_conditions, measure_home
from training.roles.dataset import read_table
from training.roles.evaluate import (
    RolesReport,
    crossvalidated,
    measure_left_out,
    measure_without,
)
from training.roles.export import register_roles, trained_head
from training.roles.heldout import found_within, qualities
from training.roles.network import RolesNetwork
from training.roles.page_time import TIMED, measure_page_times
from training.roles.settings import ROLES_SETTINGS, RolesSettings
from training.roles.sources import role_sources
from training.roles.table import Floats, Marks, joined_marks
from training.roles.train import train_head
from training.roles.unusual import NONE_THERE, THERE, measure_unusual
from worker.engines import build_detector
from worker.errors import WrongUse
from worker.settings import Detection

#: What can be measured of what ships, each by itself.
SOURCES, CONDITIONS, AT_HOME, KINDS, LOOKALIKES = "sources", "conditions", "home", "unusual", "lookalikes"
PAGE_TIME = "time"
#: What a training's networks answer to what they did not see.
HELD_OUT = "held-out"
PARTS = (SOURCES, CONDITIONS, AT_HOME, KINDS, LOOKALIKES, PAGE_TIME, HELD_OUT)
#: The score from which boxes count where all of them do: those below move no average precision.
_EVERY_SCORE = 0.01
#: The false alarms at which held-out answers are compared: sources with bars, at their bar and at 2 %.
_BUDGET = 0.02
#: The source whose answers flatter whoever chose with them in view.
_CHOSEN_ON = "memos"
#: What a training leaves in its folder beside the checkpoint.
TABLE, LOGITS = "marks.npz", "held-out-logits.npy"
#: The checkpoint of the head that saw nothing of crossvalidate.LEFT_OUT.
WITHOUT = "without.pt"

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

    The network is cross-validated by document, and a second one leaves a whole source out.
    Marks are read once and kept in OUT, a file a source; that takes a third of a second a page. The
    checkpoint is OUT/last.pt; nothing ships before `export roles`.
    """
    torch.set_num_threads(threads)
    chosen = read_settings(RolesSettings, settings or ROLES_SETTINGS, changes={"seed": seed})
    out.mkdir(parents=True, exist_ok=True)
    marks = _marks(data, out, chosen)
    marks.save(out / TABLE)
    with training_bar(chosen.minutes, printed="validated") as report:
        run = train_head(marks, crossvalidate.training_rows(marks), chosen, report)
    save_checkpoint(run, out / LAST)
    rows = crossvalidate.rows_without(marks, crossvalidate.LEFT_OUT)
    without = train_head(marks, rows, chosen, lambda _: None)
    save_checkpoint(without, out / WITHOUT)
    with stage_bars() as notice:
        logits = crossvalidate.held_out_logits(marks, run.average, without.average, chosen, notice)
    np.save(out / LOGITS, logits)
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
    against: Annotated[
        list[Path] | None,
        typer.Option(
            help="Folder of another `train roles` with the same marks: how the memos are answered when other "
            "folds, or other sources, choose between it and RUN. May be given more than once."
        ),
    ] = None,
    only: Annotated[
        list[str] | None,
        typer.Option(help=f"Measure only this: {', '.join(PARTS)}. May be given more than once."),
    ] = None,
    limit: LimitOption = 0,
    report_to: ReportOption = None,
    figures_to: FiguresOption = None,
) -> None:
    """Measure the roles.

    Whether pages are signed and which marks sign: left-out sources first, then drawn pages askew and
    photographed, the home test set, and drawn pages of unusual kinds; all as served.
    """
    parts = _parts(only, run, against)
    with stage_bars() as notice:
        report = _as_served(data, parts, notice, limit=limit)
        if run is not None and HELD_OUT in parts:
            report = _with_held_out(report, data, run, against or (), notice, limit=limit)
    write_reports(asdict(report), report.figures(), report_to=report_to, figures_to=figures_to)
    _show(report)


def _parts(only: Sequence[str] | None, run: Path | None, against: Sequence[Path] | None) -> Sequence[str]:
    """What is measured; WrongUse where options do not go together."""
    if unknown := set(only or ()) - set(PARTS):
        raise WrongUse(f"unknown: {', '.join(sorted(unknown))}; there are {', '.join(PARTS)}")
    if run is None and (against or HELD_OUT in (only or ())):
        raise WrongUse("held-out answers lie in the folder of a training; name it by --run")
    return only or PARTS


def _network_without(run: Path) -> RolesNetwork:
    """The network that saw nothing of the source left out, calibrated as the one that ships."""
    marks, logits, chosen = _held_out(run)
    head = trained_head(run / WITHOUT)
    head.calibration.copy_(torch.tensor(crossvalidate.calibration(marks, logits, chosen)))
    return RolesNetwork(published_backbone(), head).eval()


def _as_served(data: Path, parts: Sequence[str], notice: StageNotice, *, limit: int) -> RolesReport:
    """Those of PARTS, by what ships."""
    detector = build_detector(Detection(roles="on"))
    report = RolesReport()
    if SOURCES in parts:
        report = replace(report, left_out=tuple(measure_left_out(data, detector, notice, limit=limit)))
    if CONDITIONS in parts:
        report = replace(report, conditions=tuple(measure_conditions(detector, notice, limit=limit)))
    if KINDS in parts:
        report = replace(report, unusual=tuple(measure_unusual(THERE, detector, notice, limit=limit)))
    if LOOKALIKES in parts:
        alike = measure_unusual(NONE_THERE, detector, notice, limit=limit)
        report = replace(report, lookalikes=tuple(alike))
    if AT_HOME in parts:
        every = build_detector(Detection(roles="on", min_score=_EVERY_SCORE))
        home, served = (
            measure_home(data / "detection", looking, notice, limit=limit) for looking in (every, detector)
        )
        report = replace(report, home=home, home_served=served)
    if PAGE_TIME in parts:
        times = measure_page_times(
            data, build_detector(Detection(roles="on", threads=1)), notice, limit=limit
        )
        report = replace(report, page_times=times)
    return report


def _with_held_out(
    report: RolesReport, data: Path, run: Path, against: Sequence[Path], notice: StageNotice, *, limit: int
) -> RolesReport:
    """The report with the answers of a training's networks to what they did not see."""
    answers, chosen = _answers(run)
    threshold = crossvalidate.chosen_threshold(answers, chosen)
    without = measure_without(data, _network_without(run), notice, limit=limit)
    return replace(
        report,
        left_out=(without, *report.left_out),
        crossvalidated=tuple(crossvalidated(answers, threshold)),
        budgets=tuple(
            found_within(answers, source, alarms)
            for source, bars in chosen.bars.items()
            for alarms in (bars.false_alarms, _BUDGET)
        ),
        qualities=tuple(qualities(answers)),
        choices=tuple(_choices([run, *against])) if against else (),
    )


def _answers(run: Path) -> tuple[crossvalidate.HeldOutPredictions, RolesSettings]:
    """The calibrated held-out answers of a training, with its settings."""
    marks, logits, chosen = _held_out(run)
    slope, shift = crossvalidate.calibration(marks, logits, chosen)
    return crossvalidate.calibrated(marks, logits, slope=slope, shift=shift), chosen


def _choices(runs: Sequence[Path]) -> list[NestedChoice]:
    """How _CHOSEN_ON is answered where pages beside those answered choose among trainings."""
    answers = [_answers(run) for run in runs]
    settings = answers[0][1]
    budgets = settings.bars[_CHOSEN_ON].false_alarms, _BUDGET
    forms = [predictions for predictions, _ in answers]
    return nested_choices(forms, _CHOSEN_ON, folds=settings.folds, budgets=budgets)


def _marks(data: Path, out: Path, chosen: RolesSettings) -> Marks:
    """The marks of all pages, drawn ones too; a source that was read before comes from its file."""
    tables = []
    for source, pages, count in role_sources(data, drawn=chosen.drawn, decoys=chosen.decoys):
        path = out / f"marks-{source}.npz"
        if not path.exists():
            with stage_bars() as notice:
                read_table(pages, count, notice).save(path)
        tables.append(Marks.load(path))
    return joined_marks(tables)


def _held_out(run: Path) -> tuple[Marks, Floats, RolesSettings]:
    """Marks and held-out logits of a training, with its settings; WrongUse where it left none."""
    if not (run / LOGITS).exists():
        raise WrongUse(f"there are no held-out answers in {run}; `train roles` writes them")
    return Marks.load(run / TABLE), np.load(run / LOGITS), read_settings(RolesSettings, ROLES_SETTINGS)


def _worded(share: Share) -> str:
    """A share with its 95 % interval; nothing for a share of nothing."""
    low, high = share.interval
    return f"{share.value:.3f} ({low:.3f}–{high:.3f}) of {share.many}" if share.many else ""


def _estimated(value: Estimate) -> str:
    return f"{value.value:.3f} ({value.low:.3f}–{value.high:.3f})"


def _show(report: RolesReport) -> None:
    table = Table("source", "signed found", "by initials only", "marks found", "unsigned called signed")
    for row in (*report.left_out, *report.crossvalidated):
        shares = (row.signed_found, row.initials_only_found, row.marks_found, row.unsigned_called_signed)
        table.add_row(row.source, *map(_worded, shares))
    output().print(table)
    for quality in report.every_quality:
        output().print(
            f"{quality.source}: AUC {_estimated(quality.auc)}, "
            f"calibration error {_estimated(quality.calibration_error)}, {quality.marks} marks"
        )
    for budget in report.every_budget:
        output().print(
            f"{budget.source}, at {budget.false_alarms:.0%} false alarms: {_worded(budget.signed_found)}, "
            f"by initials only {_worded(budget.initials_only_found)}"
        )
    for choice in report.choices:
        output().print(f"{choice.quality.source}: of RUN and those against it, {choice.picks} by fold")
    _show_drawn(report)
    _show_home(report)
    _show_page_times(report)


def _show_home(report: RolesReport) -> None:
    for name, home in ((HOME, report.home), (f"{HOME}, as served", report.home_served)):
        if home is not None:
            low, high = home.intervals["map50"]
            tight_low, tight_high = home.intervals["map50_95"]
            output().print(
                f"{name}: mAP50 {home.map50:.3f} ({low:.3f}–{high:.3f}), mAP50-95 "
                f"{home.map50_95:.3f} ({tight_low:.3f}–{tight_high:.3f}), {home.truths} signatures"
            )


def _show_page_times(report: RolesReport) -> None:
    if (times := report.page_times) is not None:
        output().print(
            f"{TIMED}: {times.mean.value:.0f} ({times.mean.low:.0f}–{times.mean.high:.0f}) ms a page, "
            f"median {times.median:.0f}, slowest {times.slowest:.0f}, {times.pages} pages"
        )


def _show_drawn(report: RolesReport) -> None:
    for seen in report.conditions:
        output().print(f"{DRAWN}, {seen.condition}: signatures found {_worded(seen.share)}")
    for kind in report.unusual:
        output().print(f"{kind.kind}: signatures found {_worded(kind.share)}")
    for kind in report.lookalikes:
        output().print(f"{kind.kind}: called signed {_worded(kind.share)}")

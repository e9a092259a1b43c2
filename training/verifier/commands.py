"""The verifier's commands: `train verifier`, `export verifier`, `evaluate verifier`.

Heavy libraries are imported inside, so that `--help` answers at once and without torch.
"""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table

if TYPE_CHECKING:
    from training.verifier.evaluate import Rate, Report

DataOption = Annotated[
    Path, typer.Option("--data", envvar="COUNTERSIGN_DATA", help="Folder with detection/ and verification/.")
]
DEFAULT_DATA = Path("../shared/data")

_messages = Console(stderr=True)


def train(  # a command's options
    data: DataOption = DEFAULT_DATA,
    out: Annotated[Path, typer.Option(help="Folder for checkpoints and the log.")] = Path("runs/verifier"),
    minutes: Annotated[float | None, typer.Option(help="Wall-clock budget; default from settings.")] = None,
    resume: Annotated[
        bool, typer.Option("--resume", help="Go on from the last checkpoint in --out.")
    ] = False,
    settings: Annotated[Path | None, typer.Option(help="Another settings file.")] = None,
    threads: Annotated[int, typer.Option(help="CPU threads.")] = 1,
) -> None:
    """Train the verifier's encoder and pair classifier; the best checkpoint is OUT/best.pt.

    What is learnt ships only after `countersign export verifier`.
    """
    import torch  # noqa: PLC0415

    from training.verifier import sets  # noqa: PLC0415
    from training.verifier import settings as settings_file  # noqa: PLC0415
    from training.verifier import train as trainer  # noqa: PLC0415
    from training.verifier.batches import Batches  # noqa: PLC0415

    torch.set_num_threads(threads)
    chosen = settings_file.read(settings or settings_file.DEFAULT)
    if minutes is not None:
        chosen = dataclasses.replace(chosen, minutes=minutes)
    _messages.print("reading specimens …")
    scanned, online = sets.scanned_for_training(data), sets.online_for_training(data)
    drawn = sets.drawn_for_training() if chosen.drawn_share else []
    run = trainer.resume(chosen, out / "last.pt") if resume else trainer.start(chosen)
    with _progress() as progress:
        bar = progress.add_task("train", total=chosen.minutes * 60, figures="")

        def report(figures: dict[str, float]) -> None:
            progress.update(bar, completed=figures["seconds"], figures=_named(figures))
            if "skilled_1" in figures:
                progress.console.print(_named(figures))

        batches = Batches(scanned, online, drawn, chosen)
        best = trainer.train(run, batches, sets.validation(data), out, report)
    _messages.print(f"best checkpoint: {best}")


def export(
    checkpoint: Annotated[Path, typer.Argument(help="A checkpoint of `countersign train verifier`.")],
    data: DataOption = DEFAULT_DATA,
) -> None:
    """Ship a checkpoint: ONNX and safetensors, calibrated on signers that trained nothing."""
    from training.verifier import scoring, sets  # noqa: PLC0415
    from training.verifier.calibrate import calibrate  # noqa: PLC0415
    from training.verifier.export import export as register_models  # noqa: PLC0415
    from training.verifier.export import export_calibration  # noqa: PLC0415
    from worker.vision.encoder import load_encoder  # noqa: PLC0415
    from worker.vision.matcher import load_matcher  # noqa: PLC0415

    register_models(checkpoint)
    encoder, matcher = load_encoder(), load_matcher()
    galleries = [sets.validation(data), sets.online_validation(data)]
    with _messages.status("calibrating …"):
        calibration = calibrate([(found, scoring.scores(found, encoder, matcher)) for found in galleries])
    export_calibration(calibration)
    _messages.print_json(data=calibration)


def evaluate(
    data: DataOption = DEFAULT_DATA,
    out: Annotated[Path | None, typer.Option(help="Write the report as JSON to this file too.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the report as JSON.")] = False,
) -> None:
    """Measure the shipped verifier on writers it never saw, with the query-only baseline beside it."""
    from training.verifier.evaluate import evaluate as run  # noqa: PLC0415

    with _messages.status("evaluating …") as status:
        report = run(data, notice=lambda stage: status.update(f"evaluating: {stage} …"))
    text = json.dumps(report.as_json(), indent=2)
    if out is not None:
        out.write_text(text + "\n", encoding="utf-8")
    if as_json:
        typer.echo(text)
    else:
        _show(report)


def _progress() -> Progress:
    columns = (TextColumn("{task.description}"), BarColumn(), TimeRemainingColumn())
    return Progress(*columns, TextColumn("{task.fields[figures]}"), console=_messages)


def _named(figures: dict[str, float]) -> str:
    return ", ".join(f"{name} {value:.4g}" for name, value in figures.items())


def _show(report: Report) -> None:
    title = f"verifier {report.digests['encoder'][:12]}, commit {report.commit}, {report.date}"
    table = Table(title=title, caption="EER with 95 % interval over writers")
    for heading in ("set", "writers", "references", "skilled", "random", "queries", "query only"):
        table.add_column(heading)
    for name, found in report.sets.items():
        alone = f"{found.query_only_embedding:.1%} / {found.query_only_measures:.1%}"
        for figures in found.figures:
            queries = f"{figures.genuine_queries} + {figures.forged_queries}"
            counts = (str(found.writers), str(figures.references))
            table.add_row(name, *counts, _rate(figures.skilled), _rate(figures.random), queries, alone)
    console = Console()
    console.print(table)
    console.print(
        "query only: EER of the embedding / of plain measures, without any reference; 50 % is chance"
    )
    console.print(_verdicts(report))


def _verdicts(report: Report) -> Table:
    """What the calibrated verifier says, in shares of genuine and of forged queries."""
    table = Table(title="verdicts")
    for heading in ("set", "references", "genuine: accepted, cannot say", "forged: rejected, cannot say"):
        table.add_column(heading)
    for name, found in report.sets.items():
        for figures in found.figures:
            said = figures.verdicts
            genuine = f"{said.genuine_accepted:.1%}, {said.genuine_inconclusive:.1%}"
            forged = f"{said.forged_rejected:.1%}, {said.forged_inconclusive:.1%}"
            table.add_row(name, str(figures.references), genuine, forged)
    return table


def _rate(rate: Rate) -> str:
    return f"{rate.rate:.1%} ({rate.low:.1%}–{rate.high:.1%})"

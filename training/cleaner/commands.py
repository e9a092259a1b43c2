"""The cleaner's commands: `train cleaner`, `export cleaner`, `evaluate cleaner`.

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

from training.printing import output

if TYPE_CHECKING:
    from training.cleaner.evaluate import Report
    from training.common.statistics import Estimate

DataOption = Annotated[
    Path, typer.Option("--data", envvar="COUNTERSIGN_DATA", help="Folder with detection/ and verification/.")
]
DEFAULT_DATA = Path("../shared/data")

_messages = Console(stderr=True)


def train(  # a command's options
    data: DataOption = DEFAULT_DATA,
    signatures: Annotated[
        Path | None,
        typer.Option(help="Learn from your own clean signatures, one an image, instead of --data."),
    ] = None,
    out: Annotated[Path, typer.Option(help="Folder for checkpoints and the log.")] = Path("runs/cleaner"),
    minutes: Annotated[
        float | None, typer.Option(help="Minutes of processor time; default from settings.")
    ] = None,
    resume: Annotated[
        bool, typer.Option("--resume", help="Go on from the last checkpoint in --out.")
    ] = False,
    settings: Annotated[Path | None, typer.Option(help="Another settings file.")] = None,
    threads: Annotated[int, typer.Option(help="CPU threads.")] = 1,
) -> None:
    """Train the cleaner.

    It is trained on clean signatures made dirty; the best checkpoint is OUT/best.pt.
    Nothing ships before `countersign-train export cleaner`.
    """
    import torch  # noqa: PLC0415

    from training.cleaner import pairs  # noqa: PLC0415
    from training.cleaner import settings as settings_file  # noqa: PLC0415
    from training.cleaner import train as trainer  # noqa: PLC0415

    torch.set_num_threads(threads)
    chosen = settings_file.read(settings or settings_file.DEFAULT)
    if minutes is not None:
        chosen = dataclasses.replace(chosen, minutes=minutes)
    _messages.print("reading signatures …")
    try:
        invented = pairs.drawn()
        if signatures:
            clean, held_out = pairs.own(signatures, invented, chosen)
        else:
            clean, held_out = pairs.published(data, invented, chosen)
    except (OSError, ValueError) as error:
        raise typer.BadParameter(str(error)) from error
    run = trainer.resume(chosen, out / "last.pt") if resume else trainer.start(chosen)
    with _progress() as progress:
        bar = progress.add_task("train", total=chosen.minutes * 60, figures="")

        def report(figures: dict[str, float]) -> None:
            progress.update(bar, completed=figures["seconds"], figures=_named(figures))
            if "validation_loss" in figures:
                progress.console.print(_named(figures))

        best = trainer.train(run, clean, held_out, out, report)
    _messages.print(f"best checkpoint: {best}")


def export(
    checkpoint: Annotated[Path, typer.Argument(help="A checkpoint of `countersign-train train cleaner`.")],
    data: DataOption = DEFAULT_DATA,
) -> None:
    """Ship a cleaner.

    It gets the gate that is best on validation writers.
    The gate is the least share of a crop's ink that the network must want gone before it is let at the crop.
    """
    from training.cleaner.export import export as register_network  # noqa: PLC0415
    from training.cleaner.gate import best  # noqa: PLC0415

    with _messages.status("choosing the gate …"):
        measured = register_network(checkpoint, data)
    chosen = best(measured)
    table = Table(title="skilled EER on validation writers, by least share of ink removed")
    for heading in ("least share", "dirty", "clean", ""):
        table.add_column(heading)
    for one in measured:
        rates = (f"{errors.skilled.value:.1%}" for errors in (one.dirty, one.clean))
        table.add_row(f"{one.min_removed:g}", *rates, "chosen" if one is chosen else "")
    output().print(table)


def evaluate(
    data: DataOption = DEFAULT_DATA,
    out: Annotated[Path | None, typer.Option(help="Write the report as JSON to this file too.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the report as JSON.")] = False,
) -> None:
    """Measure the cleaner.

    On writers it never saw: strokes against ground truth, and the verifier's errors.
    """
    from training.cleaner.evaluate import evaluate as run  # noqa: PLC0415

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
    out = output()
    title = f"cleaner {report.digests['cleaner'][:12]}, verifier {report.digests['encoder'][:12]}"
    for name, found in report.sets.items():
        genuine, skilled, random = found.trials
        table = Table(
            title=f"{name}: {title}, commit {report.commit}, {report.date}",
            caption=f"{found.writers} writers, {found.specimens} crops, "
            f"{genuine} genuine + {skilled} skilled + {random} random trials; 95 % intervals over writers",
        )
        for heading in ("cleaner", "precision", "recall", "F1", "invented"):
            table.add_column(heading)
        for heading in ("dirty: skilled EER", "random EER", "clean: skilled EER", "random EER", "touched"):
            table.add_column(heading)
        for cleaner, figures in found.figures.items():
            strokes = figures.strokes
            told = (strokes.precision, strokes.recall, strokes.f1, strokes.invented)
            errors = (
                errors for kind in (figures.dirty, figures.clean) for errors in (kind.skilled, kind.random)
            )
            table.add_row(cleaner, *map(_rate, told), *map(_rate, errors), f"{figures.touched:.1%}")
        perfect = (found.perfect.skilled, found.perfect.random)
        table.add_row("perfect", *[""] * 4, *map(_rate, perfect), *[""] * 3)
        out.print(table)


def _rate(rate: Estimate) -> str:
    return f"{rate.value:.1%} ({rate.low:.1%}–{rate.high:.1%})"

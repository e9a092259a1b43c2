"""The cleaner's commands: `train cleaner`, `export cleaner`, `evaluate cleaner`.

Heavy libraries are imported inside, so that `--help` answers at once and without torch.
"""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

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
    minutes: Annotated[float | None, typer.Option(help="Wall-clock budget; default from settings.")] = None,
    resume: Annotated[
        bool, typer.Option("--resume", help="Go on from the last checkpoint in --out.")
    ] = False,
    settings: Annotated[Path | None, typer.Option(help="Another settings file.")] = None,
    threads: Annotated[int, typer.Option(help="CPU threads.")] = 1,
) -> None:
    """Train the cleaner's network on clean signatures made dirty; the best checkpoint is OUT/best.pt.

    What is learnt ships only after `countersign export cleaner`.
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
        clean, held_out = pairs.own(signatures, chosen) if signatures else pairs.published(data, chosen)
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


def _progress() -> Progress:
    columns = (TextColumn("{task.description}"), BarColumn(), TimeRemainingColumn())
    return Progress(*columns, TextColumn("{task.fields[figures]}"), console=_messages)


def _named(figures: dict[str, float]) -> str:
    return ", ".join(f"{name} {value:.4g}" for name, value in figures.items())

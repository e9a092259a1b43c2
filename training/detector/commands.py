"""The detector's commands: `countersign train detector` and `countersign evaluate detector`.

Heavy libraries are imported inside, so that `--help` answers at once and without torch.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console
from rich.progress import Progress
from rich.table import Table

if TYPE_CHECKING:
    from training.detector.evaluate import Report

DataOption = Annotated[
    Path, typer.Option("--data", envvar="COUNTERSIGN_DATA", help="Folder with detection/ and verification/.")
]
DEFAULT_DATA = Path("../shared/data")

_messages = Console(stderr=True)


def train(  # a command's options
    data: DataOption = DEFAULT_DATA,
    out: Annotated[Path, typer.Option(help="Folder for pages and checkpoints.")] = Path("runs/detector"),
    stage: Annotated[str, typer.Option(help="Table of settings.toml: first, second, third.")] = "first",
    minutes: Annotated[float | None, typer.Option(help="Wall-clock budget instead of the stage's.")] = None,
    initial: Annotated[Path | None, typer.Option(help="Weights to start from, instead of the usual.")] = None,
    resume: Annotated[bool, typer.Option("--resume", help="Go on from the stage's last epoch.")] = False,
    limit: Annotated[int, typer.Option(help="Use at most so many pages of each source; 0 is all.")] = 0,
    threads: Annotated[int, typer.Option(help="CPU threads.")] = 1,
    device: Annotated[str, typer.Option(help="cpu, or a CUDA device number.")] = "cpu",
) -> None:
    """Train the detector; the last checkpoint lies in OUT/STAGE/weights/last.pt.

    Pages are prepared once a stage in OUT/STAGE/pages. The first stage starts from a COCO backbone in
    DATA/weights, the others from the one before. Nothing ships before the checkpoint is exported.
    """
    from training.detector import train as trainer  # noqa: PLC0415
    from training.detector.dataset import Recipe, build  # noqa: PLC0415
    from training.detector.settings import read_settings  # noqa: PLC0415

    changed = {"threads": threads, "device": device} | ({} if minutes is None else {"minutes": minutes})
    settings = read_settings(stage).model_copy(update=changed)
    folder = out.resolve() / stage
    described = folder / "pages" / "data.yaml"
    if not described.exists():
        _messages.print("preparing pages …")
        build(
            data,
            described.parent,
            seed=settings.seed,
            recipe=Recipe(invented=settings.invented),
            limit=limit,
        )
    last = trainer.train(
        described,
        folder,
        settings,
        initial=initial or _usual_start(stage, data, out.resolve()),
        resume=folder / "weights" / "last.pt" if resume else None,
        on_epoch=lambda epoch, losses: _messages.print(f"epoch {epoch}: {_named(losses)}"),
    )
    _messages.print(f"checkpoint: {last}")


def export(
    checkpoint: Annotated[Path, typer.Argument(help="A checkpoint of `countersign train detector`.")],
    data: DataOption = DEFAULT_DATA,
    sizes: Annotated[
        str, typer.Option(help="Input sizes to choose from, on validation pages.")
    ] = "416,480,544,640",
) -> None:
    """Ship a checkpoint, at the input size and threshold that validation pages favour."""
    from training.detector.select import choose_and_export  # noqa: PLC0415

    with Progress(console=_messages) as progress:
        choice = choose_and_export(
            checkpoint, data, [int(size) for size in sizes.split(",")], _ticker(progress)
        )
    _messages.print(
        f"size {choice.size}, threshold {choice.min_score:.2f}, validation mAP50 {choice.map50:.3f}"
    )


def evaluate(  # a command's options
    data: DataOption = DEFAULT_DATA,
    engine: Annotated[str, typer.Option(help="onnx or torch.")] = "onnx",
    device: Annotated[str, typer.Option(help="For torch: cpu or cuda.")] = "cpu",
    split: Annotated[str, typer.Option(help="hlx8j split: test or valid.")] = "test",
    threads: Annotated[int, typer.Option(help="CPU threads.")] = 1,
    limit: Annotated[int, typer.Option(help="At most so many pages of each set; 0 is all.")] = 0,
    out: Annotated[Path | None, typer.Option(help="Write the report as JSON to this file too.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the report as JSON.")] = False,
) -> None:
    """Measure the shipped detector on pages it never saw: average precision and false alarms."""
    from training.detector.evaluate import evaluate as run  # noqa: PLC0415

    with Progress(console=_messages) as progress:
        report = run(
            data,
            engine=engine,
            splits=(split,),
            device=device,
            threads=threads,
            limit=limit,
            notice=_ticker(progress),
        )
    text = json.dumps(report.as_json(), indent=2)
    if out is not None:
        out.write_text(text + "\n", encoding="utf-8")
    if as_json:
        typer.echo(text)
    else:
        _show(report)


def _usual_start(stage: str, data: Path, out: Path) -> Path | None:
    """What a stage starts from when nothing is named; None, from scratch, when that is not there."""
    before = {"second": "first", "third": "second"}.get(stage)
    backbone = data / "weights" / "yolov5n_coco.safetensors"
    usual = backbone if before is None else out / before / "weights" / "last.pt"
    return usual if usual.exists() else None


def _ticker(progress: Progress) -> Any:
    """A notice that moves one bar per stage."""
    bars: dict[str, Any] = {}

    def tick(stage: str, done: int, total: int) -> None:
        if stage not in bars:
            bars[stage] = progress.add_task(stage, total=total)
        progress.update(bars[stage], completed=done)

    return tick


def _named(losses: dict[str, float]) -> str:
    return ", ".join(f"{name} {value:.3f}" for name, value in losses.items())


def _show(report: Report) -> None:
    console = Console()
    table = Table(title=f"detector {report.weights[:12]}, {report.engine}, {report.size} px, {report.date}")
    for heading in ("set", "pages", "signatures", "mAP50 (95 %)", "mAP50-95", "P", "R"):
        table.add_column(heading)
    for name, found in report.sets.items():
        interval = f"{found.map50:.3f} ({found.low:.3f}–{found.high:.3f})"
        counts = (str(found.pages), str(found.signatures))
        rest = (f"{found.map50_95:.3f}", f"{found.precision:.3f}", f"{found.recall:.3f}")
        table.add_row(name, *counts, interval, *rest)
    console.print(table)
    if report.unsigned is not None:
        alarms = report.unsigned
        console.print(
            f"{alarms.pages} unsigned pages at score ≥ {alarms.min_score:.2f}: {alarms.per_page:.3f} false "
            f"alarms a page, {alarms.pages_with_any} pages with any; commit {report.commit}"
        )

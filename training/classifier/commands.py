"""The crop classifier's commands: `train classifier`, `export classifier`, `evaluate classifier`.

Heavy libraries are imported inside, so that `--help` answers at once and without torch.
"""

from __future__ import annotations

import dataclasses
import json
import math
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, Progress, TaskID, TextColumn, TimeRemainingColumn
from rich.table import Table

from training.printing import output

if TYPE_CHECKING:
    from training.classifier import gate
    from training.classifier.evaluate import Report
    from training.classifier.gate import GateReport
    from training.classifier.metrics import CropFigures
    from training.classifier.network import CropNetwork
    from training.classifier.pieces import Piece
    from training.classifier.settings import Settings
    from training.common.statistics import Estimate

DataOption = Annotated[
    Path, typer.Option("--data", envvar="COUNTERSIGN_DATA", help="Folder with detection/ and verification/.")
]
DEFAULT_DATA = Path("../shared/data")

_messages = Console(stderr=True)


def train(  # a command's options
    data: DataOption = DEFAULT_DATA,
    out: Annotated[Path, typer.Option(help="Folder for crops, checkpoints and the log.")] = Path(
        "runs/classifier"
    ),
    own: Annotated[
        Path | None, typer.Option(help="Crops of your own to learn from, too: OWN/signature/*.png and so on.")
    ] = None,
    fonts: Annotated[
        Path | None,
        typer.Option(help="More faces to draw crops in: FONTS/print and FONTS/hands, .ttf, .otf or .woff."),
    ] = None,
    minutes: Annotated[float | None, typer.Option(help="Wall-clock budget; default from settings.")] = None,
    resume: Annotated[
        bool, typer.Option("--resume", help="Go on from the last checkpoint in --out.")
    ] = False,
    shipped: Annotated[
        bool, typer.Option("--shipped", help="Start from the shipped weights, not from scratch.")
    ] = False,
    settings: Annotated[Path | None, typer.Option(help="Another settings file.")] = None,
    threads: Annotated[int, typer.Option(help="CPU threads.")] = 1,
) -> None:
    """Train the crop classifier.

    It tells signature, handwriting, printed text, stamp or logo apart.
    Crops are cut and drawn once and kept in OUT. The best checkpoint is OUT/best.pt, the last OUT/last.pt,
    what it started from OUT/start.pt; nothing ships before `countersign-train export classifier`.
    Folders in OWN are named signature, handwriting, printed_text, stamp_or_logo; not all are needed.
    """
    import torch  # noqa: PLC0415

    from training.classifier import sets  # noqa: PLC0415
    from training.classifier import settings as settings_file  # noqa: PLC0415
    from training.classifier import train as trainer  # noqa: PLC0415

    torch.set_num_threads(threads)
    chosen = settings_file.read(settings or settings_file.DEFAULT)
    if minutes is not None:
        chosen = dataclasses.replace(chosen, minutes=minutes)
    extra = [] if own is None else list(sets.own(own))
    pieces, validation = _pieces(data, out, chosen, fonts)
    if resume:
        run = trainer.resume(chosen, out / "last.pt")
    else:
        run = trainer.start(chosen, _shipped(pieces, chosen) if shipped else None)
        trainer.save(run, out / "start.pt")
    with _progress() as progress:
        bar = progress.add_task("train", total=chosen.minutes * 60, figures="")

        def report(figures: dict[str, float]) -> None:
            progress.update(bar, completed=figures["seconds"], figures=_named(figures))
            if "balanced" in figures:
                progress.console.print(_named(figures))

        best = trainer.train(run, [*pieces, *extra], validation, out, report)
    _messages.print(f"best checkpoint: {best}")


def export(
    checkpoints: Annotated[
        list[Path],
        typer.Argument(help="Checkpoints of `train classifier`; the mean of several ships."),
    ],
    data: DataOption = DEFAULT_DATA,
) -> None:
    """Ship a crop classifier.

    It rejects from the probability that is best on the validation set.
    It is on by default only if it helps there.
    """
    from training.classifier import gate  # noqa: PLC0415
    from training.classifier.export import export as register  # noqa: PLC0415

    register(checkpoints, doubt=1.0, default=False)
    with _progress() as progress:
        choice = gate.choose(data, _ticker(progress))
    entry = register(checkpoints, doubt=choice.doubt, default=choice.default)
    _messages.print(f"classifier {entry.sha256[:12]}: doubt {choice.doubt:.2f}, default {choice.default}")
    for line in choice.lines:
        _messages.print(line)


def evaluate(  # a command's options
    data: DataOption = DEFAULT_DATA,
    own: Annotated[
        Path | None, typer.Option(help="Measure on crops of your own instead: OWN/signature/*.png and so on.")
    ] = None,
    detector: Annotated[
        bool, typer.Option("--detector", help="Measure what it does to the detector's answers, too.")
    ] = False,
    name: Annotated[
        str, typer.Option(help="With --detector: which one of the weights catalogue.")
    ] = "detector",
    limit: Annotated[int, typer.Option(help="With --detector: at most so many pages of each set.")] = 0,
    out: Annotated[Path | None, typer.Option(help="Write the report as JSON to this file too.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the report as JSON.")] = False,
) -> None:
    """Measure the crop classifier.

    It is measured on crops of pages, hands and faces it never saw.
    """
    from training.classifier import gate  # noqa: PLC0415
    from training.classifier.evaluate import evaluate as run  # noqa: PLC0415

    with _progress() as progress:
        bar = progress.add_task("crops", total=None, figures="")
        report = run(data, own=own, notice=lambda stage: progress.update(bar, figures=stage))
        progress.update(bar, total=1, completed=1)
        effect = None
        if detector:
            effect = gate.evaluate(data, name=name, limit=limit, notice=_ticker(progress))
    plain = report.as_json() | ({} if effect is None else {"detector": effect.as_json()})
    text = json.dumps(plain, indent=2)
    if out is not None:
        out.write_text(text + "\n", encoding="utf-8")
    if as_json:
        typer.echo(text)
        return
    _show(report)
    if effect is not None:
        _show_effect(effect)


def _shipped(pieces: list[Piece], chosen: Settings) -> CropNetwork:
    """The shipped network, its batch norms set by 512 of the crops that it will see."""
    import torch  # noqa: PLC0415

    from training.classifier.shipped import shipped_network  # noqa: PLC0415
    from training.classifier.train import Batches  # noqa: PLC0415

    batches = Batches(pieces, chosen)
    images = [batches.draw(step)[0] for step in range(max(1, 512 // chosen.batch))]
    return shipped_network(torch.cat(images), chosen.dropout)


def _pieces(data: Path, out: Path, chosen: Settings, fonts: Path | None) -> tuple[list[Piece], list[Piece]]:
    """Training and validation pieces, from OUT when they were made before."""
    from training.classifier import sets  # noqa: PLC0415

    out.mkdir(parents=True, exist_ok=True)
    learnt, held = sets.Store(out / "train.npz"), sets.Store(out / "valid.npz")
    with _messages.status("preparing crops …") as status:
        if not learnt.path.exists():
            faces = sets.read_fonts(fonts, out / "fonts")
            made = sets.training(
                data, chosen, faces, lambda name: status.update(f"preparing crops: {name} …")
            )
            learnt.save(made)
        if not held.path.exists():
            status.update("preparing crops: validation …")
            held.save(sets.validation(data))
        return learnt.load(), held.load()


def _progress() -> Progress:
    columns = (TextColumn("{task.description}"), BarColumn(), TimeRemainingColumn())
    return Progress(*columns, TextColumn("{task.fields[figures]}"), console=_messages)


def _ticker(progress: Progress) -> gate.Notice:
    """A notice that moves one bar per stage."""
    bars: dict[str, TaskID] = {}

    def tick(stage: str, done: int, total: int) -> None:
        if stage not in bars:
            bars[stage] = progress.add_task(stage, total=total, figures="")
        progress.update(bars[stage], completed=done)

    return tick


def _named(figures: dict[str, float]) -> str:
    return ", ".join(f"{name} {value:.4g}" for name, value in figures.items())


def _show(report: Report) -> None:
    title = f"classifier {report.weights[:12]}, commit {report.commit}, {report.date}"
    table = Table(title=title, caption="precision and recall of signatures; 95 % intervals over documents")
    table.add_column("crops")
    for heading in ("n", "documents", "four kinds", "signature or not", "precision", "recall"):
        table.add_column(heading)
    for name, found in report.sets.items():
        rates = (
            found.accuracy,
            found.signature_accuracy,
            found.signature_precision,
            found.signature_recall,
        )
        table.add_row(name, str(found.crops), str(found.documents), *map(_rate, rates))
    console = output()
    console.print(table, _confusion(report.sets["all"]), _sources(report))
    console.print(f"{report.milliseconds:.2f} ms a crop, one thread")


def _confusion(figures: CropFigures) -> Table:
    from worker.vision.detection.classifier import KINDS  # noqa: PLC0415

    table = Table("is \\ called", *KINDS, title="confusion")
    for kind, row in zip(KINDS, figures.confusion, strict=True):
        table.add_row(kind, *map(str, row))
    return table


def _sources(report: Report) -> Table:
    table = Table("source", "right", "n", title="by source")
    for name, (right, count) in report.sources.items():
        table.add_row(name, f"{right:.1%}", str(count))
    return table


def _show_effect(effect: GateReport) -> None:
    table = Table(
        title=f"detector {effect.detector[:12]} at {effect.min_score:.2f}, doubt {effect.doubt:.2f}",
        caption="at the threshold that serves; 95 % intervals over documents",
    )
    for heading in ("pages", "gate", "precision", "recall", "mAP50", "mAP50-95"):
        table.add_column(heading)
    for name, pair in effect.sets.items():
        for state, found in zip(("off", "on"), pair, strict=True):
            served = (_rate(found.served.precision), _rate(found.served.recall))
            table.add_row(name, state, *served, f"{found.figures.map50:.3f}", f"{found.figures.map50_95:.3f}")
    console = output()
    console.print(table)
    for name, counts in effect.unsigned.items():
        for state, alarms in zip(("off", "on"), counts, strict=True):
            console.print(
                f"{alarms.pages} pages {name}, gate {state}: {_rate(alarms.called)} called signed "
                f"({alarms.pages_with_any} pages), {alarms.regions} regions"
            )
    from training.detector.testsets import MEASURING  # noqa: PLC0415

    others = Table(title="with the gate, at other thresholds")
    for heading in ("threshold", "recall", "precision", f"{MEASURING}, called signed"):
        others.add_column(heading)
    for signatures, called in effect.others:
        rates = (signatures.recall, signatures.precision, called.called)
        others.add_row(f"{signatures.score:.2f}", *map(_rate, rates))
    console.print(others)
    console.print(f"on by default: {'yes' if effect.default else 'no'}")


def _rate(rate: Estimate) -> str:
    if math.isnan(rate.value):
        return "none"
    return f"{rate.value:.1%} ({rate.low:.1%}–{rate.high:.1%})"

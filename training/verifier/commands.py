"""The verifier's commands: `train verifier`, `export verifier`, `evaluate verifier`.

Heavy libraries are imported inside, so that `--help` answers at once and without torch.
"""

from __future__ import annotations

import dataclasses
import json
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

from worker.vision.weights import WEIGHTS_DIR

if TYPE_CHECKING:
    from training.verifier.own import OwnFigures
    from training.verifier.settings import Settings

DataOption = Annotated[
    Path, typer.Option("--data", envvar="COUNTERSIGN_DATA", help="Folder with detection/ and verification/.")
]
DEFAULT_DATA = Path("../shared/data")

_messages = Console(stderr=True)


class Design(StrEnum):
    """Which verifier to train."""

    SHIPPED = "shipped"
    REFERENCE = "reference"


class Source(StrEnum):
    """Signers that a verifier may be trained on alone; all but BHSig are shares of the settings."""

    BHSIG = "bhsig"
    ONLINE = "online"
    CROSSMEDIA = "crossmedia"
    LETTERS = "letters"
    DRAWN = "drawn"


class Part(StrEnum):
    """What can be measured on its own."""

    DECISIONS = "decisions"
    SETS = "sets"
    NAMES = "names"
    ROBUSTNESS = "robustness"
    IDENTIFICATION = "identification"
    COMBINATIONS = "combinations"
    ERRORS = "errors"


def train(  # a command's options
    data: DataOption = DEFAULT_DATA,
    out: Annotated[Path, typer.Option(help="Folder for checkpoints and the log.")] = Path("runs/verifier"),
    minutes: Annotated[float | None, typer.Option(help="Wall-clock budget; default from settings.")] = None,
    resume: Annotated[
        bool, typer.Option("--resume", help="Go on from the last checkpoint in --out.")
    ] = False,
    initial: Annotated[
        Path | None,
        typer.Option(help="An encoder in safetensors to start from, and to keep a part of.", exists=True),
    ] = None,
    own: Annotated[
        Path | None,
        typer.Option(help="Your own signers as well: images in DIR/NAME/genuine and DIR/NAME/forged."),
    ] = None,
    settings: Annotated[Path | None, typer.Option(help="Another settings file.")] = None,
    threads: Annotated[int, typer.Option(help="CPU threads.")] = 1,
    only: Annotated[
        Source | None, typer.Option(help="Train on this alone, for the matrix of training and test sets.")
    ] = None,
    design: Annotated[
        Design, typer.Option(help="`reference`: SigNet and a pair classifier, in two phases, as a baseline.")
    ] = Design.SHIPPED,
) -> None:
    """Train the verifier.

    The checkpoint to export is OUT/final.pt; nothing ships before `export verifier`. The reference
    design counts minutes of processor time, and is written to OUT/weights, where
    `evaluate verifier --weights` finds it. Every tenth of your own signers is left out of training, for
    `evaluate verifier --own`.
    """
    import torch  # noqa: PLC0415

    torch.set_num_threads(threads)
    if design is Design.REFERENCE:
        _train_reference(data, out, minutes)
        return

    from training.verifier import settings as settings_file  # noqa: PLC0415

    chosen = settings_file.read(settings or settings_file.DEFAULT)
    if minutes is not None:
        chosen = dataclasses.replace(chosen, minutes=minutes)
    if only is not None:
        chosen = chosen.alone(only)
    _train_shipped(chosen, data, out, own=own, initial=initial, resume=resume)


def _train_shipped(
    chosen: Settings, data: Path, out: Path, *, own: Path | None, initial: Path | None, resume: bool
) -> None:
    from training.verifier import sets  # noqa: PLC0415
    from training.verifier import train as trainer  # noqa: PLC0415
    from training.verifier.batches import Batches  # noqa: PLC0415

    _messages.print("reading specimens …")
    others = {name: read(data) for name, read in sets.OTHERS.items() if chosen.shares.get(name)}
    if own is not None:
        others["own"] = sets.own_for_training(own)
    run = trainer.resume(chosen, out / "last.pt") if resume else trainer.start(chosen, initial)
    with _progress() as progress:
        bar = progress.add_task("train", total=chosen.minutes * 60, figures="")

        def report(figures: dict[str, float]) -> None:
            progress.update(bar, completed=figures["seconds"], figures=_named(figures))
            if "skilled_1" in figures:
                progress.console.print(_named(figures))

        batches = Batches(sets.scanned_for_training(data), others, chosen)
        chosen_by = [sets.validation(data), sets.online_validation(data)]
        final = trainer.train(run, batches, chosen_by, out, report, initial=initial)
    _messages.print(f"checkpoint to export: {final}")


def _train_reference(data: Path, out: Path, minutes: float | None) -> None:
    from training.verifier import reference, sets  # noqa: PLC0415

    plan = reference.Plan() if minutes is None else reference.Plan(minutes=minutes)
    _messages.print("reading specimens …")
    signers = sets.scanned_for_training(data)
    with _progress() as progress:
        bar = progress.add_task("train", total=plan.minutes, figures="")
        folder = reference.train(
            signers, plan, out, lambda phase, used: progress.update(bar, completed=used, figures=phase)
        )
    _calibrate(data, folder)
    _messages.print(f"weights: {folder}")


def export(
    checkpoint: Annotated[Path, typer.Argument(help="final.pt of `countersign-train train verifier`.")],
    data: DataOption = DEFAULT_DATA,
    weights: Annotated[
        Path, typer.Option(help="Write to this weights folder instead; nothing ships then.")
    ] = WEIGHTS_DIR,
) -> None:
    """Ship a verifier.

    As ONNX and safetensors, calibrated on signers that trained nothing.
    """
    from training.verifier import sets  # noqa: PLC0415
    from training.verifier.export import export as register_models  # noqa: PLC0415
    from training.verifier.export import load  # noqa: PLC0415
    from training.verifier.weigh import weigh  # noqa: PLC0415

    weights.mkdir(parents=True, exist_ok=True)
    encoder, matcher = load(checkpoint)
    with _messages.status("weighing the parts against the whole …"):
        rates = weigh(encoder, matcher, [sets.validation(data), sets.online_validation(data)])
    for weights_tried, found in sorted(rates.items(), key=lambda one: sum(one[1]))[:8]:
        said = ", ".join(f"{rate:.2%}" for rate in found)
        _messages.print(f"fine and coarse parts x {weights_tried}: skilled EER {said}")
    register_models(encoder, matcher, folder=weights)
    _calibrate(data, weights)


def calibrate(
    data: DataOption = DEFAULT_DATA,
    weights: Annotated[Path, typer.Option(help="The weights folder to calibrate.")] = WEIGHTS_DIR,
) -> None:
    """Calibrate the verifier anew.

    On signers that trained nothing.
    """
    _calibrate(data, weights)


def _calibrate(data: Path, folder: Path) -> None:
    from training.verifier import sets  # noqa: PLC0415
    from training.verifier.calibrate import STRANGERS  # noqa: PLC0415
    from training.verifier.calibrate import calibrate as fit  # noqa: PLC0415
    from training.verifier.export import export_calibration  # noqa: PLC0415
    from training.verifier.library import encoder_of  # noqa: PLC0415
    from training.verifier.scoring import scores  # noqa: PLC0415
    from worker.vision.verification.matcher import load_matcher  # noqa: PLC0415

    encoder, matcher = encoder_of(folder), load_matcher(folder)
    galleries = [sets.validation(data), sets.online_validation(data)]
    with _messages.status("calibrating …"):
        calibration = fit([(one, scores(one, encoder, matcher, others=STRANGERS)) for one in galleries])
    export_calibration(calibration, folder=folder)
    _messages.print_json(data=calibration)


def evaluate(
    data: DataOption = DEFAULT_DATA,
    out: Annotated[Path | None, typer.Option(help="Write the report as JSON to this file too.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the report as JSON.")] = False,
    weights: Annotated[
        list[Path] | None,
        typer.Option(help="Weights folder to measure; several give the matrix of folder by test set."),
    ] = None,
    plots: Annotated[Path | None, typer.Option(help="Draw the curves as SVG into this folder.")] = None,
    own: Annotated[
        Path | None,
        typer.Option(help="Measure your own signers instead of the public sets: DIR/NAME/genuine, forged."),
    ] = None,
    own_all: Annotated[
        bool, typer.Option("--own-all", help="All of them, not only those that training leaves out.")
    ] = False,
    parts: Annotated[
        list[Part] | None, typer.Option("--only", help="Measure this alone; may be given several times.")
    ] = None,
) -> None:
    """Measure the verifier.

    On writers it never saw, with the query-only baseline beside it.
    Prints the tables of docs/accuracy.md, in Markdown.
    """
    from training.verifier import measure, tables  # noqa: PLC0415

    folders = weights or [WEIGHTS_DIR]
    with _messages.status("evaluating …") as status:

        def notice(stage: str) -> None:
            status.update(f"evaluating: {stage} …")

        if len(folders) > 1:
            typer.echo(tables.matrix(measure.matrix(data, folders, notice=notice)))
            return
        if own is not None:
            figures = _own(own, folders[0], every=own_all)
            plain = [one.as_json() for one in figures]
            typer.echo(json.dumps(plain, indent=2) if as_json else tables.own(figures))
            return
        wanted = {str(part) for part in parts or Part}
        whole = measure.measure(data, folders[0], parts=wanted, plots_to=plots, notice=notice)
    text = json.dumps(whole.as_json(), indent=2)
    if out is not None:
        out.write_text(text + "\n", encoding="utf-8")
    typer.echo(text if as_json else tables.everything(whole))


def _own(folder: Path, weights: Path, *, every: bool) -> list[OwnFigures]:
    from training.verifier import library, own, sets  # noqa: PLC0415

    found = sets.own(folder) if every else sets.own_held_out(folder)
    return own.measure(found, library.load(weights))


def _progress() -> Progress:
    columns = (TextColumn("{task.description}"), BarColumn(), TimeRemainingColumn())
    return Progress(*columns, TextColumn("{task.fields[figures]}"), console=_messages)


def _named(figures: dict[str, float]) -> str:
    return ", ".join(f"{name} {value:.4g}" for name, value in figures.items())

"""The crop classifier's commands: `countersign-train train classifier` and `… export classifier`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import torch
import typer

from training.classifier import gate, sets
from training.classifier.export import register_classifier
from training.classifier.network import CropNetwork
from training.classifier.pieces import Piece
from training.classifier.settings import CLASSIFIER_SETTINGS, ClassifierSettings
from training.classifier.shipped import shipped_network
from training.classifier.train import (
    ClassifierRun,
    CropBatches,
    fit_classifier,
    resume_classifier,
    start_classifier,
)
from training.common.checkpoints import LAST, save_checkpoint
from training.common.console import messages, stage_bars, stage_names, training_bar
from training.common.options import (
    DataOption,
    MinutesOption,
    ResumeOption,
    SeedOption,
    SettingsOption,
    ThreadsOption,
)
from training.common.settings import read_settings

#: Crops that set the batch norms of the shipped network.
NORMALISING = 512


def train_classifier(
    data: DataOption,
    out: Annotated[Path, typer.Option(help="Folder for crops, checkpoints and the log.")] = Path(
        "runs/classifier"
    ),
    own_data: Annotated[
        Path | None,
        typer.Option("--own", help="Crops of your own to learn from, too: OWN/signature/*.png and so on."),
    ] = None,
    fonts: Annotated[
        Path | None,
        typer.Option(help="More faces to draw crops in: FONTS/print and FONTS/hands, .ttf, .otf or .woff."),
    ] = None,
    minutes: MinutesOption = None,
    seed: SeedOption = None,
    resume: ResumeOption = False,
    shipped: Annotated[
        bool, typer.Option("--shipped", help="Start from the shipped weights, not from scratch.")
    ] = False,
    settings: SettingsOption = None,
    threads: ThreadsOption = 1,
) -> None:
    """Train the crop classifier.

    It tells signature, handwriting, printed text, stamp or logo apart. Crops are cut and drawn once and kept
    in OUT. The best checkpoint is OUT/best.pt, the last OUT/last.pt, what it started from OUT/start.pt;
    nothing ships before `export classifier`. Folders in OWN are named signature, handwriting, printed_text,
    stamp_or_logo; not all are needed.
    """
    torch.set_num_threads(threads)
    changes = {"minutes": minutes, "seed": seed}
    chosen = read_settings(ClassifierSettings, settings or CLASSIFIER_SETTINGS, changes=changes)
    extra = [] if own_data is None else list(sets.own_pieces(own_data))
    pieces, validation = _pieces(data, out, chosen, fonts)
    run = resume_classifier(chosen, out / LAST) if resume else _started(pieces, chosen, out, shipped=shipped)
    with training_bar(chosen.minutes, printed="balanced") as report:
        best = fit_classifier(run, [*pieces, *extra], validation, out, report)
    messages.print(f"best checkpoint: {best}")


def export_classifier(
    checkpoints: Annotated[
        list[Path],
        typer.Argument(help="Checkpoints of `train classifier`; the mean of several ships."),
    ],
    data: DataOption,
) -> None:
    """Ship a crop classifier.

    It rejects from the probability that is best on the validation set. It is on by default only if it helps
    there.
    """
    register_classifier(checkpoints, doubt=1.0, default=False)
    with stage_bars() as notice:
        choice = gate.choose_doubt(data, notice)
    entry = register_classifier(checkpoints, doubt=choice.doubt, default=choice.default)
    messages.print(f"classifier {entry.sha256[:12]}: doubt {choice.doubt:.2f}, default {choice.default}")
    for line in choice.lines:
        messages.print(line)


def _started(pieces: list[Piece], chosen: ClassifierSettings, out: Path, *, shipped: bool) -> ClassifierRun:
    """A fresh run, kept in OUT as it starts."""
    run = start_classifier(chosen, _shipped(pieces, chosen) if shipped else None)
    save_checkpoint(run, out / "start.pt")
    return run


def _shipped(pieces: list[Piece], chosen: ClassifierSettings) -> CropNetwork:
    """The shipped network, its batch norms set by some of the crops that it will see."""
    batches = CropBatches(pieces, chosen)
    images = [batches.draw(step)[0] for step in range(max(1, NORMALISING // chosen.batch))]
    return shipped_network(torch.cat(images), chosen.dropout)


def _pieces(
    data: Path, out: Path, chosen: ClassifierSettings, fonts: Path | None
) -> tuple[list[Piece], list[Piece]]:
    """Training and validation pieces, from OUT when they were made before."""
    out.mkdir(parents=True, exist_ok=True)
    training, validation = sets.PieceFile(out / "train.npz"), sets.PieceFile(out / "valid.npz")
    with stage_names("preparing crops") as notice:
        if not training.path.exists():
            faces = sets.read_fonts(fonts, out / "fonts")
            training.save(sets.training_pieces(data, chosen, faces, notice))
        if not validation.path.exists():
            notice("validation")
            validation.save(sets.validation_pieces(data))
        return training.load(), validation.load()

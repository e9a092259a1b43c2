"""The verifier's commands: `countersign-train train verifier`, `export verifier`, `export calibration`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Annotated

import torch
import typer

from training.catalogue import set_parameter
from training.common.checkpoints import LAST
from training.common.console import messages, stage_names, training_bar
from training.common.figures import today, write_figures
from training.common.options import (
    DataOption,
    FiguresOption,
    MinutesOption,
    ResumeOption,
    SeedOption,
    SettingsOption,
    ThreadsOption,
    WeightsOption,
)
from training.common.settings import read_settings
from training.verifier import outlook, sets
from training.verifier.batches import Batches
from training.verifier.calibrate import OTHERS_EACH, calibrate
from training.verifier.export import register_calibration, register_verifier, trained_verifier
from training.verifier.folds import FoldsOption, load_folds
from training.verifier.library import Library, Read, VerifierModels, load_verifier_models
from training.verifier.scoring import scored
from training.verifier.settings import VERIFIER_SETTINGS, VerifierSettings
from training.verifier.train import fit_verifier, resume_verifier, start_verifier
from training.verifier.weigh import weigh
from worker.errors import WrongUse
from worker.vision.verification.encoder import load_encoder
from worker.vision.verification.matcher import load_matcher
from worker.vision.verification.outlook import MORE_REFERENCES
from worker.vision.weights import WEIGHTS_DIR


def train_verifier(
    data: DataOption,
    out: Annotated[Path, typer.Option(help="Folder for checkpoints and the log.")] = Path("runs/verifier"),
    minutes: MinutesOption = None,
    seed: SeedOption = None,
    resume: ResumeOption = False,
    initial: Annotated[
        Path | None,
        typer.Option(help="An encoder in safetensors to start from, and to keep a part of.", exists=True),
    ] = None,
    own_signers: Annotated[
        Path | None,
        typer.Option(
            "--own", help="Your own signers as well: images in DIR/NAME/genuine and DIR/NAME/forged."
        ),
    ] = None,
    without: Annotated[
        list[str] | None, typer.Option(help="Leave this source out; BHSig fills its share.")
    ] = None,
    settings: SettingsOption = None,
    threads: ThreadsOption = 1,
) -> None:
    """Train the verifier.

    The checkpoint to export is OUT/final.pt; nothing ships before `export verifier`. Every tenth of
    your own signers is left out of training, for `evaluate verifier --own`.
    """
    torch.set_num_threads(threads)
    changes = {"minutes": minutes, "seed": seed}
    chosen = read_settings(VerifierSettings, settings or VERIFIER_SETTINGS, changes=changes)
    if unknown := {*(without or ())} - {*chosen.shares}:
        raise WrongUse(f"--without {', '.join(sorted(unknown))}: sources are {', '.join(chosen.shares)}")
    shares = {name: share for name, share in chosen.shares.items() if name not in (without or ())}
    chosen = replace(chosen, shares=shares)
    _train_shipped(chosen, data, out, own_signers=own_signers, initial=initial, resume=resume)


def export_verifier(
    checkpoint: Annotated[Path, typer.Argument(help="final.pt of `train verifier`.")],
    data: DataOption,
    weights: WeightsOption = WEIGHTS_DIR,
) -> None:
    """Ship a verifier.

    As ONNX and safetensors, calibrated on signers that trained nothing.
    """
    encoder, matcher = trained_verifier(checkpoint)
    weights.mkdir(parents=True, exist_ok=True)
    with messages.status("weighing the parts against the whole …"):
        rates = weigh(encoder, matcher, [sets.validation(data), sets.online_validation(data)])
    for weights_tried, errors in sorted(rates.items(), key=lambda pair: sum(pair[1]))[:8]:
        listed = ", ".join(f"{rate:.2%}" for rate in errors)
        messages.print(f"fine and coarse parts x {weights_tried}: skilled EER {listed}")
    register_verifier(encoder, matcher, folder=weights)
    _calibrate(data, weights, {})


def export_calibration(
    data: DataOption,
    weights: Annotated[Path, typer.Option(help="The weights folder to calibrate.")] = WEIGHTS_DIR,
    fold: FoldsOption = None,
) -> None:
    """Calibrate the verifier anew.

    On signers that trained nothing: sets that it was trained on want --fold.
    """
    _calibrate(data, weights, load_folds(fold))


def export_outlook(
    data: DataOption,
    weights: Annotated[Path, typer.Option(help="The weights folder to measure and complete.")] = WEIGHTS_DIR,
    figures_to: FiguresOption = None,
) -> None:
    """Ship what more references would bring to inconclusive verdicts.

    Measured on writers of whom the encoder saw nothing, and kept beside the calibration in the catalogue.
    """
    shelf = Library(data, load_verifier_models(weights))
    with stage_names("measuring") as notice:
        measured = outlook.measure_outlook(shelf, notice=notice)
    shipped = outlook.outlook_parameters(measured)
    set_parameter("calibration", MORE_REFERENCES, shipped, folder=weights)
    if figures_to is not None:
        write_figures(today(shelf.models.digests, outlook.outlook_figures(measured)), figures_to)
    messages.print_json(data=shipped)


def _train_shipped(
    chosen: VerifierSettings,
    data: Path,
    out: Path,
    *,
    own_signers: Path | None,
    initial: Path | None,
    resume: bool,
) -> None:
    messages.print("reading specimens …")
    others = {name: read(data) for name, read in sets.OTHERS.items() if chosen.shares.get(name)}
    if own_signers is not None:
        others["own"] = sets.own_for_training(own_signers)
    batches = Batches(sets.scanned_for_training(data), others, chosen)
    validation = [sets.validation(data), sets.online_validation(data)]
    run = resume_verifier(chosen, out / LAST) if resume else start_verifier(chosen, initial)
    with training_bar(chosen.minutes, printed="skilled_1") as report:
        final = fit_verifier(run, batches, validation, out, report, initial=initial)
    messages.print(f"checkpoint to export: {final}")


def _calibrate(data: Path, folder: Path, folds: Mapping[Read, VerifierModels]) -> None:
    in_folder = load_encoder(folder=folder), load_matcher(folder)
    models = {read: (fold.encoder, fold.matcher) for read, fold in folds.items()}
    with messages.status("calibrating …"):
        calibration = calibrate(
            [
                scored(read(data), *models.get(read, in_folder), others=OTHERS_EACH)
                for read in sets.CALIBRATION
            ]
        )
    register_calibration(calibration, folder=folder)
    messages.print_json(data=calibration)

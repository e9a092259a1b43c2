"""The detector's commands: `countersign-train train detector` and `countersign-train export detector`."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

from training.common.console import messages, stage_bars, training_bar
from training.common.options import (
    LimitOption,
    OptionalDataOption,
    ResumeOption,
    SeedOption,
    data_unless,
)
from training.common.settings import read_settings
from training.detector.averaging import averaged
from training.detector.prepare import prepared, sampler
from training.detector.select import choose_and_export, drawn_pages, sizes_in_pixels
from training.detector.settings import DETECTOR_SETTINGS, DetectorSettings
from training.detector.train import WEIGHTS, fit_detector
from training.synthesis.hands import hands_for_training, installed_hands
from training.synthesis.typeset import Face
from worker.errors import WrongUse
from worker.vision.weights import verified_path

OwnPages = Annotated[
    list[Path] | None,
    typer.Option(
        "--own", help="Your own pages: a YOLO folder or a COCO .json file; may be given repeatedly."
    ),
]


def train_detector(
    data: OptionalDataOption = None,
    out: Annotated[Path, typer.Option(help="Folder for pages and checkpoints.")] = Path("runs/detector"),
    stage: Annotated[str, typer.Option(help="Table of training/detector/settings.toml.")] = "crops",
    own_data: OwnPages = None,
    minutes: Annotated[float | None, typer.Option(help="Wall-clock budget instead of the stage's.")] = None,
    seed: SeedOption = None,
    initial: Annotated[Path | None, typer.Option(help="Weights to start from, instead of the usual.")] = None,
    resume: ResumeOption = False,
    limit: LimitOption = 0,
    batch: Annotated[int | None, typer.Option(help="Pages of one step instead of the stage's.")] = None,
    threads: Annotated[int | None, typer.Option(help="CPU threads instead of the stage's.")] = None,
    device: Annotated[str | None, typer.Option(help="cpu, cuda or cuda:N instead of the stage's.")] = None,
    fonts: Annotated[
        Path | None,
        typer.Option(help="More handwriting to write notes in: FONTS/hands, .ttf, .otf or .woff."),
    ] = None,
    only_prepare: Annotated[
        bool, typer.Option("--only-prepare", help="Stop when the pages are prepared.")
    ] = False,
) -> None:
    """Train the detector.

    Its weights lie in OUT/STAGE/last.safetensors. Without --own it is trained on the public sets in DATA, as
    the shipped weights were. With --own it is trained on your pages and on synthetic ones, from the shipped
    weights on. Labels are matched by name: signature, initials, handwritten_date, redaction, handwriting.
    Pages are prepared once, in OUT/prepared or OUT/own. Nothing ships before the weights are exported.
    """
    given = {"minutes": minutes, "batch": batch, "threads": threads, "device": device, "seed": seed}
    settings = read_settings(DetectorSettings, DETECTOR_SETTINGS, table=stage, changes=given)
    source = data_unless(own_data, data, instead="your own pages with --own")
    with stage_bars() as notice:
        sheets = prepared(source, out, settings, own_data=own_data or (), limit=limit, notice=notice)
    if only_prepare:
        messages.print(f"{len(sheets)} pages prepared")
        return
    with training_bar(settings.minutes, printed="box") as report:
        weights = fit_detector(
            sampler(sheets, source, settings, _hands(fonts, out)),
            out / stage,
            settings,
            initial=initial or _usual_start(settings.after, source, out, own_data=bool(own_data)),
            resume=resume,
            report=report,
        )
    messages.print(f"weights: {weights}")


def export_detector(
    weights: Annotated[
        list[Path], typer.Argument(help="Weights of `train detector`; the mean of several.", exists=True)
    ],
    data: OptionalDataOption = None,
    sizes: Annotated[
        str,
        typer.Option(help="Input sizes to choose from on the validation set; 544+768 reads a page at both."),
    ] = "480,544,640",
    own_data: OwnPages = None,
    architecture: Annotated[str, typer.Option(help="The stage's architecture.")] = "yolov5n.yaml",
    name: Annotated[str, typer.Option(help="Entry of the weights catalogue to write.")] = "detector",
) -> None:
    """Ship a detector.

    It reads at the input size and thresholds that validation pages favour. With --own these are the val or
    test folder of a YOLO data.yaml, or all pages of a COCO file: not those that you trained on. Of several
    files, such as a training's weights and those that it started from, the mean ships.
    """
    choices = _sizes(sizes)
    source = data_unless(own_data, data, instead="your own pages with --own")
    with stage_bars() as notice, tempfile.TemporaryDirectory() as scratch:
        choice = choose_and_export(
            averaged(weights, Path(scratch) / "mean.safetensors"),
            source,
            choices,
            own_data=own_data or (),
            drawn=drawn_pages(source),
            architecture=architecture,
            name=name,
            notice=notice,
        )
    messages.print(
        f"{sizes_in_pixels(choice.sizes)}, threshold {choice.min_score:.2f}, "
        f"validation mAP50 {choice.map50:.3f}, "
        f"mAP50-95 {choice.map50_95:.3f}"
    )


def _sizes(text: str) -> list[list[int]]:
    """The sizes of every choice: `480,544+768` is one look at 480 pixels, or two."""
    try:
        choices = [[int(size) for size in looks.split("+")] for looks in text.split(",")]
    except ValueError:
        choices = []
    if not choices or not all(size > 0 and size % 32 == 0 for looks in choices for size in looks):
        raise typer.BadParameter(f"{text!r}: give multiples of 32 such as 480,640 or 544+768")
    return choices


def _hands(fonts: Path | None, out: Path) -> list[Sequence[Face]]:
    """The handwriting that notes are written in: what is installed, and the user's."""
    hands = installed_hands()
    if fonts is None:
        return hands
    more = hands_for_training(fonts / "hands", out / "fonts")
    if not more:
        raise WrongUse(f"{fonts} has no font in hands/ (.ttf, .otf or .woff)")
    return hands + more


def _usual_start(after: str, data: Path | None, out: Path, *, own_data: bool) -> Path | None:
    """What a stage starts from when nothing is named; None, from scratch, when that is not there."""
    if own_data and not after:
        return verified_path("detector-torch")
    if after:
        usual = out / after / WEIGHTS
    elif data is not None:
        usual = data / "weights" / "yolov5n_coco.safetensors"
    else:
        return None
    return usual if usual.exists() else None

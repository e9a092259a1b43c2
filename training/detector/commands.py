"""The detector's commands: `countersign-train train detector` and `countersign-train export detector`.

Heavy libraries are imported inside, so that `--help` answers at once and without torch.
"""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.progress import Progress

from worker.errors import WrongUse

DataOption = Annotated[
    Path, typer.Option("--data", envvar="COUNTERSIGN_DATA", help="Folder with detection/ and verification/.")
]
DEFAULT_DATA = Path("../shared/data")

_messages = Console(stderr=True)


def train(  # a command's options
    data: DataOption = DEFAULT_DATA,
    out: Annotated[Path, typer.Option(help="Folder for pages and checkpoints.")] = Path("runs/detector"),
    stage: Annotated[str, typer.Option(help="Table of training/detector/settings.toml.")] = "crops",
    own: Annotated[
        list[Path] | None,
        typer.Option(help="Your own pages: a YOLO folder or a COCO .json file; may be given repeatedly."),
    ] = None,
    minutes: Annotated[float | None, typer.Option(help="Wall-clock budget instead of the stage's.")] = None,
    initial: Annotated[Path | None, typer.Option(help="Weights to start from, instead of the usual.")] = None,
    resume: Annotated[bool, typer.Option("--resume", help="Go on from the stage's last checkpoint.")] = False,
    limit: Annotated[int, typer.Option(help="Use at most so many pages of each source; 0 is all.")] = 0,
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

    Its weights lie in OUT/STAGE/last.safetensors.
    Without --own it is trained on the public sets in DATA, as the shipped weights were. With --own it is
    trained on your pages and on synthetic ones, from the shipped weights on. Labels are matched by name:
    signature, initials, handwritten_date, redaction, handwriting. Pages are prepared once, in OUT/prepared or
    OUT/own. Nothing ships before the weights are exported.
    """
    from training.detector.prepare import prepared, sampler  # noqa: PLC0415
    from training.detector.settings import read_settings  # noqa: PLC0415

    asked = {"minutes": minutes, "batch": batch, "threads": threads, "device": device}
    given = {name: value for name, value in asked.items() if value is not None}
    settings = read_settings(stage).model_copy(update=given)
    with Progress(console=_messages) as progress:
        sheets = prepared(data, out, settings, own=own or (), limit=limit, notice=ticker(progress))
    if only_prepare:
        _messages.print(f"{len(sheets)} pages prepared")
        return
    from training.detector.train import train as run  # noqa: PLC0415
    from training.synthesis.hands import installed_hands, learnt_hands  # noqa: PLC0415

    hands = installed_hands()
    if fonts is not None:
        more = learnt_hands(fonts / "hands", out / "fonts")
        if not more:
            raise WrongUse(f"{fonts} has no font in hands/ (.ttf, .otf or .woff)")
        hands += more
    weights = run(
        sampler(sheets, data, settings, hands),
        out / stage,
        settings,
        initial=initial or _usual_start(settings.after, data, out, own=bool(own)),
        resume=resume,
        on_report=lambda step, share, losses: _messages.print(
            f"step {step}, {share:.0%} of the time: {_named(losses)}"
        ),
    )
    _messages.print(f"weights: {weights}")


def export(
    weights: Annotated[
        list[Path], typer.Argument(help="Weights of `countersign-train train detector`; the mean of several.")
    ],
    data: DataOption = DEFAULT_DATA,
    sizes: Annotated[
        str,
        typer.Option(help="Input sizes to choose from on the validation set; 544+768 reads a page at both."),
    ] = "480,544,640",
    own: Annotated[
        list[Path] | None,
        typer.Option(help="Choose on your pages instead: a YOLO folder or a COCO .json; may be repeated."),
    ] = None,
    architecture: Annotated[str, typer.Option(help="The stage's architecture.")] = "yolov5n.yaml",
    name: Annotated[str, typer.Option(help="Entry of the weights catalogue to write.")] = "detector",
) -> None:
    """Ship a detector.

    It reads at the input size and thresholds that validation pages favour.
    With --own these are the val or test folder of a YOLO data.yaml, or all pages of a COCO file: not those
    that you trained on. Of several files, such as a training's weights and those that it started from, the
    mean ships.
    """
    from training.detector.averaging import averaged  # noqa: PLC0415
    from training.detector.select import choose_and_export, drawn_pages, pixels  # noqa: PLC0415

    with Progress(console=_messages) as progress, tempfile.TemporaryDirectory() as scratch:
        choice = choose_and_export(
            averaged(weights, Path(scratch) / "mean.safetensors"),
            data,
            _sizes(sizes),
            own=own or (),
            drawn=drawn_pages(data),
            architecture=architecture,
            name=name,
            notice=ticker(progress),
        )
    _messages.print(
        f"{pixels(choice.sizes)}, threshold {choice.min_score:.2f}, validation mAP50 {choice.map50:.3f}, "
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


def _usual_start(after: str, data: Path, out: Path, *, own: bool) -> Path | None:
    """What a stage starts from when nothing is named; None, from scratch, when that is not there."""
    from worker.vision.weights import verified_path  # noqa: PLC0415

    if own and not after:
        return verified_path("detector-torch")
    backbone = data / "weights" / "yolov5n_coco.safetensors"
    usual = out / after / "last.safetensors" if after else backbone
    return usual if usual.exists() else None


def ticker(progress: Progress) -> Any:
    """A notice that moves one bar per stage."""
    bars: dict[str, Any] = {}

    def tick(stage: str, done: int, total: int) -> None:
        if stage not in bars:
            bars[stage] = progress.add_task(stage, total=total)
        progress.update(bars[stage], completed=done)

    return tick


def _named(losses: dict[str, float]) -> str:
    return ", ".join(f"{name} {value:.3f}" for name, value in losses.items())

"""`countersign compare`: two signature images, one opinion."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Annotated, Any

import typer

from producer.console import coloured, out, print_json, progress
from worker.errors import WrongUse

#: Images that score less get a sentence.
LOW_SCORE = 0.5


def compare(
    images: Annotated[
        list[Path] | None, typer.Argument(help="Two images, of one signature each.", show_default=False)
    ] = None,
    pairs: Annotated[
        Path | None, typer.Option(help="CSV with the columns a,b: paths of signature images.", exists=True)
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object per pair.")] = False,
) -> None:
    """Say how likely two signature images are from one hand.

    Exit status 1 says that an image could not be compared.
    """
    from worker.embedded.comparison import Comparer  # noqa: PLC0415 - loads OpenCV and ONNX Runtime

    rows = _rows(images or [], pairs)
    comparer = Comparer()
    unusable = 0
    with progress() as bar:
        for a, b in bar.track(rows, description="pairs"):
            answer = comparer.compare(a, b)
            unusable += answer["reason"] is not None
            _say(answer, as_json)
    raise typer.Exit(1 if unusable else 0)


def _rows(images: list[Path], pairs: Path | None) -> list[tuple[Path, Path]]:
    if pairs is None:
        if len(images) != 2:
            raise WrongUse("give two images, or --pairs FILE.csv")
        return [(images[0], images[1])]
    if images:
        raise WrongUse("give two images or --pairs, not both")
    with pairs.open(newline="", encoding="utf-8-sig") as file:
        reader = csv.DictReader(file)
        if not {"a", "b"} <= set(reader.fieldnames or ()):
            raise WrongUse(f"{pairs} needs the columns a,b")
        return [(Path(row["a"]), Path(row["b"])) for row in reader]


def _say(answer: dict[str, Any], as_json: bool) -> None:
    if as_json:
        print_json(answer)
    elif answer["reason"] is not None:
        out.print(f"{coloured(answer['verdict'])}: {answer['detail']}")
    else:
        probability, band = answer["probability"], answer["confidence"] or "no"
        out.print(f"{coloured(answer['verdict'])}, probability {probability:.3f}, {band} confidence")
        if answer["same_ink"]:
            out.print("Both show the same ink: one is a copy of the other, or both are of a third.")
        for image, score in answer["scores"].items():
            if score < LOW_SCORE:
                out.print(f"Image {image} would serve badly as a reference: score {score:.2f} of 1.")

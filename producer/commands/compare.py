"""`countersign compare`."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path
from typing import Annotated

import typer

from producer.console import print_json
from producer.printing.comparison import show_comparison
from producer.printing.progress import progress_bar
from producer.services.compare import Pair, compare_pairs, open_comparer, read_pairs
from worker.errors import WrongUse


def compare(
    images: Annotated[
        list[Path] | None, typer.Argument(help="Two images, each of one signature.", show_default=False)
    ] = None,
    pairs: Annotated[
        Path | None,
        typer.Option(
            help="CSV with the columns a,b: paths of signature images, several of b parted by a semicolon.",
            exists=True,
        ),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object per pair.")] = False,
) -> None:
    """Say how likely it is that one hand wrote two signatures.

    Of a whole page, the one signature on it is compared. Pages with none or several, and files of several
    pages, are refused. Exit status 1: an image could not be compared.
    """
    chosen, unusable = _chosen(images or [], pairs), 0
    with closing(open_comparer()) as comparer, progress_bar() as bar:
        answers = compare_pairs(comparer, chosen)
        for answer in bar.track(answers, total=len(chosen), description="pairs"):
            unusable += answer.reason is not None
            if as_json:
                print_json(answer)
            else:
                show_comparison(answer)
    raise typer.Exit(1 if unusable else 0)


def _chosen(images: list[Path], pairs: Path | None) -> list[Pair]:
    if pairs is None:
        if len(images) != 2:
            raise WrongUse("give two images, or --pairs FILE.csv")
        return [(images[0], (images[1],))]
    if images:
        raise WrongUse("give two images or --pairs, not both")
    return read_pairs(pairs)

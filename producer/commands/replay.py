"""`countersign replay`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from producer.console import print_json
from producer.printing.replayed import show_replayed
from producer.services.replay import replay_file


def replay(
    file: Annotated[Path, typer.Argument(metavar="BUNDLE", help="The ZIP file.", exists=True)],
    folder: Annotated[
        Path | None, typer.Option("--out", help="Empty folder for the results; default: they are not kept.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object on stdout.")] = False,
) -> None:
    """Read a bundle's document again on this machine, without servers: is the answer the same?

    Exit status 1: it is not. Different weights or code are named beside the answer.
    """
    replayed = replay_file(file, folder=folder)
    if as_json:
        print_json(replayed)
    else:
        show_replayed(replayed)
    raise typer.Exit(0 if replayed.same else 1)

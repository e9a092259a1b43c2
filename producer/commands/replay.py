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
        Path | None, typer.Option("--out", help="Empty folder to keep the results in; default: none is kept.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object on stdout.")] = False,
) -> None:
    """Read a bundle's document again, here and without servers: is the answer the same?

    Exit status 1 says that it is not. Other weights or other code are named beside it.
    """
    replayed = replay_file(file, folder=folder)
    if as_json:
        print_json(replayed)
    else:
        show_replayed(replayed)
    raise typer.Exit(0 if replayed.same else 1)

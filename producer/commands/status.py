"""`countersign status`."""

from __future__ import annotations

from typing import Annotated

import typer

from producer.console import print_json
from producer.options import RunFolder
from producer.printing.documents import show_overview
from producer.printing.history import show_history
from producer.services.run_folder import sessions_of
from producer.services.status import histories, overview


def status(
    document: Annotated[
        str | None,
        typer.Argument(help="A document's id, key, SHA-256 or task id; default: counts of all."),
    ] = None,
    folder: RunFolder = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON on stdout.")] = False,
) -> None:
    """Show where documents stand: the number in each status, or one document with its whole history."""
    sessions = sessions_of(folder)
    if document is not None:
        for history in histories(sessions, document):
            (print_json if as_json else show_history)(history)
        return
    numbers = overview(sessions)
    if as_json:
        print_json(numbers)
    else:
        show_overview(numbers, folder=folder)

"""`countersign audit`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from producer.console import print_json
from producer.printing.statement import noted, show_statement
from producer.services.audit import audit_source
from producer.sources import SOURCE_FORMS, configured_source
from worker import connections


def audit(
    source: Annotated[str, typer.Argument(help=f"{SOURCE_FORMS}.")],
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object on stdout.")] = False,
    everything: Annotated[
        Path | None,
        typer.Option("--all", help="File for every `unknown` or `gone` version, as JSON lines."),
    ] = None,
) -> None:
    """Compare a bucket or a folder with the database: is every version accounted for?

    `unknown` versions are not in the database; `gone` ones are in it, but no longer in the bucket.
    Exit status 1: a version is unknown, or its document has no final status yet.
    """
    origin = configured_source(source)
    with noted(everything) as (note, unknown):
        statement = audit_source(connections.sessions(), origin, on_loose=note)
    if as_json:
        print_json(statement.result)
    else:
        show_statement(statement, unknown)
    raise typer.Exit(0 if statement.complete else 1)

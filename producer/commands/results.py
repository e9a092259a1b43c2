"""`countersign results`."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from db.states import Status
from producer.console import err
from producer.options import RunFolder
from producer.services.results import Format, Selection, export_results
from producer.services.run_folder import sessions_of


def results(
    form: Annotated[
        Format,
        typer.Option("--format", help="jsonl has everything; the others have one row per verdict."),
    ] = Format.JSONL,
    out: Annotated[Path | None, typer.Option(help="File to write; default: stdout.")] = None,
    folder: RunFolder = None,
    status: Annotated[list[Status] | None, typer.Option(help="Only documents with this status.")] = None,
    after: Annotated[int, typer.Option(help="Only documents with a higher id.")] = 0,
) -> None:
    """Write results as JSON lines, CSV or Parquet: one line per document, or one row per verdict."""
    chosen = Selection(tuple(status or ()), after)
    written = export_results(sessions_of(folder), form, chosen, out or sys.stdout.buffer)
    err.print(f"{written.documents} documents; the next export goes on with --after {written.last}")

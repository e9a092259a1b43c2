"""`countersign results`."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from db.states import Status
from producer.console import err
from producer.options import RunFolder
from producer.services.feed import START, current_token, export_changes
from producer.services.results import Format, Selection, export_results, write_lines
from producer.services.run_folder import sessions_of, store_of
from worker.errors import WrongUse


def results(
    form: Annotated[
        Format,
        typer.Option("--format", help="jsonl has everything; the others have one row per verdict."),
    ] = Format.JSONL,
    out: Annotated[Path | None, typer.Option(help="File to write; default: stdout.")] = None,
    folder: RunFolder = None,
    status: Annotated[list[Status] | None, typer.Option(help="Only documents with this status.")] = None,
    after: Annotated[int, typer.Option(help="Only documents with a higher id.")] = 0,
    since: Annotated[
        str | None,
        typer.Option(help="Every change behind this token, one JSON object a line; `start` for all of them."),
    ] = None,
    token_file: Annotated[
        Path | None,
        typer.Option(help="As --since with the token in this file; the next one is written into it."),
    ] = None,
    all_answers: Annotated[
        bool, typer.Option("--all-answers", help="Every answer of each document, oldest first.")
    ] = False,
) -> None:
    """Write results as JSON lines, CSV or Parquet: one line per document, or one row per verdict.

    What changes later, answers of documents that are still at work included, comes with --since and the token
    that is printed.
    """
    if since is not None or token_file is not None:
        if form is not Format.JSONL or status or after or all_answers or (since and token_file):
            raise WrongUse("--since or --token-file goes with --out alone, and with --format jsonl")
        raise typer.Exit(_changes(folder, since, token_file, out))
    token = current_token(sessions_of(folder))
    chosen = Selection(tuple(status or ()), after, all_answers)
    store = store_of(folder) if all_answers else None
    written = export_results(sessions_of(folder), form, chosen, out or sys.stdout.buffer, store=store)
    err.print(f"{written.documents} documents; what changes from now on: --since {token}")


def _changes(folder: Path | None, since: str | None, token_file: Path | None, out: Path | None) -> int:
    """Write the changes; the exit status says whether every result could be read."""
    token = since or _stored_token(token_file)
    read = export_changes(sessions_of(folder), store_of(folder), token, out or sys.stdout.buffer)
    if token_file is not None:
        write_lines([f"{read.token}\n".encode()], token_file)
    err.print(f"{read.changes} changes; the next export goes on with --since {read.token}")
    if read.unreadable:
        err.print(f"{read.unreadable} results are damaged in storage, or gone; see `problem`")
    return 1 if read.unreadable else 0


def _stored_token(token_file: Path | None) -> str:
    if token_file is None or not token_file.exists():
        return START
    return token_file.read_text(encoding="ascii").strip()

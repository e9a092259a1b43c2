"""`countersign results`."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, BinaryIO

import typer

from db.states import Status
from producer.console import err
from producer.options import RunFolder
from producer.services.feed import START, current_token, export_changes
from producer.services.results import Selection, export_results, write_lines
from producer.services.run_folder import sessions_of, store_of
from producer.services.table_rows import Format
from producer.services.tables import TableName, export_table, export_table_changes
from producer.text import counted
from worker.errors import WrongUse


def results(
    form: Annotated[
        Format,
        typer.Option("--format", help="jsonl has whole documents, or with --table its rows."),
    ] = Format.JSONL,
    table: Annotated[
        TableName | None,
        typer.Option(help="One row a claim, a mark, a document, or each comparison."),
    ] = None,
    out: Annotated[Path | None, typer.Option(help="File to write; default: stdout.")] = None,
    folder: RunFolder = None,
    status: Annotated[list[Status] | None, typer.Option(help="Only documents with this status.")] = None,
    after: Annotated[int, typer.Option(help="Only documents with a higher id.")] = 0,
    since: Annotated[
        str | None,
        typer.Option(help="What changed after this token; `start` for everything. With --table: its rows."),
    ] = None,
    token_file: Annotated[
        Path | None,
        typer.Option(help="As --since with the token in this file; the next one is written into it."),
    ] = None,
    all_answers: Annotated[
        bool, typer.Option("--all-answers", help="Every answer of each document, oldest first.")
    ] = False,
) -> None:
    """Write results: whole documents as JSON lines, or a table as CSV, Parquet or JSON lines.

    `--table claims` has one row for each claimed signer, signed or not; `signatures` one for each mark;
    `documents` one for each document; `verdicts` one for each comparison.

    A token is printed at the end. With it, --since gives what has changed since then, and the answers of
    documents that are still in progress now.
    """
    if table is None and form is not Format.JSONL:
        raise WrongUse(f"{form} holds one table: add --table claims, signatures or documents")
    target = out or sys.stdout.buffer
    if since is not None or token_file is not None:
        if status or after or all_answers or (since and token_file):
            raise WrongUse("--since or --token-file goes with --out, --table and --format alone")
        raise typer.Exit(_changes(folder, _Wanted(table, form), since, token_file, target))
    token = current_token(sessions_of(folder))
    chosen = Selection(tuple(status or ()), after)
    if table is None:
        store = store_of(folder) if all_answers else None
        exported = export_results(sessions_of(folder), chosen, target, store=store)
    elif all_answers:
        raise WrongUse("--all-answers has no table: it goes with --format jsonl alone")
    else:
        exported = export_table(sessions_of(folder), table, form, chosen, target)
    err.print(f"{counted(exported.documents, 'document')}; what changes from now on: --since {token}")


@dataclass(frozen=True, slots=True)
class _Wanted:
    """The table, or None for whole documents, and its form."""

    table: TableName | None
    form: Format


def _changes(
    folder: Path | None, wanted: _Wanted, since: str | None, token_file: Path | None, target: Path | BinaryIO
) -> int:
    """Write the changes; the exit status says whether every result could be read."""
    token = since or _stored_token(token_file)
    sessions = sessions_of(folder)
    if wanted.table is None:
        read = export_changes(sessions, store_of(folder), token, target)
    else:
        read = export_table_changes(sessions, wanted.table, wanted.form, token, target)
    if token_file is not None:
        write_lines([f"{read.token}\n".encode()], token_file)
    err.print(f"{counted(read.changes, 'change')}; the next export goes on with --since {read.token}")
    if read.unreadable:
        err.print(f"{read.unreadable} results are damaged in storage, or gone; see `problem`")
    return 1 if read.unreadable else 0


def _stored_token(token_file: Path | None) -> str:
    if token_file is None or not token_file.exists():
        return START
    token = token_file.read_bytes().strip()
    if not token or not token.isascii():
        raise WrongUse(
            f"{str(token_file)!r} holds no token; a first export writes it, where there is no file"
        )
    return token.decode("ascii")

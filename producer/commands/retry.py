"""`countersign retry`."""

from __future__ import annotations

from typing import Annotated

import typer

from producer.account import account
from producer.console import sentences_only
from producer.options import RunFolder
from producer.printing.documents import tell_answer
from producer.printing.retried import tell_retried
from producer.services.retry import parse_time, retry_documents
from producer.services.run_folder import sessions_of
from producer.services.sending import open_sender


def retry(
    documents: Annotated[
        list[str] | None, typer.Argument(metavar="[DOCUMENT]...", help="Ids, keys or digests.")
    ] = None,
    reason: Annotated[
        str | None, typer.Option(help="All quarantined documents with this reason code, or `any`.")
    ] = None,
    since: Annotated[
        str | None,
        typer.Option(
            help="All quarantined since this time: 2026-11-20T08:00:00+01:00, or without an offset in UTC."
        ),
    ] = None,
    again: Annotated[
        bool, typer.Option("--again", help="Also documents that are done: they get one more answer.")
    ] = False,
    folder: RunFolder = None,
) -> None:
    """Send documents through again from the start: those in quarantine, others with --again.

    Answers and history stay; the next answer is added. --reason and --since may be given together. Exit
    status 1: no document matches, or the file of one is not there.

    With --run this command reads them itself, with the current settings, and rewrites the folder's tables
    and report.
    """
    if folder is not None:
        sentences_only()
    with open_sender(folder, on_answer=tell_answer) as send:
        retried = retry_documents(
            sessions_of(folder),
            send,
            names=documents or (),
            reason=reason,
            since=None if since is None else parse_time(since),
            again=again,
            who=account(),
            read_here=folder is not None,
        )
    tell_retried(retried)
    raise typer.Exit(0 if retried.complete else 1)

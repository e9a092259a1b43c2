"""`countersign retry`."""

from __future__ import annotations

import getpass
from typing import Annotated

import typer

from producer.console import err
from producer.services.retry import parse_time, retry_documents
from worker import connections


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
) -> None:
    """Send documents through again from the start: those in quarantine, others with --again.

    Answers and history stay; the next answer is added. --reason and --since may be given together. Exit
    status 1: they mean no document.
    """
    from worker.publisher import open_publisher  # noqa: PLC0415 - in the extra `queue`

    retried = retry_documents(
        connections.sessions(),
        open_publisher().start,
        names=documents or (),
        reason=reason,
        since=None if since is None else parse_time(since),
        again=again,
        who=getpass.getuser(),
    )
    err.print(f"{retried.again} documents sent again; {retried.at_work} were still at work")
    if retried.answered:
        err.print(f"{retried.answered} of them have answers, which stay; the next is added")
    if not retried.again + retried.at_work:
        err.print("no document in quarantine is meant by that", style="red")
        raise typer.Exit(1)

"""`countersign retry`."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated

import typer

from producer.console import err
from producer.services.retry import retry_documents
from worker import connections


def retry(
    documents: Annotated[
        list[str] | None, typer.Argument(metavar="[DOCUMENT]...", help="Ids, keys or digests.")
    ] = None,
    reason: Annotated[
        str | None, typer.Option(help="All quarantined documents with this reason code, or `any`.")
    ] = None,
    since: Annotated[
        datetime | None,
        typer.Option(help="All quarantined since this time (UTC), such as 2026-11-20T08:00:00."),
    ] = None,
) -> None:
    """Send quarantined documents through again from the start. Their history stays.

    --reason and --since may be given together.
    """
    from worker.publisher import open_publisher  # noqa: PLC0415 - in the extra `queue`

    retried = retry_documents(
        connections.sessions(),
        open_publisher().start,
        names=documents or (),
        reason=reason,
        since=since and since.replace(tzinfo=UTC),
    )
    err.print(f"{retried.again} documents sent again; {retried.at_work} were still at work")

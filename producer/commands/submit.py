"""`countersign submit`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from producer.claims_table import read_claims
from producer.console import err
from producer.printing.not_used import tell_not_used, tell_note
from producer.printing.progress import progress_listener
from producer.services.intake import connect
from producer.services.submit import submit_place
from producer.sources import SOURCE_FORMS


def submit(
    source: Annotated[str, typer.Argument(help=f"A file, a folder, {SOURCE_FORMS}.")],
    claims: Annotated[Path | None, typer.Option(help="CSV with the columns key,signer.", exists=True)] = None,
) -> None:
    """Put documents on the queues.

    Local files are uploaded to the intake bucket; those of file:///folder are read where they lie. What is
    registered already is not read twice.

    Exit status 1: a document was skipped, or something that was given was not used; each is named.
    """
    table = None if claims is None else read_claims(claims)
    with progress_listener("uploading") as tell:
        counts = submit_place(
            source,
            connect(source),
            table=table,
            claims=claims,
            on_progress=tell,
            on_not_used=tell_not_used,
            on_note=tell_note,
        )
    err.print(f"{counts.new} new documents sent, {counts.known} known already, {counts.skipped} skipped")
    if not (counts.new or counts.known or counts.skipped):
        err.print(f"there are no documents at {source}", style="red", markup=False, soft_wrap=True)
        raise typer.Exit(1)
    raise typer.Exit(1 if counts.skipped or counts.unused else 0)

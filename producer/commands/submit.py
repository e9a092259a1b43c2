"""`countersign submit`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from producer.claims import read_claims
from producer.console import err
from producer.printing.progress import progress_listener
from producer.services.intake import connect
from producer.services.submit import submit_place


def submit(
    source: Annotated[str, typer.Argument(help="A file, a folder, s3://bucket/prefix or file:///folder.")],
    claims: Annotated[
        Path | None, typer.Option(help="CSV with the columns document,signer.", exists=True)
    ] = None,
) -> None:
    """Put documents on the queues.

    Local files are uploaded to the intake bucket; those of file:///folder are read where they lie. What is
    registered already is not worked on twice.
    """
    table = {} if claims is None else read_claims(claims)
    with progress_listener("uploading") as tell:
        counts = submit_place(source, connect(source), table=table, on_progress=tell)
    err.print(f"{counts.new} new documents sent, {counts.known} known already, {counts.skipped} skipped")
    raise typer.Exit(1 if counts.skipped else 0)

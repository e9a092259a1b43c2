"""`countersign report`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from producer.console import err
from producer.options import RunFolder
from producer.services.report import report_documents
from producer.services.run_folder import sessions_of, store_of
from producer.text import counted


def report(
    documents: Annotated[
        list[str] | None,
        typer.Argument(help="Ids, keys or SHA-256 digests; default: the newest."),
    ] = None,
    out: Annotated[Path, typer.Option(help="The HTML file to write.")] = Path("report.html"),
    folder: RunFolder = None,
    newest: Annotated[int, typer.Option(min=1, help="How many of the newest to report.")] = 100,
) -> None:
    """Write the HTML report of documents: annotated pages, crops, verdicts."""
    written = report_documents(
        sessions_of(folder), store_of(folder), out, names=documents or (), newest=newest
    )
    err.print(f"{counted(written.documents, 'document')}: {written.path}")

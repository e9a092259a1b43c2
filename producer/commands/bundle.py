"""`countersign bundle`."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import Annotated

import typer

from producer.console import err, plain
from producer.options import RunFolder
from producer.services.bundle import bundle_document
from producer.services.run_folder import sessions_of, store_of


def bundle(
    document: Annotated[
        str, typer.Argument(help="A document's id, or a key, SHA-256 or task id of just one document.")
    ],
    file: Annotated[
        Path | None, typer.Option("--out", help="The ZIP file; default: document-ID.zip.")
    ] = None,
    run_folder: RunFolder = None,
) -> None:
    """Write what is needed to read a document again on another machine: bytes, claims, references, answer.

    The file is as confidential as the document. It holds settings that decide an answer, and no secrets.
    """
    written = bundle_document(document, sessions_of(run_folder), store_of(run_folder), out=file)
    path = written.path
    for signer in written.lacking:
        err.print(
            f"[yellow]references of {plain(signer)} are lacking:[/] "
            "the answer rests on more than are on file, and a replay may differ",
            soft_wrap=True,
        )
    # What went through a pipe or into a device lies somewhere else, if anywhere.
    advice = f"; countersign replay {shlex.quote(str(path))}" if path.is_file() else ""
    err.print(f"{path}: {written.size} bytes{advice}", markup=False, soft_wrap=True)

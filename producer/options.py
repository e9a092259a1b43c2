"""Options that several commands share."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

#: The results folder of `countersign run`, in place of the configured database and store.
RunFolder = Annotated[
    Path | None,
    typer.Option("--run", help="Folder that `countersign run` left. Default: the queued form."),
]

"""The data folder that a command names: needed, or left out where a user's own files take its place."""

from __future__ import annotations

from pathlib import Path

from worker.errors import WrongUse

#: What to do where no data folder is named.
NAME_IT = "name the folder with detection/ and verification/: --data DIR, or COUNTERSIGN_DATA"


def required_data(data: Path | None) -> Path:
    """The folder. WrongUse where none is named."""
    if data is None:
        raise WrongUse(NAME_IT)
    return data

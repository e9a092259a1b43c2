"""The evaluation data of tests that need it, where `COUNTERSIGN_DATA` says; and tables like those in it."""

from __future__ import annotations

import csv
import os
from pathlib import Path

import pytest

#: The data folder; one that is not there where nothing was said.
DATA = Path(os.environ.get("COUNTERSIGN_DATA") or "COUNTERSIGN_DATA is not set")


def needs_data(*parts: str) -> pytest.MarkDecorator:
    """Skip a test where the data folder lacks one of these parts."""
    missing = [part for part in parts if not (DATA / part).is_dir()]
    return pytest.mark.skipif(
        bool(missing), reason=f"needs {', '.join(parts)} in the folder COUNTERSIGN_DATA"
    )


def write_csv(path: Path, rows: list[dict[str, object]]) -> None:
    """A table with these rows, its folder made."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", newline="", encoding="utf-8") as stream:
        writer = csv.DictWriter(stream, fieldnames=list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)

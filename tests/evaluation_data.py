"""The evaluation data of tests that need it: `COUNTERSIGN_DATA` alone says where it is."""

from __future__ import annotations

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

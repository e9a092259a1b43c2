"""Where a figure comes from: the commit that printed it."""

from __future__ import annotations

import subprocess
from pathlib import Path


def commit() -> str:
    """The commit the code stands at, `unknown` outside a checkout."""
    asked = subprocess.run(
        ["git", "rev-parse", "--short=12", "HEAD"],
        cwd=Path(__file__).parent,
        capture_output=True,
        text=True,
        check=False,
    )
    return asked.stdout.strip() or "unknown"

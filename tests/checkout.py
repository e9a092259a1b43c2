"""What git says of this checkout."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]


def git(*words: str) -> list[str]:
    """Lines of an answer of git; a skip where there is no git or no checkout."""
    try:
        done = subprocess.run(["git", "-C", ROOT, *words], capture_output=True, text=True, check=False)
    except FileNotFoundError:
        pytest.skip("needs git")
    if done.returncode != 0:
        pytest.skip(f"needs a checkout: {done.stderr.strip()}")
    return done.stdout.splitlines()

"""The version of the code, named so that a verdict can be traced to it years later."""

from __future__ import annotations

import hashlib
from functools import cache
from pathlib import Path

#: What pip calls this product, and its release: as in pyproject.toml.
DISTRIBUTION = "countersign-intake"
RELEASE = "0.1.0"

_ROOT = Path(__file__).resolve().parent.parent


@cache
def code_version() -> str:
    """Release and digest of the source that decides: `0.1.0+src.3f9a0c1b2d4e`."""
    digest = hashlib.sha256()
    for path in sorted((_ROOT / "worker").rglob("*.py")):
        digest.update(path.relative_to(_ROOT).as_posix().encode() + b"\0" + path.read_bytes())
    return f"{RELEASE}+src.{digest.hexdigest()[:12]}"

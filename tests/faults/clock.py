"""Processes whose whole clock goes wrong: every call for the time of day, of Python or of C."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping
from functools import cache
from importlib.util import find_spec
from pathlib import Path


def shifted(seconds: float) -> Mapping[str, str]:
    """The environment of a process whose clock is that many seconds ahead; an empty one without the means.

    By libfaketime, which comes between a program and its C library. Clocks that only measure (monotonic
    ones) stay right, as they do on a machine whose time of day is wrong.
    """
    library = _library()
    if library is None or not seconds:
        return {}
    return _environment(library, seconds)


def how() -> str:
    """How clocks are shifted here, in words."""
    return (
        "libfaketime"
        if _library()
        else "not at all: `pip install libfaketime` has no library for this system"
    )


@cache
def _library() -> str | None:
    spec = find_spec("libfaketime")
    places = [] if spec is None or not spec.origin else Path(spec.origin).parent.rglob("libfaketime.so.1")
    return next((str(one) for one in places if _works(str(one))), None)


def _works(library: str) -> bool:
    """Whether an hour's shift is seen, and sleeping is still possible: not every build can do both."""
    probe = "import time; time.sleep(0.01); print(time.time())"
    times = []
    for more in ({}, _environment(library, 3600)):
        done = subprocess.run(
            [sys.executable, "-c", probe], env={**os.environ, **more}, capture_output=True, check=False
        )
        times.append(float(done.stdout or 0))
    return 3590 < times[1] - times[0] < 3700


def _environment(library: str, seconds: float) -> dict[str, str]:
    return {
        "LD_PRELOAD": library,
        "FAKETIME": f"{seconds:+g}s",
        "DONT_FAKE_MONOTONIC": "1",
        "FAKETIME_DONT_FAKE_MONOTONIC": "1",
    }

"""Processor seconds, user and system: of this process, and of a command with all that it started."""

from __future__ import annotations

import os
import resource
import subprocess
import sys
from collections.abc import Sequence


def spent() -> float:
    """Processor seconds of this process so far, its children that have ended included."""
    kinds = (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)
    return sum(usage.ru_utime + usage.ru_stime for usage in map(resource.getrusage, kinds))


def module_cost(module: str, arguments: Sequence[str]) -> tuple[float, str]:
    """Processor seconds of `python -m MODULE`, its children included, and what it printed.

    One thread per numerical library. RuntimeError where it fails.
    """
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
    before = spent()
    command = [sys.executable, "-m", module, *arguments]
    done = subprocess.run(command, env=environment, stdout=subprocess.PIPE, text=True, check=False)
    if done.returncode:
        raise RuntimeError(f"{module} ended with status {done.returncode}")
    return spent() - before, done.stdout

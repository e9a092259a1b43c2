"""A limit on the memory of whole processes: the kernel's own where a control group may be made."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

import psutil

_V1, _V2 = Path("/sys/fs/cgroup/memory"), Path("/sys/fs/cgroup")


@dataclass(slots=True)
class MemoryCap:
    """A limit that processes are put under; who goes beyond is killed at once, with SIGKILL."""

    limit: int
    #: The control group by which the kernel sees to it; None where none may be made.
    group: Path | None
    _watched: set[int] = field(default_factory=set)

    @property
    def how(self) -> str:
        """Who kills, in words."""
        return "the kernel, by a control group" if self.group else "the suite: may make no control group"

    def put(self, pid: int) -> None:
        """Put a process, and all that it will start, under the limit."""
        if self.group:
            (self.group / "cgroup.procs").write_text(str(pid))
        else:
            self._watched.add(pid)

    def enforce(self) -> None:
        """Do what the kernel does, where it does not; to be called often."""
        for pid in list(self._watched):
            try:
                if psutil.Process(pid).memory_info().rss > self.limit:
                    os.kill(pid, signal.SIGKILL)
            except (psutil.NoSuchProcess, ProcessLookupError):
                self._watched.discard(pid)

    @property
    def kills(self) -> int | None:
        """How often the kernel has killed for want of memory; None when nobody counts."""
        for name in ("memory.oom_control", "memory.events"):
            with suppress(OSError, AttributeError, TypeError):
                lines = (self.group / name).read_text().splitlines()  # type: ignore[operator]
                return next(int(line.split()[1]) for line in lines if line.startswith("oom_kill "))
        return None


@contextmanager
def memory_cap(megabytes: int) -> Iterator[MemoryCap]:
    """A limit while the block runs; its processes must have ended before."""
    limit = megabytes * 1024 * 1024
    group = _v1(limit) or _v2(limit)
    try:
        yield MemoryCap(limit, group)
    finally:
        if group:
            with suppress(OSError):
                group.rmdir()


def _v1(limit: int) -> Path | None:
    return _made(_V1, {"memory.limit_in_bytes": limit, "memory.memsw.limit_in_bytes": limit})


def _v2(limit: int) -> Path | None:
    return _made(_V2, {"memory.max": limit, "memory.swap.max": 0})


def _made(root: Path, limits: dict[str, int]) -> Path | None:
    group = root / f"countersign-faults-{os.getpid()}"
    if not (root / "cgroup.procs").exists():
        return None
    try:
        group.mkdir()
    except OSError:
        return None
    try:
        first, *others = limits.items()
        (group / first[0]).write_text(str(first[1]))
    except OSError:
        group.rmdir()
        return None
    for name, value in others:
        # Kernels that do not account for swap have no such file.
        with suppress(OSError):
            (group / name).write_text(str(value))
    return group

"""Disks that really fill up: a small file system of memory, or the kernel's limit on a process's files."""

from __future__ import annotations

import errno
import resource
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

#: What a disk is filled with, block by block.
_BLOCK = bytes(64 * 1024)


@dataclass(frozen=True, slots=True)
class Disk:
    """A folder that can be filled. What is written to a full one fails with an error of the kernel.

    Where mounting is not allowed, the processes that write there get a limit of no bytes for every file
    (RLIMIT_FSIZE): EFBIG in place of ENOSPC, and as real.
    """

    folder: Path
    mounted: bool

    @property
    def how(self) -> str:
        """How it fills, in words."""
        return "ENOSPC of a small tmpfs" if self.mounted else "EFBIG of RLIMIT_FSIZE: may not mount"

    def fill(self, writers: Sequence[int]) -> None:
        """Leave no byte free for these processes."""
        if not self.mounted:
            self._limit(writers, 0)
            return
        with self._ballast.open("wb", buffering=0) as file:
            # Others write meanwhile: how much room there is shows only by filling it.
            try:
                while file.write(_BLOCK):
                    pass
            except OSError as error:
                if error.errno != errno.ENOSPC:
                    raise

    def clear(self, writers: Sequence[int]) -> None:
        """Let there be room again."""
        self._ballast.unlink(missing_ok=True)
        if not self.mounted:
            self._limit(writers, resource.RLIM_INFINITY)

    @property
    def _ballast(self) -> Path:
        return self.folder / "ballast"

    @staticmethod
    def _limit(writers: Sequence[int], size: int) -> None:
        for pid in writers:
            _, most = resource.prlimit(pid, resource.RLIMIT_FSIZE)
            resource.prlimit(pid, resource.RLIMIT_FSIZE, (most if size else 0, most))


@contextmanager
def disk(folder: Path, *, megabytes: int) -> Iterator[Disk]:
    """A disk of that size while the block runs."""
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", f"size={megabytes}m,mode=1777", "tmpfs", str(folder)]
    try:
        mounted = subprocess.run(mount, capture_output=True, check=False).returncode == 0
    except FileNotFoundError:
        mounted = False
    try:
        yield Disk(folder, mounted)
    finally:
        if mounted:
            # Lazily: a process that was killed may not be gone yet.
            subprocess.run(["umount", "--lazy", str(folder)], check=False)

"""Traps: files by which the suite tells a worker at which boundary of which stage something must happen.

A trap is sprung by renaming its file, which only one worker can do, so each strikes once.
"""

from __future__ import annotations

import os
import time
from dataclasses import dataclass
from pathlib import Path

from worker.pipeline import PIPELINE

STAGES = tuple(stage.name.value for stage in PIPELINE)
#: Where a stage can be struck, in the order in which it gets there.
BOUNDARIES = ("before_claim", "after_claim", "before_commit", "after_write", "before_ack")


@dataclass(frozen=True, slots=True)
class Sprung:
    """A trap that struck: what, in which process, and when by the file system, whose clock is not shifted."""

    stage: str
    boundary: str
    action: str
    pid: int
    at: float


class Traps:
    """The folder of traps, seen from both sides."""

    def __init__(self, folder: Path) -> None:
        self._armed = folder / "armed"
        self._sprung = folder / "sprung"
        for place in (self._armed, self._sprung):
            place.mkdir(parents=True, exist_ok=True)

    def arm(self, stage: str, boundary: str, action: str) -> None:
        """Set a trap; a second at the same place replaces the first."""
        half = self._sprung.parent / f"{stage}.{boundary}"
        half.write_text(action)
        half.replace(self._armed / half.name)

    def spring(self, stage: str, boundary: str) -> str | None:
        """What must happen here and now; None nearly always."""
        name = f"{stage}.{boundary}"
        mine = self._sprung / f"{name}.{os.getpid()}.{time.monotonic_ns()}"
        try:
            (self._armed / name).rename(mine)
        except FileNotFoundError:
            return None
        return mine.read_text()

    @property
    def armed(self) -> int:
        """How many wait to be sprung."""
        return len(list(self._armed.iterdir()))

    def disarm(self) -> int:
        """Remove what has not been sprung; answer how many traps those were."""
        left = list(self._armed.iterdir())
        for trap in left:
            trap.unlink(missing_ok=True)
        return len(left)

    def sprung(self) -> list[Sprung]:
        """What struck so far, oldest first."""
        struck = []
        for path in self._sprung.iterdir():
            stage, boundary, pid, _ = path.name.split(".")
            struck.append(Sprung(stage, boundary, path.read_text(), int(pid), path.stat().st_ctime))
        return sorted(struck, key=lambda one: one.at)

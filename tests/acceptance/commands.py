"""Running `countersign` as its user does: in a process of its own."""

from __future__ import annotations

import json
import subprocess
import sysconfig
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from producer.machine.processes import child_environment

COUNTERSIGN = str(Path(sysconfig.get_path("scripts")) / "countersign")


@dataclass(frozen=True)
class CommandResult:
    """What a command answered."""

    status: int
    out: str
    err: str

    @property
    def objects(self) -> list[dict[str, Any]]:
        """Every line of stdout as JSON; fails when one is not."""
        return [json.loads(line) for line in self.out.splitlines()]


def countersign(
    *words: object,
    env: Mapping[str, str] | None = None,
    seconds: float = 120,
    cwd: Path | None = None,
) -> CommandResult:
    """Run `countersign` with these words, in that folder."""
    done = subprocess.run(
        [COUNTERSIGN, *map(str, words)],
        capture_output=True,
        text=True,
        timeout=seconds,
        check=False,
        env=child_environment(dict(env or {})),
        cwd=cwd,
    )
    return CommandResult(done.returncode, done.stdout, done.stderr)

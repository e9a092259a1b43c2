"""Rule files, checked before anything is judged by them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from worker.rules.reading import Rules, read_rules


@dataclass(frozen=True, slots=True)
class CheckedRules:
    """A rule file that can be used, and where it lies."""

    path: Path
    rules: Rules


def validate_rules(paths: Sequence[Path]) -> list[CheckedRules]:
    """Check rule files. RulesRefused with line and reason at the first fault; OSError."""
    return [CheckedRules(path, read_rules(path.read_bytes(), str(path))) for path in paths]

"""Holds the measured coverage to floors: `python -m tests.coverage_floors coverage.json`."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

#: Least share of statements, in percent, that the tests run of the files below each folder.
FLOORS = {
    "worker/steps/": 100.0,
    "worker/tasks/": 100.0,
    "worker/vision/": 100.0,
    "db/": 100.0,
    "": 95.0,
}
#: Where all the product falls short, so many files are named: those with the most lines that no test runs.
NAMED = 20


def shortfalls(files: dict[str, Any]) -> Iterator[str]:
    """A sentence for each floor that is missed, and below it a line for each file that no test runs whole."""
    for folder, floor in FLOORS.items():
        below = {name: report for name, report in files.items() if name.startswith(folder)}
        statements = sum(report["summary"]["num_statements"] for report in below.values())
        covered = sum(report["summary"]["covered_lines"] for report in below.values())
        percent = 100.0 * covered / max(statements, 1)
        if percent < floor:
            yield f"{folder or 'all'}: {percent:.2f} % of {statements} lines, not {floor:g}"
            missing = {name: report["missing_lines"] for name, report in below.items()}
            worst = sorted(filter(missing.get, missing), key=lambda name: (-len(missing[name]), name))
            yield from (f"  {name}: {ranges(missing[name])}" for name in worst[:NAMED])


def ranges(numbers: Sequence[int]) -> str:
    """Ascending numbers with runs of neighbours joined, such as "7, 12-14"."""
    runs: list[list[int]] = []
    for number in numbers:
        if runs and runs[-1][-1] == number - 1:
            runs[-1].append(number)
        else:
            runs.append([number])
    return ", ".join(str(run[0]) if len(run) == 1 else f"{run[0]}-{run[-1]}" for run in runs)


def main(report: Path) -> int:
    """Exit status: 1 when a floor is missed."""
    missed = list(shortfalls(json.loads(report.read_text(encoding="utf-8"))["files"]))
    sys.stdout.write("\n".join(missed or ["coverage: every floor is reached"]) + "\n")
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))

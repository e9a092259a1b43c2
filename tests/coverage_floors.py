"""Holds the measured coverage to floors: `python -m tests.coverage_floors coverage.json`."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

#: Least share of statements, in percent, that the tests run of the files below each folder.
FLOORS = {
    "worker/steps/": 98.5,
    "worker/tasks/": 96.0,
    "worker/vision/": 98.0,
    "db/": 99.0,
    "": 95.0,
}


def shortfalls(files: dict[str, Any]) -> Iterator[str]:
    """A sentence for each floor that is missed, with the lines that no test runs."""
    for folder, floor in FLOORS.items():
        below = {name: report for name, report in files.items() if name.startswith(folder)}
        statements = sum(report["summary"]["num_statements"] for report in below.values())
        covered = sum(report["summary"]["covered_lines"] for report in below.values())
        percent = 100.0 * covered / max(statements, 1)
        if percent < floor:
            lines = (f"{name}: {report['missing_lines']}" for name, report in below.items())
            missing = [line for line in lines if not line.endswith("[]")]
            where = "\n  ".join(missing) if folder else "see `coverage report`"
            yield f"{folder or 'all'}: {percent:.1f} % of {statements} lines, not {floor:g}\n  {where}"


def main(report: Path) -> int:
    """Exit status: 1 when a floor is missed."""
    missed = list(shortfalls(json.loads(report.read_text(encoding="utf-8"))["files"]))
    sys.stdout.write("\n".join(missed or ["coverage: every floor is reached"]) + "\n")
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))

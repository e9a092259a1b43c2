"""The gate of coverage: which floors are missed, and on which lines."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.coverage_floors import FLOORS, main, ranges


def measured(statements: int, *missing: int) -> dict[str, Any]:
    """What `coverage json` says of a file."""
    summary = {"num_statements": statements, "covered_lines": statements - len(missing)}
    return {"summary": summary, "missing_lines": list(missing)}


WHOLE = {f"{folder}whole.py": measured(50) for folder in FLOORS if folder}


@pytest.fixture
def report(tmp_path: Path) -> Path:
    return tmp_path / "coverage.json"


def told(report: Path, files: dict[str, Any], capsys: pytest.CaptureFixture[str]) -> tuple[int, list[str]]:
    """Exit status and lines where these files were measured."""
    report.write_text(json.dumps({"files": files}))
    return main(report), capsys.readouterr().out.splitlines()


def test_one_line_of_a_model_is_too_many_and_is_named(report: Path, capsys) -> None:
    status, lines = told(report, {**WHOLE, "worker/vision/detect.py": measured(50, 84)}, capsys)

    assert status == 1
    assert lines == ["worker/vision/: 99.00 % of 100 lines, not 100", "  worker/vision/detect.py: 84"]


def test_of_all_code_a_share_is_enough(report: Path, capsys) -> None:
    status, lines = told(report, {**WHOLE, "producer/cli.py": measured(100, *range(1, 6))}, capsys)

    assert (status, lines) == (0, ["coverage: every floor is reached"])


def test_where_all_code_falls_short_the_worst_files_come_first(report: Path, capsys) -> None:
    files = {"producer/cli.py": measured(100, 3), "producer/text.py": measured(100, *range(7, 40), 42)}

    status, lines = told(report, {**WHOLE, **files}, capsys)

    assert status == 1
    assert lines == [
        "all: 91.25 % of 400 lines, not 95",
        "  producer/text.py: 7-39, 42",
        "  producer/cli.py: 3",
    ]


def test_a_folder_of_which_nothing_was_measured_misses_its_floor(report: Path, capsys) -> None:
    whole = {name: measured for name, measured in WHOLE.items() if not name.startswith("db/")}

    assert told(report, whole, capsys) == (1, ["db/: 0.00 % of 0 lines, not 100"])


def test_runs_of_lines_are_joined() -> None:
    assert ranges([7, 12, 13, 14, 20, 21]) == "7, 12-14, 20-21"
    assert ranges([]) == ""

"""The doctor's findings, for a person."""

from __future__ import annotations

from collections.abc import Iterable

from rich.markup import escape

from producer.console import empty_table, out
from worker.result import DoctorFinding

_MARKS = {True: "[green]good[/]", False: "[red]bad[/]", None: "[dim]none[/]"}


def show_findings(findings: Iterable[DoctorFinding]) -> None:
    """A row each: what was looked at, how it is, and what to do."""
    rows = empty_table("Countersign's health", "check", "", "found", "what to do")
    for finding in findings:
        rows.add_row(finding.check, _MARKS[finding.ok], escape(finding.found), escape(finding.advice))
    out.print(rows)

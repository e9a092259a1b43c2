"""`countersign-train evaluate slots`."""

from __future__ import annotations

import statistics
from typing import Annotated

import typer
from rich.table import Table

from training.common.console import output
from training.common.options import DataOption, LimitOption
from training.slots.forms import CHOSEN_ON, LEFT_OUT, blank_forms
from training.slots.measure import SlotReport, SlotTally, measure_slots
from worker.slots.values import SlotKind
from worker.vision.reading import load_line_reader

_Scans = Annotated[
    bool, typer.Option("--scans", help="Print and scan the forms first: their words have to be read.")
]


def evaluate_slots(data: DataOption, limit: LimitOption = 0, scans: _Scans = False) -> None:
    """Measure where the slots of blank forms are found, on the forms that took no part in choosing.

    The forms' own fields are taken away first. Authors often have no field where people sign on paper: F1 is
    given on pages with fields of that kind, and on all pages.
    """
    forms = list(blank_forms(data / "slots"))
    reader = load_line_reader() if scans else None
    report = measure_slots(forms[:limit] if limit else forms, reader)
    output().print(slot_table(report))
    milliseconds = report.milliseconds or [0.0]
    output().print(
        f"{len(milliseconds)} pages; median {statistics.median(milliseconds):.0f} ms a page, "
        f"slowest {max(milliseconds):.0f} ms, one thread"
    )


def slot_table(report: SlotReport) -> Table:
    """A row for each half and kind, the half left out first."""
    table = Table("forms", "kind", "fields", "found", "recall", "extra", "F1", "F1, all pages")
    for half in (LEFT_OUT, CHOSEN_ON):
        for kind in SlotKind:
            if (half, kind) in report.tallies:
                _row(table, half, kind.value, report.tally(half, kind))
        _row(table, half, "all", report.whole(half))
    return table


def _row(table: Table, half: str, kind: str, tally: SlotTally) -> None:
    table.add_row(
        half,
        kind,
        str(tally.fields),
        str(tally.hits),
        f"{tally.recall:.3f}",
        f"{tally.extra} ({tally.extra_anywhere})",
        f"{tally.f1():.3f}",
        f"{tally.f1(anywhere=True):.3f}",
    )

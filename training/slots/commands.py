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
from training.slots.statuses import WITH, WITHOUT, StatusReport, measure_statuses
from worker.engines import build_detector
from worker.settings import Detection
from worker.slots.values import SlotKind
from worker.vision.reading import load_line_reader

_Scans = Annotated[
    bool, typer.Option("--scans", help="Print and scan the forms first: their words have to be read.")
]


_Filled = Annotated[
    bool,
    typer.Option("--filled", help="Fill and scan the forms, and measure what is said to stand in them."),
]


def evaluate_slots(
    data: DataOption, limit: LimitOption = 0, scans: _Scans = False, filled: _Filled = False
) -> None:
    """Measure where the slots of blank forms are found, on the forms that took no part in choosing.

    The forms' own fields are taken away first. Authors often have no field where people sign on paper: F1 is
    given on pages with fields of that kind, and on all pages.
    """
    forms = list(blank_forms(data / "slots"))
    forms = forms[:limit] if limit else forms
    if filled:
        statuses = measure_statuses(forms, build_detector(Detection()), load_line_reader())
        output().print(status_table(statuses))
        return
    report = measure_slots(forms, load_line_reader(), scans=scans)
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


def status_table(report: StatusReport) -> Table:
    """A row for each way and half, the half left out first."""
    table = Table(
        "forms", "scanned copies", "fields", "found", "right", "right of found", "empty", "called signed"
    )
    for way in (WITHOUT, WITH):
        for half in (LEFT_OUT, CHOSEN_ON):
            tally = report.tally(half, way)
            shares = f"{tally.share_right:.3f}", f"{tally.share_right_where_found:.3f}"
            counts = (
                str(tally.fields),
                str(tally.with_slot),
                *shares,
                str(tally.empty),
                str(tally.called_signed),
            )
            table.add_row(half, way, *counts)
    table.caption = f"taken for another form: {report.mistaken[WITH]} pages"
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

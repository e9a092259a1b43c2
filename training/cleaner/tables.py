"""The cleaners' figures as tables for a terminal."""

from __future__ import annotations

from rich.console import Console
from rich.table import Table

from training.cleaner.evaluate import CleanerReport
from training.common.statistics import Estimate


def show_cleaners(console: Console, report: CleanerReport) -> None:
    """Print a table a set: strokes, and the verifier's errors, by cleaner."""
    title = f"cleaner {report.digests['cleaner'][:12]}, verifier {report.digests['encoder'][:12]}"
    for name, measured in report.sets.items():
        genuine, skilled, random = measured.trials
        table = Table(
            title=f"{name}: {title}, commit {report.commit}, {report.date}",
            caption=f"{measured.writers} writers, {measured.specimens} crops, "
            f"{genuine} genuine + {skilled} skilled + {random} random trials; 95 % intervals over writers",
        )
        for heading in ("cleaner", "precision", "recall", "F1", "invented"):
            table.add_column(heading)
        for heading in ("dirty: skilled EER", "random EER", "clean: skilled EER", "random EER", "touched"):
            table.add_column(heading)
        for cleaner, figures in measured.figures.items():
            strokes = figures.strokes
            shares = (strokes.precision, strokes.recall, strokes.f1, strokes.invented)
            errors = (
                errors for kind in (figures.dirty, figures.clean) for errors in (kind.skilled, kind.random)
            )
            table.add_row(cleaner, *map(_rate, shares), *map(_rate, errors), f"{figures.touched:.1%}")
        perfect = (measured.perfect.skilled, measured.perfect.random)
        table.add_row("perfect", *[""] * 4, *map(_rate, perfect), *[""] * 3)
        console.print(table)


def _rate(rate: Estimate) -> str:
    return f"{rate.value:.1%} ({rate.low:.1%}–{rate.high:.1%})"

"""What a page costs, as a share and as a ratio: `make bench`, or `python -m benchmarks`.

Each set of drawn documents goes through the embedded run and, beside it, through the script that people write
today. All figures are processor seconds, so that others at work on the machine matter little. What a process
spends before its first document (imports, weights, references) is shown separately.
"""

from __future__ import annotations

import json
import platform
import subprocess
import tempfile
from dataclasses import dataclass
from functools import partial
from importlib.metadata import version
from os import cpu_count
from pathlib import Path
from statistics import median
from typing import Annotated, Any

import typer
from rich.table import Table

from benchmarks.processor_time import module_cost
from producer.console import err, print_json
from training.synthesis.loads import write_alike

#: Bar and goal: the models' share of a run, and how many times cheaper than the script it is.
EFFICIENCY, AGAINST_NAIVE = (0.60, 0.80), (4.0, 8.0)
_LIBRARIES = ("numpy", "onnxruntime", "opencv-python-headless", "pillow", "pymupdf", "sqlalchemy")


@dataclass(frozen=True, slots=True)
class DocumentSet:
    """Documents of one kind, as `write_alike` names it, each of so many pages."""

    kind: str
    pages: int
    words: str

    def draw(self, folder: Path, pages: int) -> Path:
        """Write documents of so many pages together; a folder that is there already serves."""
        if not folder.exists():
            write_alike(folder, self.kind, documents=max(1, pages // self.pages), pages=self.pages)
        return folder


SETS = {
    "tiff": DocumentSet("tif", 1, "single-page 1-bit TIFF"),
    "jpeg": DocumentSet("grey", 1, "single-page grey JPEG"),
    "jpeg-pdf": DocumentSet("pdf", 20, "20-page PDF of JPEG scans"),
    "g4-pdf": DocumentSet("fax_pdf", 20, "20-page PDF of G4 scans"),
    "vector-pdf": DocumentSet("drawn", 20, "20-page vector PDF"),
}


def main(
    pages: Annotated[int, typer.Option(min=1, help="Pages of each set.")] = 40,
    rounds: Annotated[int, typer.Option(min=1, help="How often each set is measured.")] = 1,
    sets: Annotated[str, typer.Option(help="Sets to measure, separated by commas.")] = ",".join(SETS),
    folder: Annotated[Path | None, typer.Option(help="Where the sets are drawn, to be used again.")] = None,
    out: Annotated[Path | None, typer.Option("--json", help="Write the figures there, too.")] = None,
) -> None:
    """Measure, and print a table on stderr and one JSON object on stdout."""
    names = sets.split(",")
    with tempfile.TemporaryDirectory() as scratch:
        drawn = folder or Path(scratch) / "sets"
        rows = {}
        for name in names:
            err.print(f"{SETS[name].words} ...")
            place = SETS[name].draw(drawn / f"{name}-{pages}", pages)
            measured = [_measured(place, Path(scratch) / f"{name}-{turn}") for turn in range(rounds)]
            rows[name] = _row(measured)
    answer = {**_circumstances(), "rounds": rounds, "sets": rows}
    err.print(_table(rows))
    if out is not None:
        out.write_text(json.dumps(answer, indent=1) + "\n", encoding="utf-8")
    print_json(answer)


def _measured(place: Path, out: Path) -> dict[str, Any]:
    """One round of a set: the run and the script, one after the other; seconds after their start."""
    whole, told = module_cost("benchmarks.one_run", [str(place), str(out)])
    naive, naive_told = module_cost("benchmarks.naive", [str(place / "documents"), str(place / "references")])
    run, script = json.loads(told), json.loads(naive_told)
    return {
        "pages": run["pages"],
        "regions": run["regions"],
        "naive_regions": script["regions"],
        "start": run["start"],
        "whole": whole - run["start"],
        "models": sum(run["models"].values()),
        "by_model": run["models"],
        "naive": naive - script["start"],
    }


def _row(measured: list[dict[str, Any]]) -> dict[str, Any]:
    """Medians over the rounds, and the spread of the two ratios."""
    efficiency = [one["models"] / one["whole"] for one in measured]
    against = [one["naive"] / one["whole"] for one in measured]
    middle = {
        name: round(median(one[name] for one in measured), 3)
        for name in ("start", "whole", "models", "naive")
    }
    counts = {name: measured[0][name] for name in ("pages", "regions", "naive_regions", "by_model")}
    return {
        **counts,
        **middle,
        "efficiency": _spread(efficiency),
        "against_naive": _spread(against),
    }


def _spread(values: list[float]) -> dict[str, float]:
    return {name: round(of(values), 3) for name, of in (("min", min), ("median", median), ("max", max))}


def _circumstances() -> dict[str, Any]:
    git = partial(subprocess.run, capture_output=True, text=True, check=False)
    return {
        "commit": git(["git", "describe", "--always", "--dirty"]).stdout.strip(),
        "python": platform.python_version(),
        "machine": f"{platform.machine()}, {cpu_count()} cores",
        "libraries": {name: version(name) for name in _LIBRARIES},
    }


def _table(rows: dict[str, dict[str, Any]]) -> Table:
    title = f"CPU s after start; efficiency: bar {EFFICIENCY[0]}, goal {EFFICIENCY[1]}; "
    table = Table(title=title + f"against naive: bar {AGAINST_NAIVE[0]:g}, goal {AGAINST_NAIVE[1]:g}")
    for heading in ("set", "pages", "start", "whole", "models", "naive", "efficiency", "against naive"):
        table.add_column(heading)
    for name, row in rows.items():
        figures = [f"{row[figure]:.1f}" for figure in ("start", "whole", "models", "naive")]
        ratios = [f"{row[ratio]['median']:.2f}" for ratio in ("efficiency", "against_naive")]
        table.add_row(SETS[name].words, str(row["pages"]), *figures, *ratios)
    return table


if __name__ == "__main__":
    typer.run(main)

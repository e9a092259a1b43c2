"""Writes the tables of docs/accuracy.md and of the model cards from docs/figures/*.json.

`python -m training.common.accuracy_page` writes, and with `--check` says whether that is needed. A table
stands between `<!-- table: NAME -->` and `<!-- end -->`; the text around it is written by people. Where a
figure is missing, nothing is written.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from training.common.accuracy_tables import TABLES, Column, Row, Table
from training.common.console import messages
from training.common.figures import Figure, Unit, read_figures

ROOT = Path(__file__).parents[2]
FIGURES = ROOT / "docs" / "figures"
PAGES = (
    ROOT / "docs" / "accuracy.md",
    ROOT / "worker" / "weights" / "detector.md",
    ROOT / "worker" / "weights" / "roles.md",
    ROOT / "worker" / "weights" / "cleaner.md",
    ROOT / "worker" / "weights" / "verifier.md",
)
_MARKED = re.compile(r"(<!-- table: (?P<name>[\w-]+) -->\n).*?(<!-- end -->)", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Key:
    """What names a figure."""

    model: str
    set: str
    measure: str


@dataclass(frozen=True, slots=True)
class Measured:
    """A figure, and by which commit and on which day it was measured."""

    figure: Figure
    commit: str
    date: str


Figures = Mapping[Key, Measured]


class MissingFigures(LookupError):
    """No file holds these figures, which a page must show."""

    def __init__(self, keys: Sequence[Key]) -> None:
        super().__init__(keys)
        self.keys = tuple(keys)

    def __str__(self) -> str:
        names = "; ".join(f"{key.model}, {key.set}, {key.measure}" for key in self.keys)
        return f"figures are missing: {names}"


def read_all(folder: Path) -> Figures:
    """Every figure of a folder of JSON files; raises ValueError where two state one differently."""
    figures: dict[Key, Measured] = {}
    for path in sorted(folder.glob("*.json")):
        stored = read_figures(path)
        for figure in stored.figures:
            key = Key(figure.model, figure.set, figure.measure)
            measured = figures.setdefault(key, Measured(figure, stored.commit, stored.date.isoformat()))
            if measured.figure != figure:
                raise ValueError(f"{path.name} contradicts another file: {key}")
    return figures


def page(text: str, figures: Figures, tables: Mapping[str, Table] = TABLES) -> str:
    """The page with every table anew.

    Raises KeyError for a table that is not there, and MissingFigures.
    """
    return _MARKED.sub(
        lambda found: found[1] + markdown_table(tables[found["name"]], figures) + found[3], text
    )


def markdown_table(spec: Table, figures: Figures) -> str:
    """One table as Markdown, and below it when it was measured."""
    if missing := [key for row in spec.rows for key in _missing(row, spec.columns, figures)]:
        raise MissingFigures(missing)
    heads = [*spec.heads, *(column.heading for column in spec.columns)]
    cells = [[_measured(row, column, figures) for column in spec.columns] for row in spec.rows]
    body = ([*row.cells, *map(_cell, line, spec.columns)] for row, line in zip(spec.rows, cells, strict=True))
    lines = "".join(f"| {' | '.join(line)} |\n" for line in (heads, ["---"] * len(heads), *body))
    runs = sorted({(one.date, one.commit) for line in cells for one in line if one is not None})
    return f"{lines}\nMeasured {' and '.join(f'{date} at commit {commit}' for date, commit in runs)}.\n"


def _missing(row: Row, columns: Sequence[Column], figures: Figures) -> list[Key]:
    """The figures that a row must have and has not; of one without any figure all are missing."""
    missing = [column for column in columns if _measured(row, column, figures) is None]
    if len(missing) < len(columns):
        missing = [column for column in missing if not column.optional]
    return list(dict.fromkeys(_key(row, column) for column in missing))


def _measured(row: Row, column: Column, figures: Figures) -> Measured | None:
    """The figure of a cell; None where there is none."""
    return figures.get(_key(row, column))


def _key(row: Row, column: Column) -> Key:
    return Key(row.model, column.set or row.set, column.measure.format(at=row.at))


def _cell(measured: Measured | None, column: Column) -> str:
    if measured is None:
        return ""
    return str(measured.figure.n) if column.count else worded(measured.figure)


def worded(figure: Figure) -> str:
    """A value with its interval: shares in per cent, ratios with two digits, times in milliseconds."""
    if figure.value is None:
        return "not known"
    scale, digits, unit = _FORMS[figure.unit]
    if figure.unit is Unit.SHARE and (figure.high or 1) < _RARE:
        digits = 3
    value = f"{figure.value * scale:.{digits}f}"
    if figure.low is None or figure.high is None:
        return value + unit
    return f"{value}{unit} ({figure.low * scale:.{digits}f}–{figure.high * scale:.{digits}f})"


#: Shares that are surely below this are written with three digits.
_RARE = 0.001
#: Factor, digits and what stands behind the value.
_FORMS: Mapping[Unit, tuple[float, int, str]] = {
    Unit.SHARE: (100, 1, " %"),
    Unit.RATIO: (1, 2, ""),
    Unit.COUNT: (1, 0, ""),
    Unit.PER_PAGE: (1, 2, ""),
    Unit.MILLISECONDS: (1, 0, " ms"),
}


def main(arguments: Collection[str]) -> int:
    """Write the pages anew; with `--check` change nothing, and return 1 where one is out of date.

    Where figures are missing, nothing is written; they are named on stderr, and 1 is returned.
    """
    figures = read_all(FIGURES)
    before = {path: path.read_text(encoding="utf-8") for path in PAGES}
    try:
        after = {path: page(text, figures) for path, text in before.items()}
    except MissingFigures as missing:
        messages.print(str(missing), markup=False, highlight=False)
        return 1
    if "--check" in arguments:
        return int(before != after)
    for path, text in after.items():
        path.write_text(text, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

"""Writes the tables of docs/accuracy.md from docs/figures/*.json.

`python -m training.common.accuracy_page` writes, and with `--check` says whether that is needed. A table
stands between `<!-- table: NAME -->` and `<!-- end -->`; the text around it is written by people.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from training.common.accuracy_tables import TABLES, Column, Row, Table
from training.common.figures import Figure, Unit, read_figures

DOCS = Path(__file__).parents[2] / "docs"
_MARKED = re.compile(r"(<!-- table: (?P<name>[\w-]+) -->\n).*?(<!-- end -->)", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Key:
    """What names a figure."""

    model: str
    set: str
    measure: str


Figures = Mapping[Key, Figure]


def read_all(folder: Path) -> Figures:
    """Every figure of a folder of JSON files; raises ValueError where two state one differently."""
    figures: dict[Key, Figure] = {}
    for path in sorted(folder.glob("*.json")):
        for figure in read_figures(path).figures:
            key = Key(figure.model, figure.set, figure.measure)
            if figures.get(key, figure) != figure:
                raise ValueError(f"{path.name} contradicts another file: {key}")
            figures[key] = figure
    return figures


def page(text: str, figures: Figures, tables: Mapping[str, Table] = TABLES) -> str:
    """The page with every table anew; raises KeyError for a table or a figure that is not there."""
    return _MARKED.sub(lambda found: found[1] + table(tables[found["name"]], figures) + found[3], text)


def table(spec: Table, figures: Figures) -> str:
    """One table as Markdown."""
    heads = [*spec.heads, *(column.heading for column in spec.columns)]
    body = ([*row.cells, *(cell(row, column, figures) for column in spec.columns)] for row in spec.rows)
    return "".join(f"| {' | '.join(line)} |\n" for line in (heads, ["---"] * len(heads), *body))


def cell(row: Row, column: Column, figures: Figures) -> str:
    """One figure in words; empty where the row does not have it, an error where it ought to."""
    key = Key(row.model, column.set or row.set, column.measure.format(at=row.at))
    if key not in figures and column.optional:
        return ""
    return (str(figures[key].n)) if column.count else worded(figures[key])


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


def main(arguments: Iterable[str]) -> int:
    """Write the page anew; with `--check` change nothing, and return 1 where it is out of date."""
    path = DOCS / "accuracy.md"
    before = path.read_text(encoding="utf-8")
    after = page(before, read_all(DOCS / "figures"))
    if "--check" in arguments:
        return int(before != after)
    path.write_text(after, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

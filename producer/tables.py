"""CSV files that users write: with commas or semicolons, in UTF-8 with or without a mark in front."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import zip_longest
from pathlib import Path
from types import MappingProxyType
from urllib.parse import unquote

from producer.text import plain_name, visible
from worker.errors import WrongUse

#: A row by the names of its columns; a cell that is not there is None.
Row = Mapping[str, str | None]
_NONE: Mapping[str, str] = MappingProxyType({})


#: What text begins with that a spreadsheet would take for a formula.
FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")


def read_csv(
    path: Path, columns: Sequence[str], what: str, *, other_names: Mapping[str, str] = _NONE
) -> Iterator[tuple[int, Row]]:
    """The rows with their line numbers; further columns are left alone. `what` is what the file holds.

    `other_names` are further names of columns. The apostrophe that guards text in our tables is taken off.
    WrongUse when it cannot be read, is no UTF-8, lacks a column, or has a row that is longer than its header:
    half a name must not pass for a name. It names the line where the row begins.
    """
    lines = io.StringIO(_text(path, what), newline="")
    first = lines.readline()
    lines.seek(0)
    rows = _rows(lines, ";" if first.count(";") > first.count(",") else ",", path)
    _, header = next(rows, (1, []))
    names = [name.strip().lower() for name in header]
    names = [other_names.get(name, name) for name in names]
    if not set(columns) <= set(names):
        there = visible(",".join(header)) or "nothing"
        wanted = ",".join(columns)
        raise WrongUse(f"{path}, line 1: the header must name the columns {wanted}; it says {there}")
    for line, cells in rows:
        if any(cells[len(names) :]):
            raise WrongUse(
                f"{path}, line {line}: it has more cells than the header; quote a name with a comma in it"
            )
        if cells:
            yield line, dict(zip_longest(names, map(_unguarded, cells[: len(names)])))


def joined_names(names: Iterable[str]) -> str:
    """Names in one cell, parted by `; `; a semicolon inside a name is written %3B."""
    return "; ".join(name.replace("%", "%25").replace(";", "%3B") for name in names)


def parted_names(cell: str) -> list[str]:
    """The names of such a cell. ValueError for one that cannot be a name."""
    return [plain_name(unquote(part)) for part in cell.split(";") if part.strip()]


def _rows(lines: Iterable[str], delimiter: str, path: Path) -> Iterator[tuple[int, list[str]]]:
    """The cells of each row, with the line on which it begins. WrongUse."""
    reader = csv.reader(lines, delimiter=delimiter, strict=True)
    first = 1
    try:
        for cells in reader:
            yield first, cells
            first = reader.line_num + 1
    except csv.Error as error:
        unclosed = str(error) == "unexpected end of data"
        problem = "a quote is opened in this row and never closed" if unclosed else error
        raise WrongUse(f"{path}, line {first}: {problem}") from error


def _unguarded(cell: str) -> str:
    return cell[1:] if cell.startswith("'") and cell.lstrip("'").startswith(FORMULA_STARTS) else cell


def _text(path: Path, what: str) -> str:
    try:
        data = path.read_bytes()
    except OSError as error:
        raise WrongUse(f"cannot read the {what} {path}: {error.strerror or error}") from error
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise WrongUse(
            f"{path}, line {line}: not UTF-8 (perhaps Latin-1 or UTF-16); save it as CSV in UTF-8"
        ) from error

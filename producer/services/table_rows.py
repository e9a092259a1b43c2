"""Rows of a table as JSON lines, CSV or Parquet."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import BinaryIO, get_args, get_type_hints

from producer.services.output import whole_file
from producer.tables import FORMULA_STARTS
from worker.errors import WrongUse
from worker.exits import install_command
from worker.result import ResultModel


@dataclass(frozen=True, slots=True)
class TableColumn:
    """What a column holds: numbers, truth, moments, or text, which states and verdicts are, too."""

    kind: type
    nullable: bool = True


#: The columns of a table in their order.
Columns = Mapping[str, TableColumn]
#: A row by the names of its columns; moments as such, states as their words.
TableRow = Mapping[str, object]


class Format(StrEnum):
    """How results are written."""

    JSONL = "jsonl"
    CSV = "csv"
    PARQUET = "parquet"


def columns_of(model: type[ResultModel]) -> Columns:
    """The fields of a model."""
    hints = get_type_hints(model)
    return {name: _column(hints[name]) for name in model.model_fields}


def _column(hint: object) -> TableColumn:
    kinds = (hint, *get_args(hint))
    plain = next((kind for kind in (bool, int, float, datetime) if kind in kinds), str)
    return TableColumn(plain, nullable=type(None) in kinds)


def write_table(
    pages: Iterable[Sequence[TableRow]], columns: Columns, form: Format, out: Path | BinaryIO
) -> None:
    """Write rows to a file, which appears under its name when it is complete, or to a stream.

    WrongUse when the file cannot be written, or pyarrow is missing for Parquet.
    """
    write = {Format.JSONL: _write_jsonl, Format.CSV: _write_csv, Format.PARQUET: _write_parquet}[form]
    with opened(out) as stream:
        write(pages, columns, stream)


def guarded(value: object) -> object:
    """A CSV cell that no spreadsheet takes for a formula: such text gets an apostrophe in front.

    Numbers stay, truth is `true` or `false`, nothing is an empty cell, a moment has its zone.
    """
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, str) and value.lstrip("'").startswith(FORMULA_STARTS):
        return f"'{value}"
    return value


@contextmanager
def opened(out: Path | BinaryIO) -> Iterator[BinaryIO]:
    """What to write bytes to: a file that is replaced when the block ends well, or the stream. WrongUse."""
    if not isinstance(out, Path):
        yield out
        out.flush()
        return
    with whole_file(out) as path, path.open("wb") as stream:
        yield stream


def _write_jsonl(pages: Iterable[Sequence[TableRow]], columns: Columns, stream: BinaryIO) -> None:
    for page in pages:
        for row in page:
            line = json.dumps({name: row.get(name) for name in columns}, ensure_ascii=False, default=guarded)
            stream.write(line.encode() + b"\n")


def _write_csv(pages: Iterable[Sequence[TableRow]], columns: Columns, stream: BinaryIO) -> None:
    text = io.TextIOWrapper(stream, encoding="utf-8", newline="")
    try:
        writer = csv.writer(text)
        writer.writerow(columns)
        for page in pages:
            writer.writerows([guarded(row.get(name)) for name in columns] for row in page)
    finally:
        text.detach()  # flushes; the stream is not ours to close


def _write_parquet(pages: Iterable[Sequence[TableRow]], columns: Columns, stream: BinaryIO) -> None:
    try:
        from producer.services.parquet import write_parquet  # noqa: PLC0415 - in the extra `queue`
    except ImportError as error:
        raise WrongUse(f"Parquet needs pyarrow: {install_command('queue')}") from error
    write_parquet(pages, columns, stream)

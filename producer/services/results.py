"""Results out of the database: JSON lines with whole documents, CSV and Parquet with a row per verdict.

Everything is read and written a page of documents at a time, so an export needs no more memory for a million
documents than for a thousand.
"""

from __future__ import annotations

import csv
import io
import secrets
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, get_args, get_type_hints

from pydantic import JsonValue

from db import exports
from db.engine import Sessions
from db.states import Status
from worker.errors import WrongUse
from worker.result import VerdictRow
from worker.result.rows import Locate, document_result

if TYPE_CHECKING:
    import pyarrow as pa  # type: ignore[import-untyped]
    from typing_extensions import Buffer

__all__ = [
    "COLUMNS",
    "Exported",
    "Format",
    "Selection",
    "Status",
    "export_results",
    "guarded",
    "parquet_schema",
    "read_rows",
]

#: Documents that are read together; in Parquet also the documents of a row group.
PAGE = 500

#: Columns of the flat formats, in order.
COLUMNS = tuple(VerdictRow.model_fields)
#: Arrow types of what a column holds; text, states and verdicts are strings.
_ARROW = {bool: "bool", int: "int64", float: "float64"}


class Format(StrEnum):
    """How results are written."""

    JSONL = "jsonl"
    CSV = "csv"
    PARQUET = "parquet"


@dataclass(frozen=True, slots=True)
class Selection:
    """Which documents: those with one of the statuses (all when none is named) and an id above `after`."""

    statuses: tuple[Status, ...] = ()
    after: int = 0


@dataclass(frozen=True, slots=True)
class Exported:
    """How many documents were written, and the last one's id: `after` for the next export."""

    documents: int = 0
    last: int = 0


def export_results(
    sessions: Sessions,
    form: Format,
    selection: Selection,
    out: Path | BinaryIO,
    *,
    locate: Locate = str,
) -> Exported:
    """Write the selected documents to a file or a stream of bytes.

    A file appears under its name only when it is complete. `locate` turns storage keys into what readers can
    open, in JSON lines. WrongUse when the file cannot be written or pyarrow is missing for Parquet.
    """
    chosen = _Chosen(sessions, selection)
    with _opened(out) as stream:
        if form is Format.JSONL:
            _write_jsonl(chosen, stream, locate)
        elif form is Format.CSV:
            _write_csv(chosen, stream)
        else:
            _write_parquet(chosen, stream)
    return chosen.written


def read_rows(sessions: Sessions, document_ids: Sequence[int]) -> list[VerdictRow]:
    """The rows of those documents, by document, page, region and verdict."""
    with sessions() as session:
        return [VerdictRow.model_validate(row) for row in exports.verdict_rows(session, document_ids)]


def guarded(value: JsonValue) -> JsonValue:
    """A CSV cell that no spreadsheet takes for a formula: such text gets an apostrophe in front.

    Numbers stay, truth is `true` or `false`, nothing is an empty cell.
    """
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str) and value.startswith(("=", "+", "-", "@", "\t", "\r")):
        return f"'{value}"
    return value


class _Chosen:
    """The selected ids, a page at a time; counts what went through."""

    def __init__(self, sessions: Sessions, selection: Selection) -> None:
        self.sessions = sessions
        self._selection = selection
        self.written = Exported(last=selection.after)

    def pages(self) -> Iterator[Sequence[int]]:
        """Ids in order."""
        while page := self._next():
            yield page
            self.written = Exported(self.written.documents + len(page), page[-1])

    def _next(self) -> Sequence[int]:
        with self.sessions() as session:
            statuses, after = self._selection.statuses, self.written.last
            return exports.ids(session, statuses=statuses, after=after, limit=PAGE)


def _write_jsonl(chosen: _Chosen, stream: BinaryIO, locate: Locate) -> None:
    for page in chosen.pages():
        with chosen.sessions() as session:
            loaded = exports.load_documents(session, page)  # kept, so that the session finds them
            results = [document_result(session, document_id, locate=locate) for document_id in page]
            del loaded
            lines = [result.json_line(ascii_only=False).encode() + b"\n" for result in results]
        stream.writelines(lines)


def _write_csv(chosen: _Chosen, stream: BinaryIO) -> None:
    text = io.TextIOWrapper(stream, encoding="utf-8", newline="")
    try:
        writer = csv.writer(text)
        writer.writerow(COLUMNS)
        for page in chosen.pages():
            rows = read_rows(chosen.sessions, page)
            writer.writerows(map(guarded, row.json_object().values()) for row in rows)
    finally:
        text.detach()  # flushes; the stream is not ours to close


def _write_parquet(chosen: _Chosen, stream: BinaryIO) -> None:
    try:
        import pyarrow as pa  # noqa: PLC0415 - only this format needs it
        import pyarrow.parquet as pq  # type: ignore[import-untyped]  # noqa: PLC0415
    except ImportError as error:
        raise WrongUse("Parquet needs pyarrow: pip install 'countersign[queue]'") from error
    schema = parquet_schema()
    with pq.ParquetWriter(pa.PythonFile(_Counting(stream), mode="w"), schema) as writer:
        for page in chosen.pages():
            rows = [row.json_object() for row in read_rows(chosen.sessions, page)]
            writer.write_table(pa.Table.from_pylist(rows, schema=schema))


def parquet_schema() -> pa.Schema:
    """The Arrow schema of the flat rows: always the same, whatever the rows hold."""
    import pyarrow as pa  # noqa: PLC0415

    kinds = get_type_hints(VerdictRow)
    return pa.schema(
        [
            pa.field(name, pa.type_for_alias(_arrow_type(kinds[name])), nullable=not field.is_required())
            for name, field in VerdictRow.model_fields.items()
        ]
    )


def _arrow_type(kind: object) -> str:
    """The Arrow type of a column by the type of its field, whether or not that may be None."""
    kinds = (kind, *get_args(kind))
    return next((name for plain, name in _ARROW.items() if plain in kinds), "string")


class _Counting(io.RawIOBase):
    """A stream that knows how far it is: a pipe does not, and Parquet asks."""

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream
        self._written = 0

    def writable(self) -> bool:
        """Always."""
        return True

    def write(self, data: Buffer) -> int:
        """Write everything."""
        size = memoryview(data).nbytes
        self._stream.write(data)
        self._written += size
        return size

    def tell(self) -> int:
        """Bytes so far."""
        return self._written


@contextmanager
def _opened(out: Path | BinaryIO) -> Iterator[BinaryIO]:
    if not isinstance(out, Path):
        yield out
        out.flush()
        return
    half = out.with_name(f".{out.name}.{secrets.token_hex(4)}")
    try:
        half.touch(exist_ok=False)
    except OSError as error:
        raise WrongUse(f"cannot write {str(out)!r}: {error.strerror}") from error
    try:
        with half.open("wb") as stream:
            yield stream
        half.replace(out)
    finally:
        half.unlink(missing_ok=True)

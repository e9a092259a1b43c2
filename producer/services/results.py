"""Results out of the database: JSON lines with whole documents, CSV and Parquet with a row per verdict.

Everything is read and written a page of documents at a time, so an export needs no more memory for a million
documents than for a thousand.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import BinaryIO

from pydantic import JsonValue

from db import exports
from db.engine import Sessions
from db.states import Status
from producer.services.output import whole_file
from producer.services.selection import checked_number
from worker.errors import WrongUse
from worker.exits import install_command
from worker.result import VerdictRow
from worker.result.answers import every_answer
from worker.result.rows import Locate, document_result
from worker.storage.port import Results

#: Documents that are read together; in Parquet also the documents of a row group.
DOCUMENTS_TOGETHER = 500

#: Columns of the flat formats, in order.
TABLE_COLUMNS = tuple(VerdictRow.model_fields)


class Format(StrEnum):
    """How results are written."""

    JSONL = "jsonl"
    CSV = "csv"
    PARQUET = "parquet"


@dataclass(frozen=True, slots=True)
class Selection:
    """Which documents: those with one of the statuses (all when none is named) and an id above `after`.

    `all_answers` asks for every answer of each, not only for how it stands.
    """

    statuses: tuple[Status, ...] = ()
    after: int = 0
    all_answers: bool = False


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
    store: Results | None = None,
) -> Exported:
    """Write the selected documents to a file or a stream of bytes.

    A file appears under its name only when it is complete; a device is written through. `locate` turns
    storage keys into what readers can open, in JSON lines. `store` is where earlier answers lie. WrongUse
    when the file cannot be written, `after` can be no id, all answers are asked for in a form that has only
    one, or pyarrow is missing for Parquet.
    """
    checked_number(selection.after, "--after")
    if selection.all_answers and (form is not Format.JSONL or store is None):
        raise WrongUse("--all-answers needs --format jsonl")
    chosen = _Chosen(sessions, selection)
    with _opened(out) as stream:
        if selection.all_answers and store is not None:
            _write_answers(chosen, stream, store)
        elif form is Format.JSONL:
            _write_jsonl(chosen, stream, locate)
        elif form is Format.CSV:
            _write_csv(chosen, stream)
        else:
            _write_parquet(chosen, stream)
    return chosen.written


def write_lines(lines: Iterable[bytes], out: Path | BinaryIO) -> None:
    """Write lines to a file, which appears under its name when it is complete, or to a stream. WrongUse."""
    with _opened(out) as stream:
        stream.writelines(lines)


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
            return exports.ids(session, statuses=statuses, after=after, limit=DOCUMENTS_TOGETHER)


def _write_jsonl(chosen: _Chosen, stream: BinaryIO, locate: Locate) -> None:
    for page in chosen.pages():
        with chosen.sessions() as session:
            loaded = exports.load_documents(session, page)  # kept, so that the session finds them
            results = [document_result(session, document_id, locate=locate) for document_id in page]
            del loaded
            lines = [result.json_line(ascii_only=False).encode() + b"\n" for result in results]
        stream.writelines(lines)


def _write_answers(chosen: _Chosen, stream: BinaryIO, store: Results) -> None:
    for page in chosen.pages():
        for document_id in page:
            with chosen.sessions() as session:
                results = list(every_answer(session, document_id, store))
            stream.writelines(result.json_line(ascii_only=False).encode() + b"\n" for result in results)


def _write_csv(chosen: _Chosen, stream: BinaryIO) -> None:
    text = io.TextIOWrapper(stream, encoding="utf-8", newline="")
    try:
        writer = csv.writer(text)
        writer.writerow(TABLE_COLUMNS)
        for page in chosen.pages():
            rows = read_rows(chosen.sessions, page)
            writer.writerows(map(guarded, row.json_object().values()) for row in rows)
    finally:
        text.detach()  # flushes; the stream is not ours to close


def _write_parquet(chosen: _Chosen, stream: BinaryIO) -> None:
    try:
        from producer.services.parquet import write_parquet  # noqa: PLC0415 - in the extra `queue`
    except ImportError as error:
        raise WrongUse(f"Parquet needs pyarrow: {install_command('queue')}") from error
    write_parquet((read_rows(chosen.sessions, page) for page in chosen.pages()), stream)


@contextmanager
def _opened(out: Path | BinaryIO) -> Iterator[BinaryIO]:
    if not isinstance(out, Path):
        yield out
        out.flush()
        return
    with whole_file(out) as path, path.open("wb") as stream:
        yield stream

"""Results out of the database: whole documents as JSON lines.

Everything is read and written a page of documents at a time, so an export needs no more memory for a million
documents than for a thousand.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from db import exports
from db.engine import Sessions
from db.states import Status
from producer.services.selection import checked_number
from producer.services.table_rows import opened
from worker.result import VerdictRow
from worker.result.answers import every_answer
from worker.result.rows import Locate, document_result
from worker.storage.port import Results

#: Documents that are read together; in the Parquet of a table also the documents of a row group.
DOCUMENTS_TOGETHER = 500


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
    selection: Selection,
    out: Path | BinaryIO,
    *,
    locate: Locate = str,
    store: Results | None = None,
) -> Exported:
    """Write the selected documents to a file or a stream of bytes.

    A file appears under its name only when it is complete; a device is written through. `locate` turns
    storage keys into what readers can open. With `store`, where earlier answers lie, every answer of each is
    written, not only how it stands. WrongUse when the file cannot be written, or `after` can be no id.
    """
    chosen = ChosenDocuments(sessions, selection)
    with opened(out) as stream:
        if store is not None:
            _write_answers(chosen, stream, store)
        else:
            _write_documents(chosen, stream, locate)
    return chosen.written


def write_lines(lines: Iterable[bytes], out: Path | BinaryIO) -> None:
    """Write lines to a file, which appears under its name when it is complete, or to a stream. WrongUse."""
    with opened(out) as stream:
        stream.writelines(lines)


def read_rows(sessions: Sessions, document_ids: Sequence[int]) -> list[VerdictRow]:
    """The rows of those documents, by document, page, region and verdict."""
    with sessions() as session:
        return [VerdictRow.model_validate(row) for row in exports.verdict_rows(session, document_ids)]


class ChosenDocuments:
    """The selected ids, a page at a time; counts what went through. WrongUse when `after` can be no id."""

    def __init__(self, sessions: Sessions, selection: Selection) -> None:
        checked_number(selection.after, "--after")
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


def _write_documents(chosen: ChosenDocuments, stream: BinaryIO, locate: Locate) -> None:
    for page in chosen.pages():
        with chosen.sessions() as session:
            loaded = exports.load_documents(session, page)  # kept, so that the session finds them
            results = [document_result(session, document_id, locate=locate) for document_id in page]
            del loaded
            lines = [result.json_line(ascii_only=False).encode() + b"\n" for result in results]
        stream.writelines(lines)


def _write_answers(chosen: ChosenDocuments, stream: BinaryIO, store: Results) -> None:
    for page in chosen.pages():
        for document_id in page:
            with chosen.sessions() as session:
                results = list(every_answer(session, document_id, store))
            stream.writelines(result.json_line(ascii_only=False).encode() + b"\n" for result in results)

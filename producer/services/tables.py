"""The flat tables out of the database's views: all rows, or those of documents that changed since a token."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from pathlib import Path
from typing import BinaryIO

from db.engine import Sessions
from db.feed import FeedHead, changes_after, feed_head
from db.guards.views import view_rows
from db.models import DocumentChange
from producer.services.batches import in_batches
from producer.services.feed import PAGE, ChangesRead, place_of, written
from producer.services.results import DOCUMENTS_TOGETHER, ChosenDocuments, Exported, Selection, read_rows
from producer.services.table_rows import Columns, Format, TableColumn, TableRow, columns_of, write_table
from worker.errors import WrongUse
from worker.result import ClaimRow, DocumentRow, ResultModel, SignatureRow, VerdictRow


class TableName(StrEnum):
    """Which table: the first three have the columns of the database's views."""

    CLAIMS = "claims"
    SIGNATURES = "signatures"
    DOCUMENTS = "documents"
    #: Each signature against each claimed signer, whoever it stands for.
    VERDICTS = "verdicts"


@dataclass(frozen=True, slots=True)
class _Shape:
    """What the rows of a table are, and the view that they stand in."""

    model: type[ResultModel]
    view: str


_SHAPES = {
    TableName.CLAIMS: _Shape(ClaimRow, "claim_answers"),
    TableName.SIGNATURES: _Shape(SignatureRow, "signatures"),
    TableName.DOCUMENTS: _Shape(DocumentRow, "documents_current"),
}
#: What stands in front of the rows of changed documents.
_CHANGE_COLUMNS: Columns = {
    "place": TableColumn(int, nullable=False),
    "change": TableColumn(str, nullable=False),
}
#: The tables that a run leaves beside its report.
RUN_TABLES = tuple(_SHAPES)


def table_columns(table: TableName) -> Columns:
    """The columns of a table in their order."""
    return columns_of(VerdictRow if table is TableName.VERDICTS else _SHAPES[table].model)


def export_table(
    sessions: Sessions, table: TableName, form: Format, selection: Selection, out: Path | BinaryIO
) -> Exported:
    """Write the rows of the selected documents, by document.

    A file appears under its name when it is complete. WrongUse as `write_table`, and for an id beyond all.
    """
    chosen = ChosenDocuments(sessions, selection)
    pages = (_rows(sessions, table, page) for page in chosen.pages())
    write_table(pages, table_columns(table), form, out)
    return chosen.written


def export_table_changes(
    sessions: Sessions, table: TableName, form: Format, token: str, out: Path | BinaryIO
) -> ChangesRead:
    """Write the rows of every document that changed after the token, in the order of the feed.

    `place` and `change` stand in front. A document's rows replace all that the reader has of it; one that was
    erased, or has no rows in this table, comes as one row that holds its id alone. As `export_changes`, each
    change comes at least once; rows say how the document stands now. WrongUse for the table of verdicts.
    """
    if table is TableName.VERDICTS:
        raise WrongUse("the table of verdicts has no changes; claims, signatures and documents have")
    with sessions() as session:
        head = feed_head(session)
    reader = _ChangedRows(sessions, table, place_of(token, head))
    maybe = {name: replace(column, nullable=True) for name, column in table_columns(table).items()}
    write_table(reader.pages(), {**_CHANGE_COLUMNS, **maybe}, form, out)
    return ChangesRead(reader.changes, 0, written(FeedHead(head.feed, reader.place)))


def write_run_tables(sessions: Sessions, document_ids: Iterable[int], folder: Path) -> tuple[Path, ...]:
    """Leave the three tables of these documents as CSV in the folder of a run. WrongUse."""
    ids = sorted(set(document_ids))
    paths = []
    for table in RUN_TABLES:
        pages = (_rows(sessions, table, page) for page in in_batches(ids, DOCUMENTS_TOGETHER))
        write_table(pages, table_columns(table), Format.CSV, folder / f"{table}.csv")
        paths.append(folder / f"{table}.csv")
    return tuple(paths)


def _rows(sessions: Sessions, table: TableName, document_ids: Sequence[int]) -> list[TableRow]:
    if table is TableName.VERDICTS:
        return [dict(row) for row in read_rows(sessions, document_ids)]
    by_document = _by_document(sessions, _SHAPES[table], document_ids)
    return [row for document_id in document_ids for row in by_document.get(document_id, ())]


def _by_document(
    sessions: Sessions, shape: _Shape, document_ids: Sequence[int]
) -> Mapping[int, Sequence[TableRow]]:
    with sessions() as session:
        rows = view_rows(session, shape.view, document_ids)
    return {
        number: [dict(shape.model.model_validate(row)) for row in of_one] for number, of_one in rows.items()
    }


class _ChangedRows:
    """Goes through the feed a page at a time, and counts."""

    def __init__(self, sessions: Sessions, table: TableName, place: int) -> None:
        self._sessions, self._table = sessions, table
        self.place = place
        self.changes = 0

    def pages(self) -> Iterator[Sequence[TableRow]]:
        """The rows of the documents that each page of the feed speaks of."""
        while changes := self._next():
            yield self._rows(changes)
            self.place = changes[-1].id
            self.changes += len(changes)

    def _next(self) -> Sequence[DocumentChange]:
        with self._sessions() as session:
            return changes_after(session, self.place, limit=PAGE)

    def _rows(self, changes: Sequence[DocumentChange]) -> list[TableRow]:
        """A document stands where its last change of the page does; its rows are read after that."""
        last = {change.document_id: change for change in changes}
        rows = _by_document(self._sessions, _SHAPES[self._table], list(last))
        return [
            {"place": change.id, "change": change.kind.value, **row}
            for change in sorted(last.values(), key=lambda change: change.id)
            for row in rows.get(change.document_id, [{"document_id": change.document_id}])
        ]

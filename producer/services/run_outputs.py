"""The tables and the report of a run's folder, rewritten when a command has changed what they say."""

from __future__ import annotations

from pathlib import Path

from db.engine import Sessions
from producer.services.output import whole_file
from producer.services.report import write_html
from producer.services.results import ChosenDocuments, Selection
from producer.services.table_rows import Format
from producer.services.tables import RUN_TABLES, export_table
from worker.result.rows import document_result
from worker.storage.port import Results

#: What a run calls its report.
REPORT = "report.html"


def rewrite_tables(sessions: Sessions, folder: Path) -> None:
    """Write the tables that lie in the folder anew, of all its documents. WrongUse."""
    for table in RUN_TABLES:
        if (path := folder / f"{table}.csv").is_file():
            export_table(sessions, table, Format.CSV, Selection(), path)


def rewrite_outputs(sessions: Sessions, store: Results, folder: Path) -> None:
    """Write the tables and the report that lie in the folder anew. WrongUse; StorageUnavailable."""
    rewrite_tables(sessions, folder)
    rewrite_report(sessions, store, folder)


def rewrite_report(sessions: Sessions, store: Results, folder: Path) -> None:
    """Write the report that lies in the folder anew, of all its documents and references.

    WrongUse; StorageUnavailable.
    """
    path = folder / REPORT
    if not path.is_file():
        return
    ids = [number for page in ChosenDocuments(sessions, Selection()).pages() for number in page]
    with sessions() as session:
        results = [document_result(session, document_id) for document_id in ids]
    with whole_file(path) as half:
        write_html(
            results,
            half,
            sessions=sessions,
            load_image=store.get,
            enrolments=None,
        )

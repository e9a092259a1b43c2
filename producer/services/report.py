"""The HTML report of documents of the queued form."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from db import documents
from db.engine import Sessions
from producer.services.output import whole_file
from producer.services.selection import checked_number
from worker.errors import WrongUse
from worker.result.rows import document_result
from worker.storage.port import Results


@dataclass(frozen=True, slots=True)
class ReportWritten:
    """The HTML file, and how many documents stand in it."""

    path: Path
    documents: int


def report_documents(
    sessions: Sessions, store: Results, out: Path, *, names: Sequence[str] = (), newest: int = 100
) -> ReportWritten:
    """Write annotated pages, crops and verdicts of the named documents, or of the newest, into one file.

    WrongUse when there is none; StorageUnavailable.
    """
    checked_number(newest, "--newest")
    with sessions() as session:
        named = [row.id for name in names for row in documents.find(session, name)]
        chosen = named if names else documents.newest(session, newest)
        results = [document_result(session, document_id) for document_id in chosen]
    if not results:
        raise WrongUse("there is no such document; give an id, a key or a SHA-256")
    from worker.report.beside import references_beside  # noqa: PLC0415 - loads OpenCV
    from worker.report.html import write_report  # noqa: PLC0415 - loads OpenCV

    with whole_file(out) as path:
        write_report(results, path, load_image=store.get, references=references_beside(sessions))
    return ReportWritten(out, len(results))

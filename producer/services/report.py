"""The HTML report of documents, with the references beside their signatures."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from db import documents
from db.engine import Sessions
from producer.services.output import whole_file
from producer.services.selection import checked_number, find_all
from worker.errors import WrongUse
from worker.result import DocumentResult, EnrolmentResult
from worker.result.rows import Locate, document_result
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

    WrongUse when a name means none, or there are no documents at all; StorageUnavailable.
    """
    checked_number(newest, "--newest")
    with sessions() as session:
        chosen = find_all(session, names) if names else documents.newest(session, newest)
        results = [document_result(session, document_id) for document_id in chosen]
    if not results:
        raise WrongUse("there are no documents yet")
    with whole_file(out) as path:
        write_html(results, path, sessions=sessions, load_image=store.get)
    return ReportWritten(out, len(results))


def write_html(
    results: Iterable[DocumentResult],
    out: Path,
    *,
    sessions: Sessions,
    load_image: Callable[[str], bytes],
    locate: Locate = str,
    enrolments: Sequence[EnrolmentResult] | None = (),
) -> Path:
    """Write results of one database to `out`, replacing what was there; `locate` is that of their pictures.

    `load_image` returns the bytes of a located picture. `enrolments` are the signers who get a table of their
    own; None for everybody on file.
    """
    from worker.report import beside, html, standing  # noqa: PLC0415 - loads OpenCV

    if enrolments is None:
        enrolments = standing.standing_references(sessions)
    references = beside.references_beside(sessions, locate)
    return html.write_report(
        results, out, load_image=load_image, enrolments=enrolments, references=references
    )

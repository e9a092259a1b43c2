"""Where documents stand: all of them in numbers, or some with their whole history."""

from __future__ import annotations

from db import documents, signers
from db.engine import Sessions
from producer.services.selection import find_all
from worker.result import DocumentHistory, OverviewResult
from worker.result.rows import document_history


def overview(sessions: Sessions) -> OverviewResult:
    """The numbers of this moment."""
    with sessions() as session:
        return OverviewResult(
            documents=documents.counts(session),
            reasons=dict(documents.quarantine_reasons(session)),
            signers=len(signers.enrolled(session)),
        )


def histories(sessions: Sessions, name: str) -> list[DocumentHistory]:
    """The result and events of every document of that name, newest document first. WrongUse without one."""
    with sessions() as session:
        return [document_history(session, document_id) for document_id in find_all(session, [name])]

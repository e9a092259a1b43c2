"""Where documents stand: all of them in numbers, or some with their whole history."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from db import documents, signers
from db.engine import Sessions
from db.states import Status
from producer.services.selection import find_all
from worker.result import DocumentHistory
from worker.result.rows import document_history


@dataclass(frozen=True, slots=True)
class Overview:
    """How many documents have which status, zeros included; why some are in quarantine; enrolled signers."""

    documents: Mapping[Status, int]
    #: Reason codes with their numbers, most frequent first.
    reasons: Sequence[tuple[str, int]]
    signers: int

    def as_json(self) -> dict[str, object]:
        """The JSON object."""
        counts = {status.value: number for status, number in self.documents.items()}
        return {"documents": counts, "reasons": dict(self.reasons), "signers": self.signers}


def overview(sessions: Sessions) -> Overview:
    """The numbers of this moment."""
    with sessions() as session:
        return Overview(
            documents=documents.counts(session),
            reasons=documents.quarantine_reasons(session),
            signers=len(signers.enrolled(session)),
        )


def histories(sessions: Sessions, name: str) -> list[DocumentHistory]:
    """The result and events of every document of that name, newest document first. WrongUse without one."""
    with sessions() as session:
        return [document_history(session, document_id) for document_id in find_all(session, [name])]

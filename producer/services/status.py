"""Where documents stand: all of them in numbers, or some with their whole history."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from db import documents, events, signers
from db.base import Status
from db.engine import Sessions
from db.models import Event
from db.results import document_result
from producer.services.selection import find_all

_FIELDS = ("stage", "event", "chunk", "attempt", "worker", "task", "seconds", "detail")


@dataclass(frozen=True, slots=True)
class Overview:
    """How many documents have which status, zeros included; why some are in quarantine; enrolled signers."""

    documents: Mapping[Status, int]
    #: Reason codes with their numbers, most frequent first.
    reasons: Sequence[tuple[str, int]]
    signers: int

    def as_json(self) -> dict[str, Any]:
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


def histories(sessions: Sessions, name: str) -> list[dict[str, Any]]:
    """The result and events of every document of that name, newest document first. WrongUse without one."""
    with sessions() as session:
        return [
            {
                **document_result(session, document_id),
                "events": [_event(event) for event in events.of_document(session, document_id)],
            }
            for document_id in find_all(session, [name])
        ]


def _event(event: Event) -> dict[str, Any]:
    return {"at": event.at.isoformat(), **{name: getattr(event, name) for name in _FIELDS}}

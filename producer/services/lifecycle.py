"""What a person does with one document: read it once more, give it up, erase it."""

from __future__ import annotations

from db import documents, events, reopening
from db.answers import Asked
from db.engine import Sessions
from db.states import AnswerCause, EventSource
from producer.services.browse import summarise_document
from producer.services.erase import erase_document
from producer.services.keys import Caller
from producer.services.receive import DocumentIntake
from worker.errors import EndReason
from worker.log import logger
from worker.outages import unavailable
from worker.storage.port import Store


def begin_again(intake: DocumentIntake, document_id: int, caller: Caller) -> bool:
    """Send a document that is final back to the first stage; False when it is at work. NotFound."""
    summarise_document(intake.sessions, document_id)
    with intake.sessions() as session:
        asked = Asked(cause=AnswerCause.RETRY, who=caller.name)
        again = bool(reopening.start_again(session, [document_id], asked))
    if again:
        try:
            intake.send(document_id)
        except unavailable() as error:
            logger.warning("a document waits for the sweep to send it", extra={"reason": str(error)})
    return again


def cancel(sessions: Sessions, document_id: int, caller: Caller) -> bool:
    """Quarantine a document that is not final, so that nobody works on it; False when it is. NotFound.

    A worker that is at it writes nothing any more: its fence is no longer the newest.
    """
    summarise_document(sessions, document_id)
    with sessions() as session:
        detail = f"cancelled by {caller.name}"
        ended = documents.quarantine(session, document_id, reason=EndReason.CANCELLED, detail=detail)
        if ended:
            events.record(session, document_id, EventSource.INTAKE, EndReason.CANCELLED, who=caller.name)
    return ended


def erase_one_document(sessions: Sessions, store: Store, document_id: int, caller: Caller) -> bool:
    """Erase it for good; False when it is gone already. StillAtWork; StorageUnavailable."""
    return erase_document(sessions, store, document_id, who=caller.name)

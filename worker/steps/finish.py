"""Finish: the call that finds the last chunk closed writes the document's status and its result JSON."""

from __future__ import annotations

from sqlalchemy.orm import Session

from db import chunks, copies, documents, tallies, verdicts
from db.answers import Asked
from db.engine import now
from db.leases import Lease
from db.models import Document
from db.states import AnswerCause, DocumentStage, Status
from db.tallies import Tally
from worker.errors import IncompleteDocument, PortfolioDocument
from worker.result.answers import give, revise
from worker.result.completeness import completeness_of
from worker.result.rows import document_result
from worker.result.slot import CompletenessResult
from worker.steps.attempt import Job, attempt, check_held, hold, note_event
from worker.steps.ports import Deps

#: What a document may lack though its pages could be read, by reason code, and the sentence for it.
_LACKING = {error.code: error.reason for error in (IncompleteDocument(), PortfolioDocument())}


def finish_document(document_id: int, deps: Deps) -> bool:
    """Close a document whose chunks are all closed; False when some are open or it is closed already."""
    return attempt(Job(DocumentStage.FINISH, document_id), deps, _finish)


def _finish(lease: Lease, _: Document, deps: Deps) -> None:
    _tell_later_ones(lease.id, deps)
    # Ends by itself: a finding only ever moves to an earlier copy, and each move costs one more round.
    while not _answered(lease, deps):
        pass


def _tell_later_ones(document_id: int, deps: Deps) -> None:
    """Give new answers to documents answered before this one was found to show the same ink.

    An answer that is being written right now waits, or has the finding already.
    """
    with deps.sessions() as session:
        later = copies.documents_with_copies_of(session, document_id)
    for other in later:
        with deps.sessions() as session:
            revise(session, other, deps.store, Asked(cause=AnswerCause.COPY_FOUND))


def _answered(lease: Lease, deps: Deps) -> bool:
    """Write the answer and close; False when another copy was found meanwhile, and the answer lacks it."""
    with deps.sessions() as session:
        copies_seen = copies.duplicates_of(session, lease.id)
        tally = tallies.tally(session, lease.id)
        reason, detail = _reason(session, lease.id, tally)
        versions, known = chunks.versions(session, lease.id)
        result = document_result(session, lease.id, closing=True).closed(
            status=tally.status,
            signed=tally.signed,
            reason=reason,
            detail=detail,
            versions=versions,
            answer=(lease.document.answer or 0) + 1,
            cause=lease.document.cause,
            asked_by=lease.document.asked_by,
            answered_at=now(session),
        )
        if "slots" in result.model_fields_set:
            completeness = completeness_of(result, deps.rules, kind=lease.document.type)
            result = result.model_copy(update={"completeness": completeness})
        versions_id = verdicts.versions_id(session, result.versions.json_object(), known)
        check_held(session, lease)
    given = give(result, deps.store, versions_id=versions_id)
    with deps.sessions() as session:
        hold(session, lease)
        if copies.duplicates_of(session, lease.id) != copies_seen:
            return False
        note_event(session, lease, lease.id, "closed")
        _note_completeness(session, lease, result.completeness)
        documents.close(session, lease.id, given)
    return True


def _note_completeness(session: Session, lease: Lease, completeness: CompletenessResult | None) -> None:
    """Write the answer of the rules into the document and its history, where there is one."""
    if completeness is not None:
        documents.note_completeness(session, lease.id, completeness.json_object())
        missing = "; ".join((*completeness.unmet, *completeness.doubts))
        detail = ": ".join(filter(None, (completeness.answer, missing)))[:2000]
        note_event(session, lease, lease.id, "completeness", detail)


def _reason(session: Session, document_id: int, tally: Tally) -> tuple[str | None, str | None]:
    """Why a document is not done: the first failed page, or else damaged crop, speaks for the others."""
    if tally.status is Status.DONE:
        return None, None
    if tally.lacks and not tally.unread:
        return tally.lacks, _LACKING[tally.lacks]
    if not tally.unread:
        region = chunks.first_damaged_region(session, document_id)
        of_all = f"{tally.damaged} of {tally.compared} signatures could not be compared"
        return region.reason, f"{of_all}; {region.detail}"
    first = chunks.first_failed_page(session, document_id)
    total = tally.read + tally.unread
    return (
        first.reason,
        f"{tally.unread} of {total} pages could not be read; page {first.index + 1}: {first.detail}",
    )

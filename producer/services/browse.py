"""Documents and signers for people who look through them: lists by filters, one document, its history."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby

from sqlalchemy import select
from sqlalchemy.orm import Session

from db import documents, listing, people, signers
from db.documents import Object, Particulars
from db.engine import Sessions
from db.listing import ListFilter
from db.models import Document
from db.states import OUTCOMES_TO_SEE, ClaimSource, Priority, Status
from producer.services.keys import Caller
from producer.services.missing import NotFound
from producer.services.results import read_rows
from producer.services.selection import LARGEST_ID
from worker.result import ClaimResult, DocumentResult, EventResult, VerdictResult, VerdictRow
from worker.result.claims import READ_STATES, ReadState, claim_results, with_assignment
from worker.result.listing import DocumentSummary, SignerResult, SignerSummary, reference_result
from worker.result.rows import document_events, document_facts, document_result

__all__ = ["ListFilter"]

#: Most documents of one page of a list.
MOST = 200


@dataclass(frozen=True, slots=True)
class DocumentList:
    """One page of a list, and where the next one begins; None at the end."""

    documents: tuple[DocumentSummary, ...]
    before: int | None


def list_documents(
    sessions: Sessions, chosen: ListFilter, *, before: int | None = None, limit: int = 50
) -> DocumentList:
    """Matching documents, newest first; `before` is that of the page before this one."""
    with sessions() as session:
        ids = listing.document_ids(session, chosen, before=before, limit=limit + 1)
        rows = listing.documents_with_claims(session, ids[:limit])
    verdicts = _rows_by_document(read_rows(sessions, ids[:limit]))
    summaries = tuple(_summary(rows[number], verdicts.get(number, [])) for number in ids[:limit])
    return DocumentList(summaries, ids[limit - 1] if len(ids) > limit else None)


def summarise_document(sessions: Sessions, document_id: int) -> DocumentSummary:
    """One document in a row. NotFound."""
    with sessions() as session:
        document = listing.documents_with_claims(session, [checked_id(document_id)]).get(document_id)
    if document is None:
        raise NotFound(f"document {document_id}")
    # Nothing is known yet of one that waits for its first stage.
    rows = [] if document.status is Status.WAITING else read_rows(sessions, [document_id])
    return _summary(document, rows)


def show_document(sessions: Sessions, document_id: int) -> DocumentResult:
    """Everything that is known of a document at this moment, pictures by their keys. NotFound."""
    with sessions() as session:
        return document_result(session, _known(session, document_id).id)


def new_summary(
    document_id: int,
    source: Object,
    claims: Mapping[str, ClaimSource],
    particulars: Particulars,
    *,
    at: datetime,
) -> DocumentSummary:
    """A document in a row that was registered at that moment, as `summarise_document` has it."""
    return DocumentSummary(
        id=document_id,
        document=source.key,
        bucket=source.bucket,
        version=source.version,
        status=Status.WAITING,
        claims=claim_results(claims, (), ReadState.OPEN),
        findings=(),
        priority=particulars.priority,
        type=particulars.type,
        amount=particulars.amount,
        registered_at=at,
    )


def particulars_of(sessions: Sessions, document_id: int) -> Particulars:
    """What was said of a document when it came in. NotFound."""
    with sessions() as session:
        row = _known(session, document_id)
        return Particulars(Priority.of_rank(row.priority), row.type, row.amount)


def list_events(sessions: Sessions, document_id: int, caller: Caller) -> tuple[EventResult, ...]:
    """What happened to a document, oldest first, as far as the caller may know it. NotFound."""
    with sessions() as session:
        return document_events(session, _known(session, document_id).id, told=caller.name)


def document_tag(sessions: Sessions, document_id: int) -> str:
    """A short text that differs as soon as something of the document has changed. NotFound."""
    with sessions() as session:
        state = listing.document_state(session, checked_id(document_id))
    if state is None:
        raise NotFound(f"document {document_id}")
    return hashlib.sha256(repr(state).encode()).hexdigest()[:24]


def list_signers(sessions: Sessions) -> list[SignerSummary]:
    """Signers by name, with their other names and the number of their references."""
    with sessions() as session:
        rows, others = listing.enrolled_signers(session), people.other_names(session)
    return [
        SignerSummary(id=number, signer=name, references=count, aliases=tuple(others.get(number, ())))
        for number, name, count in rows
    ]


def signer_id_of(sessions: Sessions, name: str) -> int:
    """The id of the signer with that name. NotFound."""
    with sessions() as session:
        number = listing.id_of_signer(session, name)
    if number is None:
        raise NotFound(f"signer {name!r}")
    return number


def show_signer(sessions: Sessions, signer_id: int) -> SignerResult:
    """A signer's references with their grades, as they were judged last. NotFound."""
    with sessions() as session:
        name = listing.name_of_signer(session, checked_id(signer_id))
        rows = signers.on_file(session, name or "")
        references = tuple(reference_result(row, number, row.llr) for number, row in enumerate(rows, 1))
    if name is None:
        raise NotFound(f"signer {signer_id}")
    return SignerResult(id=signer_id, signer=name, references=references)


def ask_database(sessions: Sessions) -> None:
    """Return once the database has answered the smallest question."""
    with sessions() as session:
        session.execute(select(1))


def checked_id(number: int) -> int:
    """A number that a column can hold. NotFound for others."""
    if not 0 <= number <= LARGEST_ID:
        raise NotFound(f"number {number} here")
    return number


def _known(session: Session, document_id: int) -> Document:
    row = documents.known(session, checked_id(document_id))
    if row is None:
        raise NotFound(f"document {document_id}")
    return row


def _rows_by_document(rows: Sequence[VerdictRow]) -> dict[int, list[VerdictRow]]:
    return {number: list(group) for number, group in groupby(rows, key=lambda row: row.document)}


def _summary(document: Document, rows: Sequence[VerdictRow]) -> DocumentSummary:
    named = {claim.signer: claim.source for claim in document.claims}
    reading = READ_STATES.get(document.status, ReadState.OPEN)
    claims = claim_results(named, with_assignment(list(named), list(_verdicts(rows))), reading)
    outcomes = {str(claim.verdict) for claim in claims if claim.verdict} & set(OUTCOMES_TO_SEE)
    return DocumentSummary(
        **document_facts(document),
        sha256=document.sha256,
        signed_by=rows[0].signed_by if rows else None,
        pages=document.pages_total,
        priority=Priority.of_rank(document.priority),
        type=document.type,
        amount=document.amount,
        claims=claims,
        findings=(*_contradictions(claims), *sorted(outcomes), *_copies(rows)),
    )


def _contradictions(claims: Iterable[ClaimResult]) -> Iterator[str]:
    if any(claim.contradicted for claim in claims):
        yield "contradicted"


def _copies(rows: Sequence[VerdictRow]) -> Iterator[str]:
    if any(row.duplicate_similarity is not None for row in rows):
        yield "copy"
    if any(row.copy_of_reference is not None for row in rows):
        yield "reference_copy"


def _verdicts(rows: Iterable[VerdictRow]) -> Iterator[VerdictResult]:
    """The verdicts of flat rows; a document without one has a row that holds none."""
    for row in rows:
        if row.verdict is not None:
            yield VerdictResult.model_validate({**dict(row), "references": row.references or 0})

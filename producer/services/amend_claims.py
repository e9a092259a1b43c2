"""Claims of a document added, corrected and withdrawn by a person: who and why stand in its history."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass, replace
from enum import StrEnum

from sqlalchemy.orm import Session

from db import answers, claims, documents, events, people, reopening
from db.answers import Asked
from db.engine import Sessions
from db.models import Document
from db.states import FIRST_STAGE, AnswerCause, ChunkStage, ClaimSource, DocumentStage, EventSource, Status
from producer.services.enroll import checked_name
from producer.services.erase import StillAtWork
from producer.services.near_names import near_names
from producer.services.selection import find_one
from producer.text import listed
from worker.errors import WrongUse
from worker.pipeline import QueueMessage


class ClaimAction(StrEnum):
    """What is done to a claim."""

    ADD = "add"
    CORRECT = "correct"
    WITHDRAW = "withdraw"


@dataclass(frozen=True, slots=True, kw_only=True)
class Amendment:
    """What is done to which signer's claim, by whom and why; `to` is the name in its place."""

    action: ClaimAction
    signer: str
    to: str | None = None
    who: str
    why: str


@dataclass(frozen=True, slots=True)
class Amended:
    """The document, and whether it is being compared again; else its next reading meets the claims.

    `notes` say which enrolled names are near to one that is on file nowhere.
    """

    document_id: int
    again: bool
    notes: tuple[str, ...] = ()


def amend_claims(
    sessions: Sessions, send: Callable[[QueueMessage], None], name: str, amendment: Amendment
) -> Amended:
    """Change a claim of the one document of that name.

    A document with an answer is compared again without being rendered or searched again. It gets a new
    answer, and the one before stays. One that shares its answer is read for itself. WrongUse for a claim that
    is not there, or is there already; StillAtWork; BrokerUnavailable: the sweep sends what was not sent.
    """
    with sessions() as session:
        document = _lock_only(session, name)
        _check(session, document, amendment)
        _write(session, document.id, amendment)
        sent = _compare_again(session, document, amendment.who)
    for message in sent:
        send(message)
    _, added = _names(amendment)
    notes = near_names(sessions, () if added is None else (added,))
    again = any(message.document_id == document.id for message in sent)
    return Amended(document.id, again, tuple(notes))


def _lock_only(session: Session, name: str) -> Document:
    """The one document of that name, held until the transaction ends. WrongUse."""
    document = documents.lock(session, find_one(session, name))
    if document is None:  # pragma: no cover - erased between the two statements
        raise WrongUse(f"there is no document {name!r}")
    return document


def _check(session: Session, document: Document, amendment: Amendment) -> None:
    waiting = document.status is Status.WAITING and document.lease_until is None
    if not (waiting or document.stage is DocumentStage.CLOSED):
        raise StillAtWork(document.id)
    if (amendment.action is ClaimAction.CORRECT) != (amendment.to is not None):
        raise WrongUse("correct takes two names, the wrong one and the right one; the others take one")
    claimed = set(claims.claimed_signers(session, document.id))
    removed, added = _names(amendment)
    if removed is not None and removed not in claimed:
        raise WrongUse(f"document {document.id} does not claim {removed!r}; it claims {listed(claimed)}")
    if added is not None:
        _check_added(session, document, added, claimed - {removed})


def _check_added(session: Session, document: Document, added: str, claimed: Collection[str]) -> None:
    """WrongUse for somebody who is claimed already: two names of one person are one claim."""
    if added in claimed:
        raise WrongUse(f"document {document.id} claims {added!r} already")
    known = people.person_named(session, added)
    others = sorted(set(() if known is None else known.names) & set(claimed))
    if others:
        raise WrongUse(f"document {document.id} claims {added!r} already, as {others[0]!r}: one person")


def _names(amendment: Amendment) -> tuple[str | None, str | None]:
    """The signer that goes and the one that comes."""
    signer = checked_name(amendment.signer)
    if amendment.action is ClaimAction.ADD:
        return None, signer
    return signer, None if amendment.to is None else checked_name(amendment.to)


def _write(session: Session, document_id: int, amendment: Amendment) -> None:
    removed, added = _names(amendment)
    if removed is not None:
        claims.remove_claim(session, document_id, removed)
        _note(session, document_id, "claim_withdrawn", removed, amendment)
    if added is not None:
        claims.add_claims(session, document_id, {added: ClaimSource.OPERATOR})
        _note(session, document_id, "claim_added", added, amendment)


def _note(session: Session, document_id: int, event: str, signer: str, amendment: Amendment) -> None:
    detail = f"{signer}: {amendment.why}"
    events.record(
        session,
        document_id,
        EventSource.OPERATOR,
        event,
        detail=detail,
        who=amendment.who,
        signer=signer,
    )


def _compare_again(session: Session, document: Document, who: str) -> list[QueueMessage]:
    """Send a document with an answer back to be compared, those that share it to be read; what is sent."""
    asked = Asked(cause=AnswerCause.CHANGED_CLAIM, who=who)
    if document.status is Status.FAILED:
        # Nothing can be compared; who follows the changes must hear of the claim all the same.
        again = replace(answers.given_by(session, document.id), at=None)
        documents.answer_again(session, document.id, again, asked)
    # Who shares the answer claims other signers now than this document, or than the one it shared it with.
    alone = documents.sharing(session, document.id)
    answered = document.status in (Status.DONE, Status.PARTIAL)
    if answered and (document.original_id is not None or document.pages_total is None):
        alone.append(document.id)
    begun = reopening.start_again(session, alone, asked, open_too=True)
    from_the_start = [QueueMessage(stage=FIRST_STAGE, document_id=row_id) for row_id in begun]
    if not answered or document.id in alone:
        return from_the_start
    chunk_ids = reopening.verify_again(session, document.id, asked)
    compared = [
        QueueMessage(stage=ChunkStage.VERIFY, document_id=document.id, chunk_id=row_id)
        for row_id in chunk_ids
    ]
    return [*compared, *from_the_start]

"""Documents and signers leave storage and database for good; a line says that it happened."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from sqlalchemy.orm import Session

from db import answers, copies, documents, erase, people
from db.answers import Asked
from db.engine import Sessions, now
from db.feed import feed_head
from db.states import AnswerCause
from producer.services.enroll import checked_name
from producer.services.late_writes import erase_stray_answers
from producer.services.selection import find_only
from worker.errors import TransientError, WrongUse
from worker.result.answers import clear_discarded, revise, take_home, without_name
from worker.storage.keys import document_folder, signer_folder
from worker.storage.port import Store


class StillAtWork(TransientError):
    """The document is at work at this moment: a worker would write again what is changed or erased now."""

    code = "still_at_work"

    def __init__(self, document_id: int) -> None:
        super().__init__(document_id)
        self.document_id = document_id

    def __str__(self) -> str:
        return f"document {self.document_id} is at work; try again when it has its answer"


@dataclass(frozen=True, slots=True)
class Target:
    """What is to be erased: documents by their ids, and a signer when one is named, with all their names."""

    documents: tuple[int, ...]
    signer: str | None = None
    names: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Erased:
    """How many documents went; whether the signer stood anywhere, None when none was named."""

    documents: int
    signer: bool | None = None


def choose(
    sessions: Sessions,
    *,
    document: str | None = None,
    signer: str | None = None,
    documents_too: bool = False,
) -> Target:
    """What one of the two names mean, so that a person can be asked first.

    `documents_too` adds the documents that claim the signer.

    A signer is named by a name, never by an id: what cannot be undone must not meet somebody else.

    WrongUse unless exactly one is named, or when the document's name means several; none is no document.
    """
    if (document is None) == (signer is None) or (documents_too and signer is None):
        raise WrongUse("give --document or --signer, one of the two")
    with sessions() as session:
        if document is not None:
            ids = find_only(session, document)
            return Target(tuple(ids))
        name = checked_name(signer or "")
        known = people.person_named(session, name)
        names = (name,) if known is None else known.names
        claiming = [number for each in names for number in erase.claiming(session, each)]
        return Target(tuple(dict.fromkeys(claiming)) if documents_too else (), name, names)


def erase_target(sessions: Sessions, store: Store, target: Target, *, who: str) -> Erased:
    """Erase the documents, then the signer; `who` stands in the record of it.

    StillAtWork; StorageUnavailable: call it again then.
    """
    documents = sum(erase_document(sessions, store, document_id, who=who) for document_id in target.documents)
    if target.signer is None:
        return Erased(documents)
    return Erased(documents, erase_signer(sessions, store, target.signer, who=who))


def erase_document(sessions: Sessions, store: Store, document_id: int, *, who: str) -> bool:
    """Erase a document; False when it is gone already. StillAtWork; StorageUnavailable.

    The objects go first and the rows last, in one transaction that holds the rows: what fails half-way
    is finished by the same call. The original in the intake bucket is its owner's to delete; it is not
    taken in again. Documents with the same bytes that shared the answer are read again, each for itself.
    Those that show the same ink keep the finding, but not where the ink was before.
    """
    _part(sessions, store, document_id)
    with sessions() as session:
        # Before the lock, so as not to hold up a worker, and after it, to be sure.
        _check_free(session, document_id)
        document = erase.lock_with_chunks(session, document_id)
        if document is None:
            return False
        _check_free(session, document_id)
        naming = copies.documents_with_copies_of(session, document_id)
        objects = store.erase(document_folder(document_id))
        erase.delete_document(session, document, who=who, objects=objects)
        for other in naming:
            revise(session, other, store, Asked(cause=AnswerCause.ERASURE, who=who))
    return True


def _part(sessions: Sessions, store: Store, document_id: int) -> None:
    """Give documents that share this one's answers objects of their own; committed before any is erased."""
    with sessions() as session:
        for other in documents.sharing(session, document_id):
            take_home(session, other, store)


def erase_signer(sessions: Sessions, store: Store, name: str, *, who: str) -> bool:
    """Erase a signer's references, and the name from every claim, verdict, hint and answer, old ones too.

    False when the name stands nowhere. Other names of the same person are erased with it, all in one
    transaction. The documents stay, with their crops. Each gets a new answer without the names; what its old
    answers say of others stays. Workers that have read a name before begin their stages anew. Results go that
    attempts stored with a name, and that no answer refers to.
    """
    with sessions() as session:
        known = people.locked_person(session, name)
        # The signer that the others are merged into goes last.
        names = (name,) if known is None else (*known.aliases, known.name)
        begun = feed_head(session).place
        erased = _erase_names(session, store, names, who=who)
    if erased:
        _erase_late_words(sessions, store, names, begun, who=who)
    with sessions() as session:
        by_now = dict.fromkeys(map(erase.digest, names), now(session))
    return clear_discarded(sessions, store) + erase_stray_answers(sessions, store, by_now) > 0 or erased


def _erase_late_words(
    sessions: Sessions, store: Store, names: Sequence[str], begun: int, *, who: str
) -> None:
    """Erase what workers wrote that had read the names before, and let none of them write any more.

    `begun` is the place of the feed before the erasure.
    """
    with sessions() as session:
        erase.revoke_readers(session)
        concerned = _naming(session, names)
        later = answers.answered_after(session, begun)
        again = [*concerned, *_redact(session, store, names, {*concerned, *later})]
        for name in names:
            erase.forget_name(session, name)
        _answer_again(session, store, again, who)


def _erase_names(session: Session, store: Store, names: Sequence[str], *, who: str) -> bool:
    rows = {name: erase.signer(session, name) for name in names}
    concerned = _naming(session, names)
    maybe = {number for name in names for number in answers.maybe_naming(session, name)}
    _redact(session, store, names, {*concerned, *maybe})
    redacted = len(answers.discarded(session))
    anywhere = any(rows.values()) or bool(concerned) or redacted > 0
    for name, row in rows.items() if anywhere else ():
        objects = redacted + (0 if row is None else store.erase(signer_folder(row.id)))
        erase.delete_signer(session, name, None if row is None else row.id, who=who, objects=objects)
        redacted = 0
    _answer_again(session, store, concerned, who)
    return anywhere


def _naming(session: Session, names: Sequence[str]) -> list[int]:
    """Documents whose rows name one of them, held until the transaction ends."""
    ids = sorted({number for name in names for number in erase.naming(session, name)})
    erase.hold_documents(session, ids)
    return ids


def _redact(session: Session, store: Store, names: Sequence[str], document_ids: Iterable[int]) -> list[int]:
    """Take the names out of the stored answers of these documents; which of them named one."""
    named = [
        document_id
        for document_id in sorted(document_ids)
        for name in names
        if without_name(session, document_id, name, store)
    ]
    return list(dict.fromkeys(named))


def _answer_again(session: Session, store: Store, document_ids: Iterable[int], who: str) -> None:
    for document_id in sorted(set(document_ids), reverse=True):
        revise(session, document_id, store, Asked(cause=AnswerCause.ERASURE, who=who), redacted=True)


def _check_free(session: Session, document_id: int) -> None:
    if erase.in_hands(session, document_id):
        raise StillAtWork(document_id)

"""Erasure: rows are deleted, and a record stays that names nobody. The caller owns the transaction."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, and_, delete, exists, or_, select, update
from sqlalchemy.orm import Session, aliased

from db import answers, documents, events, leases, reopening
from db.answers import Asked
from db.copies import signer_scope
from db.documents import Object
from db.engine import now
from db.models import (
    Chunk,
    Claim,
    Decision,
    Document,
    Erasure,
    Page,
    ReferenceCopy,
    Region,
    Review,
    Scope,
    Signer,
    Suggestion,
    Verdict,
)
from db.redaction import erase_name
from db.states import FIRST_STAGE, AnswerCause, ChunkStage, DocumentStage, Status

#: Tables whose rows go with the signer that they name; answers and events stay and lose the name.
NAMING_SIGNERS = (Claim, Verdict, Suggestion, ReferenceCopy, Decision, Review)
#: Stages whose attempts read names, and write them later.
READING_NAMES = (ChunkStage.VERIFY, DocumentStage.FINISH)


def digest(*names: str) -> str:
    """What stands in the record of an erasure for the names of a thing."""
    return hashlib.sha256("\0".join(names).encode()).hexdigest()


def digest_of(source: Object | Document) -> str:
    """The digest of an object's version."""
    return digest(source.bucket, source.key, source.version)


def erased(session: Session, objects: Iterable[Object]) -> set[Object]:
    """Those of the objects whose documents were erased: they must not come in again by themselves."""
    wanted = {digest_of(one): one for one in objects}
    statement = select(Erasure.digest).where(Erasure.kind == "document", Erasure.digest.in_(wanted))
    return {wanted[one] for one in session.execute(statement).scalars()}


def erased_documents(session: Session, since: datetime) -> list[int]:
    """Ids that documents had which were erased since then."""
    statement = select(Erasure.subject).where(Erasure.kind == "document", Erasure.at >= since)
    return list(session.execute(statement.order_by(Erasure.id)).scalars())


def erased_signers(session: Session, since: datetime) -> dict[str, datetime]:
    """Digests of names that were erased since then, with the last time of each."""
    statement = select(Erasure.digest, Erasure.at).where(Erasure.kind == "signer", Erasure.at >= since)
    return {row.digest: row.at for row in session.execute(statement.order_by(Erasure.at))}


def lock_with_chunks(session: Session, document_id: int) -> Document | None:
    """The document, held with its chunks until the transaction ends; None without one."""
    document = documents.lock(session, document_id)
    session.execute(select(Chunk.id).where(Chunk.document_id == document_id).with_for_update())
    return document


def in_hands(session: Session, document_id: int) -> bool:
    """Whether a worker holds a lease on the document or on one of its chunks."""
    moment = now(session)
    itself = select(Document.id).where(Document.id == document_id, Document.lease_until > moment)
    parts = select(Chunk.id).where(Chunk.document_id == document_id, Chunk.lease_until > moment)
    return any(session.execute(one.limit(1)).first() for one in (itself, parts))


def delete_document(session: Session, document: Document, *, who: str, objects: int) -> list[int]:
    """Remove a document with its pages, regions, verdicts, claims and history; leave its line.

    Documents that shared its answer have none of their own: they start again alone, and their ids are the
    answer.
    """
    orphans = documents.sharing(session, document.id)
    reopening.start_again(session, orphans, Asked(cause=AnswerCause.ERASURE, who=who))
    alone = {"stage": FIRST_STAGE, "original_id": None, "due_at": now(session)}
    session.execute(update(Document).where(Document.original_id == document.id).values(alone))
    session.execute(delete(Document).where(Document.id == document.id))
    answers.forget_document(session, document.id)
    _note(session, who, kind="document", subject=document.id, digest=digest_of(document), objects=objects)
    return orphans


def signer(session: Session, name: str) -> Signer | None:
    """The signer of that name, held until the transaction ends."""
    return session.execute(select(Signer).where(Signer.name == name).with_for_update()).scalar_one_or_none()


def revoke_readers(session: Session) -> int:
    """Take their leases from attempts that may have read a name that is erased by now; how many those were.

    They write nothing any more, and their stages begin anew.
    """
    return sum(leases.revoke_all(session, stage) for stage in READING_NAMES)


def hold_documents(session: Session, document_ids: Iterable[int]) -> None:
    """Hold these documents until the transaction ends: nobody else answers or reopens them before that."""
    statement = select(Document.id).where(Document.id.in_(document_ids)).order_by(Document.id)
    session.execute(statement.with_for_update(key_share=True)).all()


def naming(session: Session, name: str) -> list[int]:
    """Ids of documents that claim the signer, or whose rows name them."""
    named = (
        select(Page.document_id)
        .join(Region, Region.page_id == Page.id)
        .where(
            or_(
                exists().where(Verdict.region_id == Region.id, Verdict.signer == name),
                exists().where(Suggestion.region_id == Region.id, Suggestion.signer == name),
                exists().where(ReferenceCopy.region_id == Region.id, ReferenceCopy.signer == name),
            )
        )
    )
    others = [select(table.document_id).where(table.signer == name) for table in (Claim, Review, Decision)]
    statement = select(Document.id).where(or_(*(Document.id.in_(ids) for ids in (named, *others))))
    return list(session.execute(statement.order_by(Document.id.desc())).scalars())


def claiming(session: Session, name: str) -> list[int]:
    """Ids of documents that claim the signer, the newest first."""
    statement = select(Claim.document_id).where(Claim.signer == name).order_by(Claim.document_id.desc())
    return list(session.execute(statement).scalars())


def delete_signer(session: Session, name: str, signer_id: int | None, *, who: str, objects: int) -> None:
    """Remove a signer with all references and whatever answers say of that name; leave a line."""
    forget_name(session, name)
    session.execute(delete(Signer).where(Signer.name == name))
    _note(session, who, kind="signer", subject=signer_id or 0, digest=digest(name), objects=objects)


def forget_name(session: Session, name: str) -> None:
    """Remove whatever rows of documents say of that name; the signer's own row stays."""
    for table in NAMING_SIGNERS:
        session.execute(delete(table).where(table.signer == name))
    session.execute(delete(Scope).where(Scope.name == signer_scope(name)))
    answers.forget_signer(session, name)
    events.forget_signer_events(session, name)
    erase_name(session, Decision, "comment", name)


def expired(
    session: Session, days: Mapping[Status, float], *, limit: int, before: int | None = None
) -> Sequence[int]:
    """Ids of documents whose retention is over, the newest first; `before` goes on below an id.

    A document whose answer others share stays until theirs is over too.
    """
    if not days:
        return []
    moment = now(session)
    other = aliased(Document)
    needed = exists().where(other.original_id == Document.id, ~_over(other, days, moment))
    statement = select(Document.id).where(_over(Document, days, moment), ~needed)
    if before is not None:
        statement = statement.where(Document.id < before)
    return session.execute(statement.order_by(Document.id.desc()).limit(limit)).scalars().all()


def _over(model: type[Document], days: Mapping[Status, float], moment: datetime) -> ColumnElement[bool]:
    return or_(
        *(
            and_(model.status == status, model.finished_at < moment - timedelta(days=number))
            for status, number in days.items()
        )
    )


def _note(session: Session, who: str, **facts: str | int) -> None:
    session.add(Erasure(at=now(session), who=who, **facts))

"""Queries of lists that people look through: documents by filters and keyset, and where pictures lie."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, TypeVarTuple

from sqlalchemy import ColumnElement, CompoundSelect, Select, and_, func, select, true, union
from sqlalchemy.orm import Session, aliased, joinedload

from db.models import (
    AnsweredClaim,
    Claim,
    Document,
    DocumentAnswer,
    Duplicate,
    Page,
    Reference,
    Region,
    Signer,
    Submission,
    Verdict,
)
from db.relations import NEWEST_ANSWER, PAGES_OF, id_in, person_of
from db.states import ClaimAnswer, Priority, Status, VerdictOutcome

Columns = TypeVarTuple("Columns")
#: Verdicts by which documents are gathered. Of a million documents, three thousand take as long either way.
_FEW = 3_000


@dataclass(frozen=True, slots=True)
class ListFilter:
    """What a list is narrowed to; every field that is None narrows nothing."""

    status: Status | None = None
    signed: Literal["true", "false", "unknown"] | None = None
    #: The outcome of at least one verdict, and a signer who is claimed.
    verdict: str | None = None
    signer: str | None = None
    #: What became of at least one claim, and whether signatures of a claimed signer contradict each other.
    claim: ClaimAnswer | None = None
    contradicted: bool | None = None
    #: Reason code of a document that is not done.
    reason: str | None = None
    #: When it was registered: from `since` on, before `until`.
    since: datetime | None = None
    until: datetime | None = None
    #: What its key begins with.
    prefix: str | None = None
    #: Whether it bears ink that an earlier document bears.
    duplicate: bool | None = None
    #: An id, the first digits of a SHA-256, what its key begins with, or a claimed signer.
    text: str | None = None
    #: What whoever sent it said of it; of the amount, at least so much.
    priority: Priority | None = None
    type: str | None = None
    least: float | None = None
    #: Through whose key it came in.
    submitter: str | None = None


def document_ids(
    session: Session, chosen: ListFilter, *, before: int | None = None, limit: int = 50
) -> Sequence[int]:
    """Ids of matching documents, newest first; `before` continues behind the last id of an earlier page."""
    statement: Select[int] = select(Document.id).where(*_conditions(session, chosen))
    if before is not None:
        statement = statement.where(Document.id < before)
    return session.execute(statement.order_by(Document.id.desc()).limit(limit)).scalars().all()


def documents_with_claims(session: Session, document_ids: Collection[int]) -> dict[int, Document]:
    """These documents by their ids, their claims loaded with them."""
    statement = select(Document).where(Document.id.in_(document_ids)).options(joinedload(Document.claims))
    return {row.id: row for row in session.execute(statement).unique().scalars()}


def document_state(session: Session, document_id: int) -> tuple[object, ...] | None:
    """What differs as soon as something of a document has changed; None without one.

    Its status, stage and fence, how many of its pages were read, and what it is linked to.
    """
    row = session.execute(
        select(
            Document.status, Document.stage, Document.fence, Document.original_id, Document.finished_at
        ).where(Document.id == document_id)
    ).one_or_none()
    if row is None:
        return None
    pages = select(Page.status, func.count()).where(Page.document_id == document_id).group_by(Page.status)
    return (*row, *sorted(tuple(count) for count in session.execute(pages)))


def page_image_key(session: Session, document_id: int, index: int) -> str | None:
    """Where the image of a page lies; None when there is no such page or it could not be read."""
    statement = _pages_of(select(Page.image_key), document_id).where(Page.index == index)
    return session.execute(statement).scalar_one_or_none()


def crop_keys(session: Session, document_id: int, page: int, region: int) -> tuple[str, str | None] | None:
    """Where the crop of a region lies, and its cleaned one; None without such a region."""
    statement = (
        _pages_of(select(Region.crop_key, Region.clean_key), document_id)
        .join(Region, Region.page_id == Page.id)
        .where(Page.index == page, Region.index == region)
    )
    row = session.execute(statement).one_or_none()
    return None if row is None else (row.crop_key, row.clean_key)


def reference_image_key(session: Session, signer_id: int, number: int) -> str | None:
    """Where the picture of a signer's reference lies, by its number from 1; None without one."""
    statement = (
        select(Reference.image_key)
        .join(Signer, Signer.id == Reference.signer_id)
        .where(person_of() == signer_id)
        .order_by(Reference.id)
        .offset(number - 1)
        .limit(1)
    )
    return session.execute(statement).scalar_one_or_none()


def oldest_waiting(session: Session) -> datetime | None:
    """When the document was registered that has waited longest for its answer; None when none waits."""
    return session.execute(select(func.min(Document.registered_at)).where(_unfinished())).scalar_one()


def unfinished_ids(session: Session) -> Sequence[int]:
    """Ids of all documents that wait for their answer, oldest first."""
    return session.execute(select(Document.id).where(_unfinished()).order_by(Document.id)).scalars().all()


def _unfinished() -> ColumnElement[bool]:
    return Document.status.in_([status for status in Status if not status.final])


def _pages_of(statement: Select[*Columns], document_id: int) -> Select[*Columns]:
    """The statement on the pages of a document, or of the one that it is linked to."""
    return (
        statement.select_from(Document)
        .join(Page, Page.document_id == PAGES_OF)
        .where(Document.id == document_id)
    )


def _conditions(session: Session, chosen: ListFilter) -> Iterator[ColumnElement[bool]]:
    columns = (
        (Document.status, chosen.status),
        (Document.reason, chosen.reason),
        (Document.priority, None if chosen.priority is None else chosen.priority.rank),
        (Document.type, chosen.type),
    )
    yield from (column == value for column, value in columns if value is not None)
    if chosen.signed is not None:
        yield _signed(chosen.signed)
    yield from _ranges(chosen)
    if chosen.prefix:
        yield Document.key.startswith(chosen.prefix, autoescape=True)
    if chosen.signer is not None:
        yield _claims(chosen.signer)
    if chosen.text:
        yield _text(session, chosen.text)
    if chosen.submitter is not None:
        yield Document.id.in_(select(Submission.document_id).where(Submission.holder == chosen.submitter))
    yield from _by_regions(session, chosen)
    yield from _by_claims(session, chosen)


def _ranges(chosen: ListFilter) -> Iterator[ColumnElement[bool]]:
    if chosen.least is not None:
        yield Document.amount >= chosen.least
    if chosen.since is not None:
        yield Document.registered_at >= chosen.since
    if chosen.until is not None:
        yield Document.registered_at < chosen.until


def _signed(word: str) -> ColumnElement[bool]:
    if word == "unknown":
        return and_(Document.signed.is_(None), Document.status.in_((Status.DONE, Status.PARTIAL)))
    return Document.signed.is_(word == "true")


def _by_regions(session: Session, chosen: ListFilter) -> Iterator[ColumnElement[bool]]:
    regions = (
        select(Region.id)
        .join(Page, Region.page_id == Page.id)
        .where(Page.document_id == PAGES_OF)
        .correlate(Document)
    )
    # Documents are found by verdicts that are few; for others the newest documents are looked through.
    if chosen.verdict is not None and _is_rare(session, chosen.verdict):
        yield Document.id.in_(_with_verdict(chosen.verdict))
    elif chosen.verdict is not None:
        verdicts = regions.join(Verdict, Verdict.region_id == Region.id)
        first = verdicts.where(Verdict.outcome == chosen.verdict).with_only_columns(true()).limit(1)
        # Unlike EXISTS it is asked document by document: no plan gathers all that have one.
        yield first.scalar_subquery()
    if chosen.duplicate is not None:
        copied = regions.join(Duplicate, Duplicate.region_id == Region.id).exists()
        yield copied if chosen.duplicate else ~copied


def _is_rare(session: Session, outcome: str) -> bool:
    """Whether few verdicts say so: their documents are gathered sooner than the newest looked through."""
    rows = select(Verdict.region_id).where(Verdict.outcome == outcome)
    return not _any(session, rows.order_by(Verdict.region_id).offset(_FEW))


def _by_claims(session: Session, chosen: ListFilter) -> Iterator[ColumnElement[bool]]:
    """What the newest answers say of claims."""
    answered = (
        select(AnsweredClaim.id)
        .join(DocumentAnswer, DocumentAnswer.id == AnsweredClaim.answer_id)
        .where(NEWEST_ANSWER)
        .correlate(Document)
    )
    if chosen.claim is not None:
        yield answered.where(AnsweredClaim.outcome == chosen.claim).exists()
    if chosen.contradicted is not None:
        contradicted = answered.where(AnsweredClaim.contradicted.is_(True)).exists()
        yield contradicted if chosen.contradicted else ~contradicted
    # Neither is there without such a verdict.
    forged = chosen.claim is ClaimAnswer.FORGED or chosen.contradicted is True
    if forged and _is_rare(session, VerdictOutcome.FORGED):
        yield Document.id.in_(_with_verdict(VerdictOutcome.FORGED))


def _with_verdict(outcome: str) -> CompoundSelect[int]:
    """Ids of documents with that outcome, and of those linked to them."""
    linked = aliased(Document)
    pages = (
        select(Page.document_id)
        .join(Region, Region.page_id == Page.id)
        .join(Verdict, Verdict.region_id == Region.id)
        .where(Verdict.outcome == outcome)
        .cte()
    )
    ids = select(pages.c.document_id)
    return union(ids, select(linked.id).where(linked.original_id.in_(ids)))


def _claims(signer: str) -> ColumnElement[bool]:
    return Document.id.in_(select(Claim.document_id).where(Claim.signer == signer))


def _text(session: Session, text: str) -> ColumnElement[bool]:
    """What a person means who types this: an id, a digest, a claimed signer, or the beginning of a key.

    The first that there is: asked for all at once, no index would help.
    """
    if (number := id_in(text)) is not None:
        return Document.id == number
    digest = Document.sha256.startswith(text.lower(), autoescape=True)
    if len(text) >= 8 and _any(session, select(Document.id).where(digest)):
        return digest
    if _any(session, select(Claim.id).where(Claim.signer == text)):
        return _claims(text)
    return Document.key.startswith(text, autoescape=True)


def _any(session: Session, statement: Select[int]) -> bool:
    return session.execute(statement.limit(1)).scalar_one_or_none() is not None


def enrolled_signers(session: Session) -> Sequence[tuple[int, str, int]]:
    """Signers by name: their ids, names and numbers of references; other names of a signer are left out."""
    person = aliased(Signer)
    statement = (
        select(person.id, person.name, func.count(Reference.id))
        .join(Signer, person_of() == person.id)
        .outerjoin(Reference, Reference.signer_id == Signer.id)
        .group_by(person.id)
        .order_by(person.name)
    )
    return [(row[0], row[1], row[2]) for row in session.execute(statement).all()]


def name_of_signer(session: Session, signer_id: int) -> str | None:
    """The name of the signer with that id; None without one."""
    return session.execute(select(Signer.name).where(Signer.id == signer_id)).scalar_one_or_none()


def id_of_signer(session: Session, name: str) -> int | None:
    """The id of the signer whom that name means; None without one."""
    return session.execute(select(person_of()).where(Signer.name == name)).scalar_one_or_none()

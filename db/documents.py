"""Queries on documents and their claims. The caller owns the transaction."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import ColumnElement, case, delete, func, or_, select, true, update
from sqlalchemy.orm import Session

from db import answers, events
from db.answers import Asked, Given
from db.engine import now
from db.models import (
    Chunk,
    Claim,
    Document,
    Event,
    Page,
    ReferenceCopy,
    Region,
    Suggestion,
    Verdict,
)
from db.signing import is_compared, signs
from db.states import FIRST_STAGE, ChunkStage, ClaimSource, DocumentStage, PageStatus, Status
from db.writes import changed, insert_once, insert_or_find

#: The event that names what a document lacks, by its reason code; without one, nothing any more.
LACKS = "incomplete"
#: The event that says, in words, what a document carries or how its pages were read.
NOTED = "noted"


@dataclass(frozen=True, slots=True)
class Object:
    """One version of one object: what makes a document."""

    bucket: str
    key: str
    version: str
    bytes: int | None = None


def register(session: Session, source: Object, claims: Mapping[str, ClaimSource]) -> tuple[int, bool]:
    """Register a document once; answer its id and whether it is new. A known one keeps its claims."""
    moment = now(session)
    document_id, new = insert_or_find(
        session,
        Document,
        {"bucket": source.bucket, "key": source.key, "version": source.version},
        bytes=source.bytes,
        status=Status.WAITING,
        stage=FIRST_STAGE,
        fence=0,
        deliveries=0,
        registered_at=moment,
        due_at=moment,
    )
    if new:
        _add_claims(session, document_id, claims)
    return document_id, new


def replace_claims(session: Session, document_id: int, claims: Mapping[str, ClaimSource]) -> None:
    """Let the document claim these signers and no others."""
    session.execute(delete(Claim).where(Claim.document_id == document_id))
    _add_claims(session, document_id, claims)


def _add_claims(session: Session, document_id: int, claims: Mapping[str, ClaimSource]) -> None:
    rows = [{"document_id": document_id, "signer": name, "source": claims[name]} for name in claims]
    insert_once(session, Claim, rows)


def add_claim(session: Session, document_id: int, signer: str, source: ClaimSource) -> None:
    """Let the document claim one more signer."""
    _add_claims(session, document_id, {signer: source})


def remove_claim(session: Session, document_id: int, signer: str) -> None:
    """Let the document claim this signer no more."""
    session.execute(delete(Claim).where(Claim.document_id == document_id, Claim.signer == signer))


def lock_only(session: Session, document_id: int) -> Document:
    """The document with that id, held so that no worker begins on it before the transaction ends."""
    return session.execute(select(Document).where(Document.id == document_id).with_for_update()).scalar_one()


def sharing(session: Session, document_id: int) -> list[int]:
    """Ids of documents with the same bytes that take over this one's answers."""
    linked = select(Document.id).where(Document.original_id == document_id).order_by(Document.id)
    return list(session.execute(linked).scalars())


def get(session: Session, document_id: int) -> Document:
    """The document with that id."""
    return session.execute(select(Document).where(Document.id == document_id)).scalar_one()


#: Characters of a Celery task id, a UUID.
_TASK_ID = 36


def known(session: Session, document_id: int) -> Document | None:
    """The document with that id, or None when it was erased meanwhile."""
    return session.execute(select(Document).where(Document.id == document_id)).scalar_one_or_none()


def by_ids(session: Session, document_ids: Collection[int]) -> dict[int, Document]:
    """The documents with these ids; those that were erased are missing."""
    rows = session.execute(select(Document).where(Document.id.in_(document_ids))).scalars()
    return {row.id: row for row in rows}


def find(session: Session, text: str) -> list[Document]:
    """Documents by id, key (or its end), SHA-256 (eight or more of its digits) or task id, newest first."""
    conditions = [Document.key == text, Document.key.endswith(f"/{text}", autoescape=True)]
    if text.isdecimal() and len(text) < 10:
        conditions.append(Document.id == int(text))
    if len(text) == _TASK_ID:
        conditions.append(Document.id.in_(select(Event.document_id).where(Event.task == text)))
    if len(text) >= 8:
        conditions.append(Document.sha256.startswith(text.lower(), autoescape=True))
    return list(
        session.execute(select(Document).where(or_(*conditions)).order_by(Document.id.desc())).scalars()
    )


def claimed_signers(session: Session, document_id: int) -> list[str]:
    """Names the document claims to be signed by, in the order they were claimed."""
    statement = select(Claim.signer).where(Claim.document_id == document_id).order_by(Claim.id)
    return list(session.execute(statement).scalars())


def begin(session: Session, document_id: int, **facts: object) -> None:
    """Note that work has begun, and what was learned of the bytes."""
    session.execute(update(Document).where(Document.id == document_id).values(status=Status.WORKING, **facts))


def close(session: Session, document_id: int, given: Given) -> None:
    """Give the document its answer; those linked to it share it, or start alone when it failed."""
    _settle(session, document_id, given)
    linked = (Document.original_id == document_id) & (Document.stage == DocumentStage.LINKED)
    if given.status is not Status.FAILED:
        for other in session.execute(select(Document.id).where(linked).order_by(Document.id)).scalars().all():
            _settle(session, other, given)
    else:
        # They were begun once; that others failed before them does not count against them.
        alone = {"stage": FIRST_STAGE, "original_id": None, "due_at": now(session), "deliveries": 1}
        session.execute(update(Document).where(linked).values(alone))


def answer_again(session: Session, document_id: int, given: Given, asked: Asked) -> None:
    """Give a closed document another answer, and those that share its answers with it."""
    sharing = select(Document.id).where(
        Document.original_id == document_id, Document.stage == DocumentStage.CLOSED
    )
    for other in (document_id, *session.execute(sharing.order_by(Document.id)).scalars().all()):
        number = answers.add_answer(session, other, given, asked)
        values = {"answer": number, "result_key": given.result_key, "versions_id": given.versions_id}
        session.execute(update(Document).where(Document.id == other).values(values))


def _settle(session: Session, document_id: int, given: Given) -> None:
    values = {
        "answer": answers.add_answer(session, document_id, given),
        "status": given.status,
        "signed": given.signed,
        "reason": given.reason,
        "detail": given.detail,
        "result_key": given.result_key,
        "versions_id": given.versions_id,
        "stage": DocumentStage.CLOSED,
        "finished_at": now(session),
        "due_at": None,
        "lease_until": None,
        "deliveries": 0,
    }
    session.execute(update(Document).where(Document.id == document_id).values(values))


def quarantine(
    session: Session, document_id: int, *, reason: str, detail: str, versions_id: int | None = None
) -> bool:
    """Fail the document for good, unless it is closed. Raises its fence, so that late writers lose."""
    alive = update(Document).where(Document.id == document_id, Document.stage != DocumentStage.CLOSED)
    if not changed(session, alive.values(fence=Document.fence + 1)):
        return False
    given = Given(status=Status.FAILED, reason=reason, detail=detail, versions_id=versions_id)
    close(session, document_id, given)
    return True


def twin(session: Session, document_id: int, sha256: str) -> Document | None:
    """The earliest other document with these bytes and claims that has not failed.

    It stays locked until the transaction ends, so that it cannot close between this look and the link.
    """
    statement = (
        select(Document)
        .where(
            Document.sha256 == sha256,
            Document.id < document_id,
            Document.original_id.is_(None),
            Document.status != Status.FAILED,
        )
        .order_by(Document.id)
        .with_for_update()
    )
    ours = set(claimed_signers(session, document_id))
    candidates = session.execute(statement).scalars()
    return next((one for one in candidates if set(claimed_signers(session, one.id)) == ours), None)


def link(session: Session, document_id: int, original: Document) -> None:
    """Let the document take over the answer of `original`, now if it has one, else when it gets one."""
    session.execute(
        update(Document)
        .where(Document.id == document_id)
        .values(
            original_id=original.id,
            stage=DocumentStage.LINKED,
            status=Status.WORKING,
            lease_until=None,
            due_at=None,
        )
    )
    if original.stage is DocumentStage.CLOSED:
        _settle(session, document_id, answers.given_by(session, original.id))


def start_again(
    session: Session, document_ids: Iterable[int], asked: Asked, *, open_too: bool = False
) -> list[int]:
    """Send closed documents back to the first stage, with `open_too` also others; answer which those were.

    What was read of them is wiped; their answers and history stay, and the newest answer stands until the
    next. Documents that share their answer wait for the next one with them.
    """
    again = []
    for document_id in document_ids:
        first = {"status": Status.WAITING, "stage": FIRST_STAGE, "original_id": None, "due_at": now(session)}
        if _reopen(session, Document.id == document_id, asked, open_too=open_too, **first):
            session.execute(delete(Chunk).where(Chunk.document_id == document_id))
            _reopen(
                session,
                Document.original_id == document_id,
                asked,
                status=Status.WORKING,
                stage=DocumentStage.LINKED,
            )
            events.record(session, document_id, "operator", str(asked.cause), who=asked.who)
            again.append(document_id)
    return again


def verify_again(session: Session, document_id: int, asked: Asked) -> list[int]:
    """Send a closed document's chunks back to be compared, with all that was found on its pages.

    Answers their ids; none when it is not closed.
    """
    begun = _reopen(
        session,
        Document.id == document_id,
        asked,
        status=Status.WORKING,
        stage=DocumentStage.FINISH,
        due_at=now(session),
        pages_total=get(session, document_id).pages_total,
    )
    if not begun:
        return []
    regions = select(Region.id).join(Page).where(Page.document_id == document_id)
    for table in (Verdict, Suggestion, ReferenceCopy):
        session.execute(delete(table).where(table.region_id.in_(regions)))
    session.execute(update(Region).where(Region.id.in_(regions)).values(reason=None, detail=None))
    theirs = Chunk.document_id == document_id
    session.execute(
        update(Chunk)
        .where(theirs)
        .values(
            stage=ChunkStage.VERIFY,
            fence=Chunk.fence + 1,
            deliveries=0,
            lease_until=None,
            due_at=now(session),
        )
    )
    events.record(session, document_id, "operator", str(asked.cause), who=asked.who)
    return list(session.execute(select(Chunk.id).where(theirs).order_by(Chunk.index)).scalars())


def _reopen(
    session: Session, where: ColumnElement[bool], asked: Asked, *, open_too: bool = False, **values: object
) -> int:
    """Open closed documents again; how many those were."""
    statement = (
        update(Document)
        .where(where, true() if open_too else Document.stage == DocumentStage.CLOSED)
        .values(
            fence=Document.fence + 1,
            deliveries=0,
            lease_until=None,
            reason=None,
            detail=None,
            signed=None,
            result_key=None,
            versions_id=None,
            finished_at=None,
            cause=asked.cause,
            asked_by=asked.who,
            **{"pages_total": None, **values},
        )
    )
    return changed(session, statement)


def failed(session: Session, *, reason: str | None = None, since: datetime | None = None) -> list[int]:
    """Ids of quarantined documents, all or those with one reason code, or that failed since then."""
    statement = select(Document.id).where(Document.status == Status.FAILED).order_by(Document.id)
    if reason is not None:
        statement = statement.where(Document.reason == reason)
    if since is not None:
        statement = statement.where(Document.finished_at >= since)
    return list(session.execute(statement).scalars())


class WithAnswer(NamedTuple):
    """A document that has an answer: where it stands, and the number of its newest answer."""

    id: int
    status: Status
    number: int


def with_answers(session: Session, document_ids: Collection[int]) -> list[WithAnswer]:
    """Those of the documents that are done, in full or in part."""
    statement = (
        select(Document.id, Document.status, Document.answer)
        .where(Document.id.in_(document_ids), Document.status.in_((Status.DONE, Status.PARTIAL)))
        .order_by(Document.id)
    )
    return [WithAnswer(row.id, row.status, row.answer or 0) for row in session.execute(statement).all()]


def counts(session: Session) -> dict[Status, int]:
    """How many documents stand where; every status is there."""
    rows = session.execute(select(Document.status, func.count()).group_by(Document.status))
    numbers = {status: number for status, number in rows}  # noqa: C416 - rows are not pairs
    return {status: numbers.get(status, 0) for status in Status}


def quarantine_reasons(session: Session) -> list[tuple[str, int]]:
    """Reason codes of quarantined documents with their numbers, most frequent first."""
    number = func.count()
    statement = (
        select(Document.reason, number)
        .where(Document.status == Status.FAILED)
        .group_by(Document.reason)
        .order_by(number.desc(), Document.reason)
    )
    return [(reason or "", count) for reason, count in session.execute(statement).all()]


@dataclass(frozen=True, slots=True)
class Tally:
    """What decides a document's status: pages read and failed, regions that sign, damaged ones."""

    read: int
    unread: int
    #: Regions that sign.
    signing: int
    #: Those of them that are compared with references.
    compared: int
    #: Those of these whose crops are damaged in storage, and which have no verdict.
    damaged: int
    #: Reason code of what the document lacks, though its pages could be read.
    lacks: str | None = None

    @property
    def status(self) -> Status:
        """Done when all of it was read and no comparison failed, failed when no page was read."""
        if self.unread == 0:
            return Status.PARTIAL if self.damaged or self.lacks else Status.DONE
        return Status.PARTIAL if self.read else Status.FAILED

    @property
    def signed(self) -> bool | None:
        """A region that signs settles it; without one, an unread page or a missing part leaves it open."""
        if self.signing:
            return True
        return None if self.unread or self.lacks else False


def tally(session: Session, document_id: int) -> Tally:
    """Count what is known of a document."""
    by_status = select(Page.status, func.count()).where(Page.document_id == document_id).group_by(Page.status)
    status = {state: number for state, number in session.execute(by_status)}  # noqa: C416 - rows are not pairs
    signing, compared, damaged = session.execute(
        select(func.count(Region.id), func.count(case((is_compared(), 1))), func.count(Region.reason))
        .join(Page, Region.page_id == Page.id)
        .where(Page.document_id == document_id, signs())
    ).one()
    unread = status.get(PageStatus.FAILED, 0)
    return Tally(
        read=sum(status.values()) - unread,
        unread=unread,
        signing=signing,
        compared=compared,
        damaged=damaged,
        lacks=lack(session, document_id),
    )


def lack(session: Session, document_id: int) -> str | None:
    """The reason code of what the document lacks beside its pages, as the newest look at it says."""
    return next((detail or None for detail in reversed(events.details(session, document_id, LACKS))), None)


def newest(session: Session, number: int) -> Sequence[int]:
    """Ids of the documents registered last, the newest first."""
    statement = select(Document.id).order_by(Document.id.desc()).limit(number)
    return session.execute(statement).scalars().all()

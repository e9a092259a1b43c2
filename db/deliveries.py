"""Queries on deliveries: written from the feed of changes, claimed, ended, sent again. The caller owns the
transaction.

An attempt is claimed by raising the row's fence and moving its due time behind the attempt's end. Whoever
dies leaves a row that is due again by itself; whoever is late writes nothing.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import groupby

from sqlalchemy import ColumnElement, delete, exists, func, select, tuple_, union, update
from sqlalchemy.orm import Session

from db.engine import now
from db.feed import changes_after
from db.models import (
    ChangesHead,
    Delivery,
    DeliveryAttempt,
    Document,
    DocumentAnswer,
    DocumentChange,
    Submission,
    Webhook,
)
from db.states import ChangeKind, Status
from db.writes import changed, insert_many_once

#: The HTTP status of an address that is gone for good, and wants nothing more.
GONE_STATUS = 410
#: What messages are called: the end states of documents, and changes without an answer.
MESSAGE_TYPES = (
    *(f"document.{status}" for status in Status if status.final),
    *(f"document.{kind}" for kind in ChangeKind if kind is not ChangeKind.ANSWERED),
)


@dataclass(frozen=True, slots=True)
class ClaimedDelivery:
    """A delivery that this process alone attempts now, and what is to be sent."""

    id: int
    fence: int
    webhook_id: int
    url: str
    place: int
    type: str
    document_id: int
    answer: int | None
    status: str | None
    at: datetime
    #: The number of this attempt since it was written or sent again, from 1.
    tries: int
    #: Whether the address is that of one document alone.
    is_callback: bool


def webhooks_behind(session: Session) -> Sequence[int]:
    """Webhooks for which the feed has changes that are not written as deliveries yet."""
    head = select(ChangesHead.place).scalar_subquery()
    statement = select(Webhook.id).where(Webhook.stopped_at.is_(None), Webhook.place < head)
    return session.execute(statement.order_by(Webhook.id)).scalars().all()


def write_deliveries(session: Session, webhook_id: int, *, limit: int) -> int:
    """Write the deliveries of the next changes behind the webhook's place; how many changes were read.

    0 at the end of the feed, and where another process is at it. Deliveries and place are one transaction, so
    no change is passed by and none is written twice.
    """
    webhook = session.execute(
        select(Webhook)
        .where(Webhook.id == webhook_id, Webhook.stopped_at.is_(None))
        .with_for_update(skip_locked=True)
    ).scalar_one_or_none()
    changes = [] if webhook is None else changes_after(session, webhook.place, limit=limit)
    if webhook is None or not changes:
        return 0
    insert_many_once(session, Delivery, _rows(session, webhook, changes))
    webhook.place = changes[-1].id
    return len(changes)


def write_callback(session: Session, document: Document, *, holder: str) -> None:
    """Write the delivery of the answer that a document has already, to the callback that its holder named.

    The caller holds the document, so an answer that is given later is behind the callback in the feed.
    """
    webhook = session.execute(
        select(Webhook).where(Webhook.holder == holder, Webhook.callbacks)
    ).scalar_one_or_none()
    if webhook is None or not document.status.final:
        return
    newest = (
        select(DocumentChange)
        .where(DocumentChange.document_id == document.id, DocumentChange.kind == ChangeKind.ANSWERED)
        .order_by(DocumentChange.id.desc())
        .limit(1)
    )
    changes = session.execute(newest).scalars().all()
    insert_many_once(session, Delivery, _rows(session, webhook, changes))


def webhooks_due(session: Session) -> Sequence[int]:
    """Webhooks that have something to be sent now."""
    due = exists().where(Delivery.webhook_id == Webhook.id, Delivery.due_at <= now(session))
    return session.execute(select(Webhook.id).where(Webhook.stopped_at.is_(None), due)).scalars().all()


def claim_deliveries(
    session: Session, webhook_id: int, *, limit: int, seconds: float
) -> list[ClaimedDelivery]:
    """Take deliveries that are due, the longest due first; nobody else gets them for `seconds`."""
    moment = now(session)
    due = (
        select(Delivery.id)
        .where(Delivery.webhook_id == webhook_id, Delivery.due_at <= moment)
        .order_by(Delivery.due_at, Delivery.id)
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    ids = session.execute(due).scalars().all()
    session.execute(
        update(Delivery)
        .where(Delivery.id.in_(ids))
        .values(
            tries=Delivery.tries + 1, fence=Delivery.fence + 1, due_at=moment + timedelta(seconds=seconds)
        )
    )
    rows = session.execute(
        select(Delivery, func.coalesce(Delivery.url, Webhook.url))
        .join(Webhook, Webhook.id == Delivery.webhook_id)
        .where(Delivery.id.in_(ids))
        .order_by(Delivery.place)
    )
    return [_claimed(delivery, url) for delivery, url in rows]


def end_attempt(
    session: Session,
    claimed: ClaimedDelivery,
    *,
    seconds: float,
    status: int | None,
    problem: str | None,
    again_in: float | None,
) -> bool:
    """Note what came of an attempt: delivered without a problem, else due again after so many seconds.

    With a problem and without `again_in` the delivery is given up. False, with nothing noted, where another
    attempt has begun since, or the webhook is gone.
    """
    moment = now(session)
    statement = update(Delivery).where(Delivery.id == claimed.id, Delivery.fence == claimed.fence)
    if again_in is not None:
        statement = statement.values(due_at=moment + timedelta(seconds=again_in))
    else:
        delivered = None if problem else moment
        statement = statement.values(due_at=None, ended_at=moment, delivered_at=delivered)
    if changed(session, statement) == 0:
        return False
    attempt = {"seconds": seconds, "status": status, "problem": problem}
    session.add(DeliveryAttempt(delivery_id=claimed.id, at=moment, **attempt))
    return True


def end_callback(session: Session, claimed: ClaimedDelivery) -> None:
    """Send the callback of this document nothing more: what is due is given up."""
    holder = select(Webhook.holder).where(Webhook.id == claimed.webhook_id).scalar_subquery()
    named = Submission.document_id == claimed.document_id, Submission.holder == holder
    session.execute(update(Submission).where(*named).values(callback=None))
    due = (
        Delivery.webhook_id == claimed.webhook_id,
        Delivery.document_id == claimed.document_id,
        Delivery.due_at.is_not(None),
    )
    session.execute(update(Delivery).where(*due).values(due_at=None, ended_at=now(session)))


def send_undelivered_again(session: Session, webhook_id: int) -> int:
    """Let all deliveries of a webhook that it does not have be due now; how many."""
    return _send_again(session, Delivery.webhook_id == webhook_id, Delivery.delivered_at.is_(None))


def send_one_again(session: Session, webhook_id: int, delivery_id: int) -> int:
    """Let one delivery of a webhook be due now, whatever came of it; 0 without one."""
    return _send_again(session, Delivery.webhook_id == webhook_id, Delivery.id == delivery_id)


def send_all_again(session: Session, webhook_id: int, *, after: int) -> int:
    """Let all deliveries after a place be due now, whatever came of them; how many.

    Changes after that place for which there is no delivery, because they are older than the webhook or their
    deliveries are forgotten, are read from the feed again.
    """
    session.execute(
        update(Webhook).where(Webhook.id == webhook_id, Webhook.place > after).values(place=after)
    )
    return _send_again(session, Delivery.webhook_id == webhook_id, Delivery.place > after)


def deliveries(
    session: Session, webhook_id: int, *, before: int | None = None, limit: int
) -> Sequence[Delivery]:
    """Deliveries of a webhook, the newest first; `before` is the id of the last one of the page before."""
    older = () if before is None else (Delivery.id < before,)
    statement = select(Delivery).where(Delivery.webhook_id == webhook_id, *older)
    return session.execute(statement.order_by(Delivery.id.desc()).limit(limit)).scalars().all()


def attempts(session: Session, ids: Sequence[int]) -> Mapping[int, list[DeliveryAttempt]]:
    """The attempts at these deliveries, oldest first, by the id of the delivery."""
    statement = (
        select(DeliveryAttempt)
        .where(DeliveryAttempt.delivery_id.in_(ids))
        .order_by(DeliveryAttempt.delivery_id, DeliveryAttempt.id)
    )
    rows = session.execute(statement).scalars()
    return {number: list(group) for number, group in groupby(rows, key=lambda row: row.delivery_id)}


def waiting_deliveries(session: Session) -> Mapping[int, int]:
    """How many deliveries are not ended, by webhook."""
    statement = (
        select(Delivery.webhook_id, func.count())
        .where(Delivery.due_at.is_not(None))
        .group_by(Delivery.webhook_id)
    )
    return {row[0]: row[1] for row in session.execute(statement)}


def forget_deliveries(session: Session, *, older_than: timedelta) -> int:
    """Forget deliveries that ended so long ago, with their attempts; how many."""
    return changed(session, delete(Delivery).where(Delivery.ended_at < now(session) - older_than))


def _send_again(session: Session, *which: object) -> int:
    fresh = {"tries": 0, "fence": Delivery.fence + 1, "ended_at": None, "delivered_at": None}
    statement = update(Delivery).where(*which).values(due_at=now(session), **fresh)  # type: ignore[arg-type]
    return changed(session, statement)


def _rows(session: Session, webhook: Webhook, changes: Sequence[DocumentChange]) -> list[dict[str, object]]:
    answered = _statuses(session, changes)
    seen = _seen(session, webhook, {change.document_id for change in changes})
    shared = {"webhook_id": webhook.id, "tries": 0, "fence": 0, "due_at": now(session)}
    rows = (
        {**shared, **_content(change, answered), "url": None if seen is None else seen[change.document_id]}
        for change in changes
        if seen is None or change.document_id in seen
    )
    return [row for row in rows if row["type"] in (webhook.events or MESSAGE_TYPES)]


def _content(change: DocumentChange, answered: Mapping[tuple[int, int | None], Status]) -> dict[str, object]:
    """What a delivery says of a change. Its type is no message where the answer is gone with its document."""
    is_answer = change.kind is ChangeKind.ANSWERED
    status = answered.get((change.document_id, change.answer)) if is_answer else None
    return {
        "place": change.id,
        "type": f"document.{status or change.kind}",
        "document_id": change.document_id,
        "answer": change.answer,
        "status": status,
        "at": change.at,
    }


def _statuses(session: Session, changes: Sequence[DocumentChange]) -> Mapping[tuple[int, int | None], Status]:
    """The statuses of the answers that these changes name, by document and number."""
    places = [(change.document_id, change.answer) for change in changes]
    columns = (DocumentAnswer.document_id, DocumentAnswer.number)
    rows = session.execute(select(*columns, DocumentAnswer.status).where(tuple_(*columns).in_(places)))
    return {(row[0], row[1]): row[2] for row in rows}


def _seen(session: Session, webhook: Webhook, documents: set[int]) -> Mapping[int, str | None] | None:
    """Which of these documents the webhook is told of, with their callbacks; None for all.

    Of an erased document its earlier deliveries say so: its submission is gone.
    """
    if not webhook.own_only:
        return None
    submitted = Submission.holder == webhook.holder, Submission.document_id.in_(documents)
    told = Delivery.webhook_id == webhook.id, Delivery.document_id.in_(documents)
    if webhook.callbacks:
        return _callbacks(session, told, submitted)
    named = select(Submission.document_id).where(*submitted)
    earlier = select(Delivery.document_id).where(*told)
    return dict.fromkeys(session.execute(union(named, earlier)).scalars())


def _callbacks(
    session: Session, told: Sequence[ColumnElement[bool]], submitted: Sequence[ColumnElement[bool]]
) -> dict[int, str | None]:
    """The newest callback of each of these documents; none where one has answered that it is gone."""
    gone = (
        select(Delivery.document_id)
        .join(DeliveryAttempt, DeliveryAttempt.delivery_id == Delivery.id)
        .where(*told, DeliveryAttempt.status == GONE_STATUS)
    )
    earlier = select(Delivery.document_id, Delivery.url).where(*told, Delivery.document_id.not_in(gone))
    named = select(Submission.document_id, Submission.callback).where(
        *submitted, Submission.callback.is_not(None)
    )
    in_order = earlier.order_by(Delivery.id), named.order_by(Submission.id)
    rows = (row for query in in_order for row in session.execute(query))
    return {number: url for number, url in rows if number is not None}


def _claimed(delivery: Delivery, url: str) -> ClaimedDelivery:
    return ClaimedDelivery(
        id=delivery.id,
        fence=delivery.fence,
        webhook_id=delivery.webhook_id,
        url=url,
        place=delivery.place,
        type=delivery.type,
        document_id=delivery.document_id,
        answer=delivery.answer,
        status=delivery.status,
        at=delivery.at,
        tries=delivery.tries,
        is_callback=delivery.url is not None,
    )

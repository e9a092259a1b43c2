"""What must hold after every fault: one final status, rows and objects as undisturbed, a history."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from db.answers import Asked, of_document
from db.models import Chunk, Document, DocumentAnswer, DocumentChange, Event
from db.reopening import start_again
from db.states import AnswerCause
from tests.faults.lab import RESULTS, Lab
from worker.result.rows import document_result

#: What differs between two readings of the same bytes: names, places, moments, durations.
_OWN = (
    "document",
    "id",
    "version",
    "sha256",
    "seconds",
    "registered_at",
    "finished_at",
    "linked_to",
    "answered_at",
)
#: Events that say how a claim ended.
ENDINGS = ("closed", "failed", "superseded", "quarantined", "abandoned", "handed_back")
Told = dict[str, Any]


def answer(result: Mapping[str, Any]) -> Told:
    """What two documents with the same content must have in common, keys of pictures included."""
    kept = {name: value for name, value in result.items() if name not in _OWN}
    text = re.sub(r'"documents/\d+/', '"documents/', json.dumps(kept))
    common: Told = json.loads(text)
    return common


def answers(lab: Lab, keys: Sequence[str]) -> dict[str, Told]:
    """The rows of these documents by key."""
    with lab.sessions() as session:
        rows = session.execute(select(Document.key, Document.id).where(Document.key.in_(keys))).all()
        return {row.key: answer(document_result(session, row.id).json_object()) for row in rows}


def open_documents(lab: Lab, keys: Sequence[str]) -> list[str]:
    """Keys that have no final status yet, unregistered ones included."""
    with lab.sessions() as session:
        final = select(Document.key).where(Document.key.in_(keys), Document.stage == "closed")
        ended = set(session.execute(final).scalars())
    return [key for key in keys if key not in ended]


def lost(lab: Lab, keys: Sequence[str]) -> list[str]:
    """Keys in the bucket of which the database knows nothing."""
    with lab.sessions() as session:
        known = set(session.execute(select(Document.key).where(Document.key.in_(keys))).scalars())
    return [key for key in keys if key not in known]


def doubled(lab: Lab, keys: Sequence[str]) -> list[str]:
    """Documents that were registered twice, or answered twice."""
    with lab.sessions() as session:
        twice = (
            select(Document.key).where(Document.key.in_(keys)).group_by(Document.key).having(func.count() > 1)
        )
        final = (Event.stage == "finish") & (Event.event == "closed") | (Event.stage == "quarantine")
        answered = (
            select(Document.key)
            .join(Event, Event.document_id == Document.id)
            .where(Document.key.in_(keys), final)
            .group_by(Document.key)
            .having(func.count() > 1)
        )
        return [*session.execute(twice).scalars(), *session.execute(answered).scalars()]


def wrong(lab: Lab, expected: Mapping[str, Told]) -> dict[str, str]:
    """Documents whose rows, result JSON or pictures are not those of the undisturbed run, and how."""
    given = answers(lab, list(expected))
    return {
        key: why
        for key, wanted in expected.items()
        if key in given and (why := _difference(lab, key, given[key], wanted))
    }


def unexplained(lab: Lab, keys: Sequence[str]) -> list[str]:
    """Documents of whose claims some have no event that says how they ended."""
    with lab.sessions() as session:
        chosen = session.execute(select(Document).where(Document.key.in_(keys))).scalars().all()
        return [one.key for one in chosen if not all(_explained(session, one))]


def _explained(session: Session, document: Document) -> Iterator[bool]:
    events = session.execute(select(Event).where(Event.document_id == document.id)).scalars().all()
    quarantined = sum(one.stage == "quarantine" for one in events)
    yield _is_ended([one for one in events if one.chunk is None], document.fence - quarantined)
    for chunk in session.execute(select(Chunk).where(Chunk.document_id == document.id)).scalars():
        yield _is_ended([one for one in events if one.chunk == chunk.id], chunk.fence)


def _is_ended(events: Sequence[Event], fence: int) -> bool:
    """Whether each claim has an event that says how it ended. Handing back raises the fence as claims do."""
    handed_back = sum(one.event == "handed_back" for one in events)
    return fence - handed_back <= sum(one.event in ENDINGS for one in events)


def overwritten(lab: Lab, keys: Sequence[str]) -> list[str]:
    """Documents of whose answers one is missing, or is not what was given: numbers, objects, digests."""
    with lab.sessions() as session:
        chosen = session.execute(select(Document).where(Document.key.in_(keys))).scalars().all()
        return [row.key for row in chosen if not all(_kept(lab, session, row))]


def _kept(lab: Lab, session: Session, document: Document) -> Iterator[bool]:
    given = of_document(session, document.id)
    yield [answer.number for answer in given] == list(range(1, (document.answer or 0) + 1))
    yield document.stage != "closed" or bool(given)
    for answer in given:
        if answer.result_key is not None:
            data = lab.s3.get_object(Bucket=RESULTS, Key=answer.result_key)["Body"].read()
            yield hashlib.sha256(data).hexdigest() == answer.result_sha256


class FeedReader:
    """Reads the feed of changes while faults strike: every place once, in order, none left out."""

    def __init__(self) -> None:
        self._last = 0
        self._answers: set[tuple[int, int | None]] = set()
        #: What each answer said when it was first read.
        self._first: dict[tuple[int, int], tuple[str, str | None]] = {}

    def read(self, lab: Lab) -> list[str]:
        """Go on from the last place; what is wrong with the places that are there now."""
        statement = select(DocumentChange).where(DocumentChange.id > self._last).order_by(DocumentChange.id)
        with lab.sessions() as session:
            new = session.execute(statement).scalars().all()
            self._first = {**_said(session, {change.document_id for change in new}), **self._first}
        wrong_places = [
            f"place {change.id} after {self._last + number}"
            for number, change in enumerate(new)
            if change.id != self._last + number + 1
        ]
        self._last = new[-1].id if new else self._last
        self._answers |= {(change.document_id, change.answer) for change in new}
        return wrong_places

    def missed(self, lab: Lab, keys: Sequence[str]) -> list[str]:
        """Documents with an answer that no place has told."""
        statement = select(Document.key, DocumentAnswer.document_id, DocumentAnswer.number).join(
            DocumentAnswer, DocumentAnswer.document_id == Document.id
        )
        with lab.sessions() as session:
            rows = session.execute(statement.where(Document.key.in_(keys))).all()
        return [row.key for row in rows if (row.document_id, row.number) not in self._answers]

    def rewritten(self, lab: Lab, keys: Sequence[str]) -> list[str]:
        """Documents of whose answers one says another thing than when it was first read, or is gone."""
        with lab.sessions() as session:
            ids = select(Document.key, Document.id).where(Document.key.in_(keys))
            rows = {row.id: row.key for row in session.execute(ids)}
            now = _said(session, rows)
        first = {place: said for place, said in self._first.items() if place[0] in rows}
        return [rows[place[0]] for place, said in first.items() if now.get(place) != said]


def _said(session: Session, document_ids: Collection[int]) -> dict[tuple[int, int], tuple[str, str | None]]:
    """Status and digest of each answer, by document and number."""
    rows = session.execute(select(DocumentAnswer).where(DocumentAnswer.document_id.in_(document_ids)))
    return {(row.document_id, row.number): (row.status.value, row.result_sha256) for row in rows.scalars()}


def send_back(lab: Lab, keys: Sequence[str]) -> None:
    """Have documents with an answer read again; the sweep sends them."""
    with lab.sessions() as session:
        ids = list(session.execute(select(Document.id).where(Document.key.in_(keys))).scalars())
        start_again(session, ids, Asked(cause=AnswerCause.RETRY, who="faults"))


def given_again(lab: Lab, keys: Sequence[str]) -> list[str]:
    """Those of the documents that were sent back and have a second answer."""
    with lab.sessions() as session:
        rows = select(Document.key).where(Document.key.in_(keys), Document.answer == 2)
        return list(session.execute(rows).scalars())


def told(lab: Lab, key: str) -> tuple[Any, ...]:
    """Status, signed and reason of a document."""
    with lab.sessions() as session:
        row = session.execute(select(Document).where(Document.key == key)).scalar_one()
        return row.status.value, row.signed, row.reason


def slowest(lab: Lab, keys: Sequence[str], since: float) -> str:
    """The life of the document that ended last, in seconds from `since`, to see what it waited for."""
    with lab.sessions() as session:
        final = select(Document).where(Document.key.in_(keys), Document.finished_at.is_not(None))
        last = session.execute(final.order_by(Document.finished_at.desc()).limit(1)).scalar_one_or_none()
        if last is None:
            return "none ended"
        events = session.execute(select(Event).where(Event.document_id == last.id).order_by(Event.id))
        told = [
            f"{event.at.timestamp() - since:+.1f} {event.stage} {event.event} ({(event.detail or '')[:40]})"
            for event in events.scalars()
        ]
    return f"{last.key}: {'; '.join(told)}"


def _difference(lab: Lab, key: str, given: Told, wanted: Told) -> str:
    names = [name for name in wanted if given.get(name) != wanted[name]]
    if names:
        return f"rows differ in {', '.join(names)}: {[given.get(name) for name in names]}"
    return next(_stored(lab, key, given), "")


def _stored(lab: Lab, key: str, given: Told) -> Iterator[str]:
    """What is wrong with the stored objects."""
    with lab.sessions() as session:
        document = session.execute(select(Document).where(Document.key == key)).scalar_one()
        rows = document_result(session, document.id).json_object()
    for name in _pictures(rows):
        digest = re.findall(r"-([0-9a-f]{12})\.\w+$", name)
        if digest != [hashlib.sha256(_object(lab, name)).hexdigest()[:12]]:
            yield f"{name} does not hold what it says"
    if document.result_key:
        told = answer(json.loads(_object(lab, document.result_key)))
        if told != given:
            yield f"{document.result_key} says another thing than the rows"


def _pictures(result: Mapping[str, Any]) -> Iterator[str]:
    for page in result["pages"]:
        if page["image"]:
            yield page["image"]
        for region in page["regions"]:
            yield from (region["crop"], region["clean"])


def _object(lab: Lab, key: str) -> bytes:
    body: bytes = lab.s3.get_object(Bucket=RESULTS, Key=key)["Body"].read()
    return body

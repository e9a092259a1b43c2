"""The feed of changes, read from where the last reader stopped: answers, decisions, and what was erased."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from sqlalchemy.orm import Session

from db import answers, documents, reviews
from db.answers import Asked
from db.engine import Sessions
from db.feed import FeedHead, changes_after, feed_head
from db.models import Document, DocumentAnswer, DocumentChange
from db.states import AnswerCause, ChangeKind
from producer.services.results import write_lines
from worker.errors import DamagedResult, ObjectMissing, WrongUse
from worker.result import ChangeResult, DocumentResult
from worker.result.answers import read_answer
from worker.result.decisions import DecisionResult
from worker.storage.port import Results

#: The word for the place before the first.
START = "start"
#: Changes that are read together, and results that are fetched at once.
PAGE, FETCHES = 500, 8
_TOKEN = re.compile(r"(?P<feed>[0-9a-f]{8})-(?P<place>\d{1,18})")


@dataclass(frozen=True, slots=True)
class ChangesRead:
    """How many changes were written, how many of their results cannot be read, and the next token."""

    changes: int
    unreadable: int
    token: str


def current_token(sessions: Sessions) -> str:
    """The token behind the last change of this moment: who exports everything now goes on with it."""
    with sessions() as session:
        return written(feed_head(session))


def export_changes(sessions: Sessions, store: Results, token: str, out: Path | BinaryIO) -> ChangesRead:
    """Write every change after the token, one JSON object a line, in the order of their places.

    Each change comes at least once: the next token is to be stored when the lines are. WrongUse for what is
    no token of this database; StorageUnavailable. A result that is damaged or gone is named in its change.
    """
    with sessions() as session:
        head = feed_head(session)
    reader = _Reader(sessions, store, place_of(token, head))
    write_lines(reader.lines(), out)
    return ChangesRead(reader.changes, reader.unreadable, written(FeedHead(head.feed, reader.place)))


def written(head: FeedHead) -> str:
    """A place of a feed as a token."""
    return f"{head.feed}-{head.place}"


def place_of(token: str, head: FeedHead) -> int:
    """The place that a token names; the feed ends at `head`. WrongUse for what is no token of this feed."""
    if token == START:
        return 0
    match = _TOKEN.fullmatch(token)
    if match is None:
        raise WrongUse(f"{token!r} is no token; give one that an export has printed, or {START!r}")
    if match["feed"] != head.feed:
        raise WrongUse(
            f"{token!r} is a token of another database, or from before this one was restored from a backup: "
            f"this feed is called {head.feed}. Read everything with --since {START}"
        )
    if int(match["place"]) > head.place:
        raise WrongUse(
            f"{token!r} lies beyond the end of this feed, {written(head)}: was the database restored from a "
            f"backup? Read everything again with --since {START}"
        )
    return int(match["place"])


class _Reader:
    """Goes through the feed a page at a time, and counts."""

    def __init__(self, sessions: Sessions, store: Results, place: int) -> None:
        self._sessions, self._store = sessions, store
        self.place = place
        self.changes = self.unreadable = 0

    def lines(self) -> Iterator[bytes]:
        """The changes as lines of JSON."""
        with ThreadPoolExecutor(FETCHES) as pool:
            while page := self._page():
                for result in pool.map(self._result, page):
                    self.place = result.place
                    self.changes += 1
                    self.unreadable += result.problem is not None
                    yield result.json_line(ascii_only=False).encode() + b"\n"

    def _page(self) -> Sequence[_Told]:
        with self._sessions() as session:
            changes = changes_after(session, self.place, limit=PAGE)
            return _with_answers(session, changes)

    def _result(self, told: _Told) -> ChangeResult:
        change, asked = told.change, told.asked
        result, problem = self._answer(told)
        return ChangeResult(
            place=change.id,
            at=change.at,
            change=change.kind,
            document_id=change.document_id,
            answer=change.answer,
            cause=None if asked is None else asked.cause,
            asked_by=None if asked is None else asked.who,
            result=result,
            decisions=told.decisions,
            problem=problem,
        )

    def _answer(self, told: _Told) -> tuple[DocumentResult | None, str | None]:
        if told.change.kind is not ChangeKind.ANSWERED or told.answer is None or told.document is None:
            return None, None
        try:
            return read_answer(told.document, told.answer, self._store), None
        except (DamagedResult, ObjectMissing) as error:
            return None, error.code


@dataclass(frozen=True, slots=True)
class _Told:
    """A change with its answer, document and occasion; None where the document was erased since."""

    change: DocumentChange
    answer: DocumentAnswer | None
    document: Document | None
    asked: Asked | None
    decisions: tuple[DecisionResult, ...]


def _with_answers(session: Session, changes: Sequence[DocumentChange]) -> list[_Told]:
    occasions = [(change.document_id, _occasion(change)) for change in changes]
    places = [(change.document_id, change.answer or 0) for change in changes]
    given = answers.numbered(session, {*places, *occasions})
    known = documents.by_ids(session, {change.document_id for change in changes})
    return [
        _Told(
            change,
            given.get(place),
            document,
            _asked(change, given.get(occasion), document),
            _decisions(session, change),
        )
        for change, place, occasion in zip(changes, places, occasions, strict=True)
        for document in (known.get(change.document_id),)
    ]


def _occasion(change: DocumentChange) -> int:
    """The answer that a change led to: a document is reopened for its next one."""
    return (change.answer or 0) + (change.kind is ChangeKind.REOPENED)


def _decisions(session: Session, change: DocumentChange) -> tuple[DecisionResult, ...]:
    if change.kind is not ChangeKind.DECIDED:
        return ()
    rows = reviews.decisions_on(session, change.document_id)
    return tuple(DecisionResult.model_validate(row) for row in rows)


def _asked(change: DocumentChange, answer: DocumentAnswer | None, document: Document | None) -> Asked | None:
    """Why that answer was sought, and by whom; until it is given, its document's row says so."""
    if change.kind is ChangeKind.DECIDED:
        return Asked(cause=AnswerCause.REVIEW)
    if answer is not None:
        return Asked(cause=answer.cause, who=answer.asked_by)
    return None if document is None else Asked(cause=document.cause, who=document.asked_by)

"""Quarantined documents through all stages again; their history stays."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from db import documents
from db.engine import Sessions
from producer.services.selection import find_all
from worker.errors import WrongUse

#: The reason code that stands for all of them.
ANY_REASON = "any"


@dataclass(frozen=True, slots=True)
class Retried:
    """How many documents start again, and how many were still at work and go on."""

    again: int
    at_work: int


def parse_time(text: str) -> datetime:
    """A time in ISO 8601, in UTC unless it has an offset. WrongUse."""
    try:
        given = datetime.fromisoformat(text)
    except ValueError as error:
        raise WrongUse(f"{text!r} is no time such as 2026-11-20T08:00:00+01:00") from error
    return given if given.tzinfo is not None else given.replace(tzinfo=UTC)


def retry_documents(
    sessions: Sessions,
    send: Callable[[int], None],
    *,
    names: Sequence[str] = (),
    reason: str | None = None,
    since: datetime | None = None,
) -> Retried:
    """Start the named documents again, or all in quarantine with that reason, or since that moment.

    Rows are committed before `send` is called with each id. WrongUse without a choice, or for a name that
    means no document; BrokerUnavailable, after which the sweep sends what was not sent.
    """
    if bool(names) == (reason is not None or since is not None):
        raise WrongUse("give documents, or --reason CODE and --since TIME, one of the two")
    with sessions() as session:
        if names:
            chosen = find_all(session, names)
        else:
            chosen = documents.failed(session, reason=None if reason == ANY_REASON else reason, since=since)
        again = documents.start_again(session, chosen)
    for document_id in again:
        send(document_id)
    return Retried(len(again), len(chosen) - len(again))

"""Erases documents whose retention is over."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Literal

from db import erase
from db.engine import Sessions
from db.states import Status
from producer.services.erase import StillAtWork, erase_document
from producer.services.late_writes import erase_late_writes
from producer.services.progress import OnProgress, Progress, unheard
from worker.errors import WrongUse
from worker.storage.port import Store

#: Who erased them, in the record of it.
WHO = "retention"
#: Documents that are looked up at a time.
_BATCH = 500


@dataclass(frozen=True, slots=True)
class Retained:
    """How many documents were erased (or would be), and how many are at work and stay until next time.

    `late` counts objects that were stored too late of what was erased before.
    """

    erased: int
    at_work: int
    late: int = 0


def erase_expired(
    sessions: Sessions,
    store: Store,
    days: Mapping[Literal["done", "partial", "failed"], float],
    *,
    dry_run: bool = False,
    on_progress: OnProgress = unheard,
) -> Retained:
    """Erase the documents that ended with a status more than its number of days ago.

    WrongUse without days for any status; StorageUnavailable, after which the next call goes on.
    """
    if not days:
        raise WrongUse(
            "nothing is erased, since no retention period is set: give COUNTERSIGN_RETAIN_DAYS, "
            'such as {"done": 90, "failed": 30}'
        )
    by_status = {Status(name): number for name, number in days.items()}
    erased = at_work = 0
    for number, document_id in enumerate(expired_documents(sessions, by_status), 1):
        try:
            erased += dry_run or erase_document(sessions, store, document_id, who=WHO)
        except StillAtWork:
            at_work += 1
        on_progress(Progress(number))
    return Retained(erased, at_work, 0 if dry_run else erase_late_writes(sessions, store))


def expired_documents(sessions: Sessions, days: Mapping[Status, float]) -> Iterator[int]:
    """Ids of the documents whose retention is over, one that shares an answer before its original."""
    before: int | None = None
    while True:
        with sessions() as session:
            ids = erase.expired(session, days, limit=_BATCH, before=before)
        yield from ids
        if len(ids) < _BATCH:
            return
        before = ids[-1]

"""Erases documents whose retention is over."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from db.states import Status
from producer.services.erase import Eraser, StillAtWork
from producer.services.progress import OnProgress, Progress, unheard
from worker.errors import WrongUse


@dataclass(frozen=True, slots=True)
class Retained:
    """How many documents were erased (or would be), and how many are at work and stay until next time."""

    erased: int
    at_work: int


def erase_expired(
    eraser: Eraser,
    days: Mapping[Literal["done", "partial", "failed"], float],
    *,
    dry_run: bool = False,
    on_progress: OnProgress = unheard,
) -> Retained:
    """Erase the documents that ended with a status more than its number of days ago.

    WrongUse without days for any status; StorageUnavailable, after which the next call goes on.
    """
    if not days:
        raise WrongUse('set COUNTERSIGN_RETAIN_DAYS, such as {"done": 90, "failed": 30}')
    by_status = {Status(name): number for name, number in days.items()}
    erased = at_work = 0
    for number, document_id in enumerate(eraser.expired(by_status), 1):
        try:
            erased += dry_run or eraser.document(document_id)
        except StillAtWork:
            at_work += 1
        on_progress(Progress(number))
    return Retained(erased, at_work)

"""Where documents stand: all of them in numbers, or some with their whole history."""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy.orm import Session

from db import documents, listing, progress, signers
from db.engine import Sessions, now
from db.progress import StageCounts
from producer.services.selection import find_all
from worker.pipeline import PIPELINE
from worker.result import DocumentHistory, OverviewResult, StageResult, WorkerResult
from worker.result.rows import document_history

#: How long rows may wait, with no worker at their stage and no event, before somebody must look.
STANDSTILL = timedelta(minutes=5)
_HOUR = timedelta(hours=1)


def overview(sessions: Sessions) -> OverviewResult:
    """The numbers of this moment."""
    with sessions() as session:
        return OverviewResult(
            documents=documents.counts(session),
            reasons=dict(documents.quarantine_reasons(session)),
            signers=len(signers.enrolled(session)),
            waiting_since=listing.oldest_waiting(session),
            finished_last_hour=progress.finished_within(session, _HOUR),
            stages=tuple(map(StageResult.model_validate, _stages(session))),
            workers=tuple(WorkerResult.model_validate(worker) for worker in progress.workers_seen(session)),
        )


def rows_by_stage(sessions: Sessions) -> list[StageResult]:
    """What waits at each stage and what is at work. An autoscaler must leave at least `at_work` places."""
    with sessions() as session:
        return list(map(StageResult.model_validate, _stages(session)))


def stages_with_work(sessions: Sessions) -> list[StageCounts]:
    """Stages at which rows wait or are in somebody's hands."""
    with sessions() as session:
        return [stage for stage in _stages(session) if stage.waiting or stage.at_work]


def stages_at_a_standstill(sessions: Sessions) -> list[StageCounts]:
    """Stages for which rows wait that nobody takes."""
    with sessions() as session:
        long_ago = now(session) - STANDSTILL
        return [
            stage
            for stage in _stages(session)
            if stage.standing_since is not None and not stage.at_work and stage.standing_since < long_ago
        ]


def _stages(session: Session) -> list[StageCounts]:
    return progress.stage_counts(session, [(stage.name, PIPELINE.joins(stage.name)) for stage in PIPELINE])


def histories(sessions: Sessions, name: str) -> list[DocumentHistory]:
    """The result and events of every document of that name, newest document first. WrongUse without one."""
    with sessions() as session:
        return [document_history(session, document_id) for document_id in find_all(session, [name])]

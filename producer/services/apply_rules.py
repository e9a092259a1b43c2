"""Stored documents answered again by changed rules, from what was found on them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy.orm import Session

from db import documents, events
from db.answers import Asked
from db.engine import Sessions
from db.states import AnswerCause, DocumentStage, EventSource
from producer.services.rules import validate_rules
from worker.result.answers import revise
from worker.result.completeness import completeness_of
from worker.result.document import DocumentResult
from worker.result.rows import document_result
from worker.result.slot import CompletenessResult
from worker.rules.reading import Rules, applicable
from worker.storage.port import Store


@dataclass(frozen=True, slots=True)
class Judged:
    """How many documents the rules are for, and what is said of those that have a new answer, by id."""

    documents: int
    again: dict[int, CompletenessResult]


def apply_rules(sessions: Sessions, store: Store, paths: Sequence[Path], *, who: str) -> Judged:
    """Judge stored documents by these rule files; one of which another thing is said has a new answer.

    Nothing is rendered or detected again, and the answer before stays. Documents of other types, without
    slots, or at work stay as they are. RulesRefused at the first fault, before anything is judged.
    """
    rules = [checked.rules for checked in validate_rules(paths)]
    with sessions() as session:
        document_ids = documents.judged(session)
    judged, again = 0, dict[int, CompletenessResult]()
    for document_id in document_ids:
        with sessions() as session:
            document = documents.lock(session, document_id)
            if document is None or document.stage is not DocumentStage.CLOSED:
                continue
            result = document_result(session, document_id)
            if not _is_for(result, rules, document.type):
                continue
            judged += 1
            completeness = completeness_of(result, rules, kind=document.type)
            if completeness != result.completeness and _revised(
                session, document_id, store, completeness, who=who
            ):
                again[document_id] = completeness
    return Judged(judged, again)


def _revised(
    session: Session, document_id: int, store: Store, completeness: CompletenessResult, *, who: str
) -> bool:
    """Write what the rules say now, and give the answer; False for one that shares another's answer."""
    documents.note_completeness(session, document_id, completeness.json_object())
    if not revise(session, document_id, store, Asked(cause=AnswerCause.CHANGED_RULES, who=who)):
        session.rollback()
        return False
    missing = "; ".join((*completeness.unmet, *completeness.doubts))
    detail = ": ".join(filter(None, (completeness.answer, missing)))[:2000]
    events.record(session, document_id, EventSource.OPERATOR, "completeness", detail=detail, who=who)
    return True


def _is_for(result: DocumentResult, rules: Sequence[Rules], kind: str | None) -> bool:
    """Whether these rules are for a document, or were of its type when it was judged.

    `kind` is the type that its sender names.
    """
    types = {known.file.type for known in rules}
    before = result.completeness.type if result.completeness is not None else None
    return before in types or applicable(rules, result.document, _templates(result), kind=kind) is not None


def _templates(result: DocumentResult) -> Iterator[str]:
    return (slot.template for slot in result.slots if slot.template is not None)

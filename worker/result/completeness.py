"""Whether a result is in good order by the rules of its type."""

from __future__ import annotations

from collections.abc import Sequence

from db.states import PageStatus
from worker.result.document import DocumentResult
from worker.result.slot import CompletenessResult, SlotResult
from worker.rules.evaluation import Facts, FilledSlot, judge_document
from worker.rules.reading import Rules, applicable


def completeness_of(
    result: DocumentResult, rules: Sequence[Rules], *, kind: str | None = None
) -> CompletenessResult:
    """The answer of the rules for this document, or that of its slots where there are none for it.

    `kind` is its type, where its sender names one.
    """
    templates = (slot.template for slot in result.slots if slot.template is not None)
    chosen = applicable(rules, result.document, templates, kind=kind)
    facts = Facts(
        key=result.document,
        pages=len(result.pages),
        signed=result.signed,
        slots=tuple(_filled(slot) for slot in result.slots),
        unread=tuple(page.page for page in result.pages if page.status is PageStatus.FAILED),
    )
    judgement = judge_document(facts, chosen)
    return CompletenessResult(
        answer=judgement.completeness,
        unmet=judgement.unmet,
        doubts=judgement.doubts,
        type=None if chosen is None else chosen.file.type,
        version=None if chosen is None else chosen.file.version,
        rules=None if chosen is None else chosen.sha256,
    )


def _filled(slot: SlotResult) -> FilledSlot:
    return FilledSlot(
        page=slot.page,
        kind=slot.kind,
        status=slot.status,
        reason=slot.reason,
        party=slot.party,
        y=slot.y,
        height=slot.height,
    )

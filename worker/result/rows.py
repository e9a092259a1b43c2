"""Rows to the result of a document. The caller owns the transaction."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from typing import TypedDict

from sqlalchemy.orm import Session

from db import answers, events, reviews
from db.documents import NOTED, load_pages
from db.models import Document, Duplicate, Page, Region, Verdict, Versions
from db.states import AnswerCause, DocumentStage, EventSource, PageStatus, Status
from db.tallies import LACKS, newest_lack
from worker.result.claims import ReadState, claim_results, with_assignment
from worker.result.document import (
    AnswerResult,
    DocumentHistory,
    DocumentResult,
    EventResult,
    PageResult,
    PointSize,
    ReferenceUsed,
    VerdictResult,
    VersionsResult,
)
from worker.result.region import (
    CropQuality,
    DuplicateKind,
    DuplicateResult,
    PointBox,
    ReferenceCopyResult,
    RegionResult,
    SuggestionResult,
    signed_by,
)
from worker.result.slot import AnchorResult, CompletenessResult, SlotResult
from worker.slots.values import PageSlot, SlotState
from worker.vision.choices import Confidence, Outcome
from worker.vision.verification.outlook import outlook

#: Turns a storage key into what the reader can open: a path, a URL, or the key itself.
Locate = Callable[[str], str]


class _Newest(TypedDict):
    """What a result says of the newest answer."""

    cause: AnswerCause | None
    asked_by: str | None
    answered_at: datetime | None


class DocumentFacts(TypedDict):
    """Fields of results and lists that a document's row holds."""

    document: str
    id: int
    bucket: str
    version: str
    status: Status
    reason: str | None
    detail: str | None
    signed: bool | None
    linked_to: int | None
    registered_at: datetime
    finished_at: datetime | None


def document_result(
    session: Session, document_id: int, *, locate: Locate = str, closing: bool = False
) -> DocumentResult:
    """Everything that is known of a document; a linked one has the answer of its original.

    Claims are answered once the document is, or while it is `closing`.
    """
    document = load_pages(session, document_id)
    source = document if document.original_id is None else load_pages(session, document.original_id)
    versions = None if document.versions_id is None else session.get(Versions, document.versions_id)
    calibration = None if versions is None else versions.content.get("calibration")
    claims = {claim.signer: claim.source for claim in document.claims}
    verdicts = with_assignment(
        list(claims), [verdict for page in source.pages for verdict in _verdicts(page, locate, calibration)]
    )
    pages = tuple(_page(page, locate) for page in source.pages)
    remarks = events.details(session, source.id, (NOTED, LACKS), stage=DocumentStage.RENDER)
    return DocumentResult(
        **document_facts(document),
        sha256=document.sha256 or "",
        claims=claim_results(
            claims, verdicts, _reading(document, source, closing=closing, lacks=newest_lack(remarks[LACKS]))
        ),
        pages=pages,
        verdicts=verdicts,
        versions=VersionsResult.model_validate({} if versions is None else versions.content),
        seconds=events.seconds(session, source.id),
        signed_by=signed_by(region for page in pages for region in page.regions),
        notes=_notes(remarks[NOTED]),
        answer=document.answer,
        **_newest_answer(document),
        **_slots(source),
    )


class _Slots(TypedDict, total=False):
    """What a result says of slots; nothing where they were not looked for."""

    slots: tuple[SlotResult, ...]
    completeness: CompletenessResult


def _slots(document: Document) -> _Slots:
    """The slots of a document, in reading order, and whether it is in good order once that is known."""
    if all(page.slots is None for page in document.pages):
        return {}
    known: _Slots = {"slots": tuple(slot for page in document.pages for slot in _page_slots(page))}
    if document.completeness is not None:
        known["completeness"] = CompletenessResult.model_validate(document.completeness)
    return known


def _page_slots(page: Page) -> Iterator[SlotResult]:
    for number, row in enumerate(page.slots or (), start=1):
        state = SlotState.model_validate(row)
        slot = state.slot
        yield SlotResult(
            id=f"{page.index + 1}-{number}",
            page=page.index,
            kind=slot.kind,
            x=round(slot.x, 1),
            y=round(slot.y, 1),
            width=round(slot.width, 1),
            height=round(slot.height, 1),
            points=_in_points(page, slot),
            party=slot.party,
            anchor=AnchorResult.model_validate(slot.anchor),
            status=state.status,
            region=state.region,
            score=state.score,
            ink=state.ink,
            typed=slot.typed,
            reason=state.reason,
            **({} if slot.template is None else {"template": slot.template}),
        )


def document_facts(document: Document) -> DocumentFacts:
    """What a document's row alone says of it."""
    return {
        "document": document.key,
        "id": document.id,
        "bucket": document.bucket,
        "version": document.version,
        "status": document.status,
        "reason": document.reason,
        "detail": document.detail,
        "signed": document.signed,
        "linked_to": document.original_id,
        "registered_at": document.registered_at,
        "finished_at": document.finished_at,
    }


def _notes(noted: Sequence[str]) -> tuple[str, ...]:
    """What was noted of a document, each note once, in the order in which they were first made."""
    return tuple(dict.fromkeys(note for detail in noted for note in detail.split(", ")))


def _newest_answer(document: Document) -> _Newest:
    answer = None if document.answer is None else document.newest_answer
    if answer is None:
        return {"cause": None, "asked_by": None, "answered_at": None}
    return {"cause": answer.cause, "asked_by": answer.asked_by, "answered_at": answer.at}


def document_events(
    session: Session, document_id: int, *, told: str | None = None
) -> tuple[EventResult, ...]:
    """The document's history, oldest first, as far as `told` may know it.

    While people are still asked about a signer, what others said of the signer is not in it.
    """
    asked = reviews.signers_in_question(session, document_id)
    return tuple(
        EventResult.model_validate(event)
        for event in events.history(session, document_id)
        if event.stage != EventSource.REVIEW or event.signer not in asked or event.who == told
    )


def document_answers(session: Session, document_id: int) -> tuple[AnswerResult, ...]:
    """Every answer of the document, oldest first, each with how it differs from the one before."""
    given: list[AnswerResult] = []
    for row in answers.of_document(session, document_id):
        claims = {claim.signer: claim.outcome for claim in row.claims}
        result = AnswerResult(
            number=row.number,
            at=row.at,
            cause=row.cause,
            asked_by=row.asked_by,
            status=row.status,
            signed=row.signed,
            reason=row.reason,
            detail=row.detail,
            claims=claims,
            contradicted=tuple(claim.signer for claim in row.claims if claim.contradicted),
            result=row.result_key,
        )
        changes = tuple(_changes(given[-1], result)) if given else ()
        given.append(result.model_copy(update={"changes": changes}))
    return tuple(given)


def _changes(before: AnswerResult, after: AnswerResult) -> Iterator[str]:
    for name in ("status", "signed", "reason"):
        then, now = getattr(before, name), getattr(after, name)
        if then != now:
            yield f"{name}: {_word(then)}, now {_word(now)}"
    for signer in {**before.claims, **after.claims}:
        then, now = (answer.claims.get(signer, "not claimed") for answer in (before, after))
        if then != now:
            yield f"{signer}: {_word(then)}, now {_word(now)}"


def _word(value: object) -> str:
    return {None: "unknown", True: "yes", False: "no"}.get(value) or str(value)  # type: ignore[call-overload]


def document_history(session: Session, document_id: int, *, locate: Locate = str) -> DocumentHistory:
    """The document's result with its history."""
    result = document_result(session, document_id, locate=locate)
    return DocumentHistory(
        **{name: getattr(result, name) for name in result.model_fields_set},
        events=document_events(session, document_id),
        answers=document_answers(session, document_id),
    )


def _reading(document: Document, source: Document, *, closing: bool, lacks: str | None) -> ReadState:
    """How much was read of the pages that its answer rests on."""
    pages = source.pages
    if not pages or not (closing or document.status in (Status.DONE, Status.PARTIAL)):
        return ReadState.OPEN
    damaged = any(region.reason for page in pages for region in page.regions)
    unread = any(page.status is PageStatus.FAILED for page in pages)
    return ReadState.PARTIAL if damaged or unread or lacks is not None else ReadState.WHOLE


def _page(page: Page, locate: Locate) -> PageResult:
    points = None
    if page.points_width is not None and page.points_height is not None:
        points = PointSize(width=page.points_width, height=page.points_height)
    regions = tuple(_region(page, region, locate) for region in page.regions)
    return PageResult(
        page=page.index,
        width=page.width or 0,
        height=page.height or 0,
        dpi=page.dpi or 0.0,
        points=points,
        status=page.status,
        reason=page.reason,
        detail=page.detail,
        image=None if page.image_key is None else locate(page.image_key),
        regions=regions,
        signed_by=signed_by(regions),
    )


def _region(page: Page, region: Region, locate: Locate) -> RegionResult:
    return RegionResult(
        index=region.index,
        page=page.index,
        x=region.x,
        y=region.y,
        width=region.width,
        height=region.height,
        points=_in_points(page, region),
        score=region.score,
        label=region.label,
        crop=locate(region.crop_key),
        clean=None if region.clean_key is None else locate(region.clean_key),
        quality=None if region.quality is None else CropQuality.model_validate(region.quality),
        suggestions=tuple(SuggestionResult.model_validate(row) for row in region.suggestions),
        duplicate_of=None if region.duplicate is None else _duplicate(region.duplicate),
        copy_of_reference=tuple(ReferenceCopyResult.model_validate(row) for row in region.reference_copies),
        reason=region.reason,
        detail=region.detail,
        signs=region.signs,
        role_probability=region.role_probability,
    )


def _in_points(page: Page, region: Region | PageSlot) -> PointBox | None:
    if page.points_width is None or page.points_height is None or not page.width or not page.height:
        return None
    across, down = page.points_width / page.width, page.points_height / page.height
    return PointBox(
        x=max(0.0, round(region.x * across, 2)),
        y=max(0.0, round(region.y * down, 2)),
        width=round(region.width * across, 2),
        height=round(region.height * down, 2),
    )


def _duplicate(duplicate: Duplicate) -> DuplicateResult:
    """Where the same ink was before; nothing of an earlier document that was erased, only that it was."""
    earlier = duplicate.of
    return DuplicateResult(
        document=None if earlier is None else earlier.page.document_id,
        key=None if earlier is None else earlier.page.document.key,
        page=None if earlier is None else earlier.page.index,
        region=None if earlier is None else earlier.index,
        similarity=duplicate.similarity,
        kind=DuplicateKind(duplicate.kind),
    )


def _verdicts(page: Page, locate: Locate, calibration: object) -> Iterator[VerdictResult]:
    for region in page.regions:
        for verdict in region.verdicts:
            result = _verdict(page, region, verdict, locate)
            helps = _outlook(result, calibration)
            yield result.model_copy(update={"outlook": helps}) if helps else result


def _outlook(verdict: VerdictResult, calibration: object) -> str:
    """What more references would bring to a comparison that decided nothing; empty for any other."""
    if verdict.verdict is not Outcome.INCONCLUSIVE or verdict.probability is None:
        return ""
    return outlook(verdict.references, calibration=str(calibration))


def _verdict(page: Page, region: Region, verdict: Verdict, locate: Locate) -> VerdictResult:
    used = [ReferenceUsed.model_validate(row) for row in verdict.compared_with or ()]
    return VerdictResult(
        region=region.index,
        page=page.index,
        signer=verdict.signer,
        verdict=Outcome(verdict.outcome),
        probability=verdict.probability,
        llr=verdict.llr,
        confidence=None if verdict.confidence is None else Confidence(verdict.confidence),
        references=verdict.references,
        doubtful_references=tuple(verdict.doubtful or ()),
        damaged_references=tuple(verdict.damaged or ()),
        reason=verdict.reason,
        signer_id=verdict.signer_id,
        compared_with=tuple(row.model_copy(update={"image": locate(row.image)}) for row in used),
    )

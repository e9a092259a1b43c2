"""Rows to the result of a document. The caller owns the transaction."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from sqlalchemy.orm import Session

from db import events
from db.documents import NOTED, get
from db.models import Duplicate, Page, Region, Verdict, Versions
from worker.result.document import (
    ClaimResult,
    DocumentHistory,
    DocumentResult,
    EventResult,
    PageResult,
    PointSize,
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
from worker.vision.choices import Confidence, Outcome

#: Turns a storage key into what the reader can open: a path, a URL, or the key itself.
Locate = Callable[[str], str]


def document_result(session: Session, document_id: int, *, locate: Locate = str) -> DocumentResult:
    """Everything that is known of a document; a linked one has the answer of its original."""
    document = get(session, document_id)
    source = document if document.original_id is None else get(session, document.original_id)
    versions = None if document.versions_id is None else session.get(Versions, document.versions_id)
    verdicts = [verdict for page in source.pages for verdict in _verdicts(page)]
    pages = tuple(_page(page, locate) for page in source.pages)
    return DocumentResult(
        document=document.key,
        id=document.id,
        bucket=document.bucket,
        version=document.version,
        sha256=document.sha256 or "",
        status=document.status,
        reason=document.reason,
        detail=document.detail,
        signed=document.signed,
        linked_to=document.original_id,
        claims=tuple(claim_result(claim.signer, verdicts) for claim in document.claims),
        pages=pages,
        verdicts=tuple(verdicts),
        versions=VersionsResult.model_validate({} if versions is None else versions.content),
        seconds=events.seconds(session, source.id),
        registered_at=document.registered_at,
        finished_at=document.finished_at,
        signed_by=signed_by(region for page in pages for region in page.regions),
        notes=document_notes(session, source.id),
    )


def document_notes(session: Session, document_id: int) -> tuple[str, ...]:
    """What was noted of a document, each note once, in the order in which they were first made."""
    noted = events.details(session, document_id, NOTED)
    return tuple(dict.fromkeys(note for detail in noted for note in detail.split(", ")))


def document_events(session: Session, document_id: int) -> tuple[EventResult, ...]:
    """The document's history, oldest first."""
    return tuple(EventResult.model_validate(event) for event in events.history(session, document_id))


def document_history(session: Session, document_id: int, *, locate: Locate = str) -> DocumentHistory:
    """The document's result with its history."""
    result = document_result(session, document_id, locate=locate)
    return DocumentHistory(**dict(result), events=document_events(session, document_id))


def claim_result(signer: str, verdicts: Sequence[VerdictResult]) -> ClaimResult:
    """The claim with the verdict that speaks most for it, None when no signature is left for the signer.

    A signature that is genuine for another claimed signer is taken: it says nothing about this one.
    """
    genuine = [verdict for verdict in verdicts if verdict.verdict is Outcome.GENUINE]
    taken = {verdict.place for verdict in genuine if verdict.signer != signer}
    candidates = [
        verdict
        for verdict in verdicts
        if verdict.signer == signer and (verdict.verdict is Outcome.GENUINE or verdict.place not in taken)
    ]
    best = max(candidates, key=lambda verdict: verdict.support, default=None)
    if best is None:
        return ClaimResult(signer=signer, verdict=None, page=None, region=None)
    return ClaimResult(signer=signer, verdict=best.verdict, page=best.page, region=best.region)


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


def _in_points(page: Page, region: Region) -> PointBox | None:
    if page.points_width is None or page.points_height is None or not page.width or not page.height:
        return None
    across, down = page.points_width / page.width, page.points_height / page.height
    return PointBox(
        x=round(region.x * across, 2),
        y=round(region.y * down, 2),
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


def _verdicts(page: Page) -> list[VerdictResult]:
    return [_verdict(page, region, verdict) for region in page.regions for verdict in region.verdicts]


def _verdict(page: Page, region: Region, verdict: Verdict) -> VerdictResult:
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
    )

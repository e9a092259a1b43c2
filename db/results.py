"""Rows to the document result: the one shape in which answers leave, as JSON objects."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from sqlalchemy.orm import Session

from db import events
from db.documents import get
from db.models import Duplicate, Page, ReferenceCopy, Region, Suggestion, Verdict, Versions

#: Turns a storage key into what the reader can open: a path, a URL, or the key itself.
Locate = Callable[[str], str]


def document_result(session: Session, document_id: int, *, locate: Locate = str) -> dict[str, Any]:
    """Everything known of a document; the shape is a contract, described in docs/result.md."""
    document = get(session, document_id)
    source = document if document.original_id is None else get(session, document.original_id)
    versions = None if document.versions_id is None else session.get(Versions, document.versions_id)
    verdicts = [row for page in source.pages for row in _verdicts(page)]
    return {
        "document": document.key,
        "id": document.id,
        "bucket": document.bucket,
        "version": document.version,
        "sha256": document.sha256 or "",
        "status": document.status.value,
        "reason": document.reason,
        "detail": document.detail,
        "signed": document.signed,
        "linked_to": document.original_id,
        "claims": [claim_answer(claim.signer, verdicts) for claim in document.claims],
        "pages": [_page(page, locate) for page in source.pages],
        "verdicts": verdicts,
        "versions": {} if versions is None else versions.content,
        "seconds": events.seconds(session, source.id),
        "registered_at": document.registered_at.isoformat(),
        "finished_at": None if document.finished_at is None else document.finished_at.isoformat(),
    }


def claim_answer(signer: str, verdicts: list[dict[str, Any]]) -> dict[str, Any]:
    """The claim with the verdict that speaks most for it, None when no signature is left for the signer.

    A signature that is genuine for another claimed signer is taken: it says nothing about this one.
    """
    taken = {_place(row) for row in verdicts if row["verdict"] == "genuine" and row["signer"] != signer}
    ours = [row for row in verdicts if row["signer"] == signer]
    left = [row for row in ours if row["verdict"] == "genuine" or _place(row) not in taken]
    best = max(left, key=lambda row: -1.0 if row["probability"] is None else row["probability"], default=None)
    names = ("verdict", "page", "region")
    return {"signer": signer, **{name: None if best is None else best[name] for name in names}}


def _place(verdict: dict[str, Any]) -> tuple[int, int]:
    return verdict["page"], verdict["region"]


def _page(page: Page, locate: Locate) -> dict[str, Any]:
    points = None
    if page.points_width is not None:
        points = {"width": page.points_width, "height": page.points_height}
    return {
        "page": page.index,
        "width": page.width or 0,
        "height": page.height or 0,
        "dpi": page.dpi or 0.0,
        "points": points,
        "status": page.status.value,
        "reason": page.reason,
        "detail": page.detail,
        "image": None if page.image_key is None else locate(page.image_key),
        "regions": [_region(page, region, locate) for region in page.regions],
    }


def _region(page: Page, region: Region, locate: Locate) -> dict[str, Any]:
    box = {"x": region.x, "y": region.y, "width": region.width, "height": region.height}
    return {
        "index": region.index,
        "page": page.index,
        **box,
        "points": _in_points(page, box),
        "score": region.score,
        "label": region.label,
        "crop": locate(region.crop_key),
        "clean": None if region.clean_key is None else locate(region.clean_key),
        "quality": region.quality,
        "suggestions": [_suggestion(suggestion) for suggestion in region.suggestions],
        "duplicate_of": None if region.duplicate is None else _duplicate(region.duplicate),
        "copy_of_reference": [_reference_copy(copy) for copy in region.reference_copies],
    }


def _in_points(page: Page, box: dict[str, float]) -> dict[str, float] | None:
    if page.points_width is None or page.points_height is None or not page.width or not page.height:
        return None
    across, down = page.points_width / page.width, page.points_height / page.height
    scale = {"x": across, "y": down, "width": across, "height": down}
    return {name: round(value * scale[name], 2) for name, value in box.items()}


def _suggestion(suggestion: Suggestion) -> dict[str, Any]:
    return {"signer": suggestion.signer, "probability": suggestion.probability}


def _duplicate(duplicate: Duplicate) -> dict[str, Any]:
    """Where the same ink was before; nothing of an earlier document that was erased, only that it was."""
    of = duplicate.of
    place = {
        "document": None if of is None else of.page.document_id,
        "key": None if of is None else of.page.document.key,
        "page": None if of is None else of.page.index,
        "region": None if of is None else of.index,
    }
    return {**place, "similarity": duplicate.similarity, "kind": duplicate.kind}


def _reference_copy(copy: ReferenceCopy) -> dict[str, Any]:
    return {"signer": copy.signer, "reference": copy.reference, "similarity": copy.similarity}


def _verdicts(page: Page) -> list[dict[str, Any]]:
    return [_verdict(page, region, verdict) for region in page.regions for verdict in region.verdicts]


def _verdict(page: Page, region: Region, verdict: Verdict) -> dict[str, Any]:
    return {
        "region": region.index,
        "page": page.index,
        "signer": verdict.signer,
        "verdict": verdict.outcome,
        "probability": verdict.probability,
        "llr": verdict.llr,
        "confidence": verdict.confidence,
        "references": verdict.references,
        "doubtful_references": verdict.doubtful or [],
    }

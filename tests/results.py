"""Document results with only what a test cares about spelled out."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from typing import Any

from db.states import PageStatus, Status
from worker.result import CropQuality, DocumentResult, PageResult, RegionResult, VerdictResult, VersionsResult
from worker.result.claims import READ_STATES, ReadState, claim_results, with_assignment
from worker.vision.choices import Confidence, Outcome


def document(
    name: str = "in/letter.pdf",
    *,
    status: str = "done",
    reason: str | None = None,
    signed: bool | None = True,
    pages: Sequence[PageResult] = (),
    claims: Sequence[str] = (),
    verdicts: Sequence[VerdictResult] = (),
    detail: str | None = None,
    versions: VersionsResult | None = None,
) -> DocumentResult:
    """A document; `claims` are names of signers, beside those that verdicts name."""
    named = dict.fromkeys([*claims, *(row.signer for row in verdicts if row.signer)])
    rows = with_assignment(list(named), verdicts)
    reading = READ_STATES.get(Status(status), ReadState.OPEN)
    return DocumentResult(
        document=name,
        id=1,
        bucket="file",
        version="v1",
        sha256="ab" * 32,
        status=Status(status),
        reason=reason,
        detail=detail,
        signed=signed,
        claims=claim_results(dict.fromkeys(named), rows, reading),
        pages=tuple(pages),
        verdicts=rows,
        versions=versions or VersionsResult(detector="d" * 64, code="1.2.3"),
        seconds={"render": 0.1, "detect": 0.2},
        registered_at=datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC),
    )


def page(
    index: int = 0,
    *,
    status: str = "detected",
    regions: Sequence[RegionResult] = (),
    image: str | None = "page",
) -> PageResult:
    """A page of 400 × 600 pixels."""
    failed = status == "failed"
    return PageResult(
        page=index,
        width=400,
        height=600,
        dpi=200.0,
        status=PageStatus(status),
        reason="unreadable_page" if failed else None,
        image=None if failed else image,
        regions=tuple(regions),
    )


def region(index: int = 0, *, on_page: int = 0, label: str = "signature", **more: Any) -> RegionResult:
    """A region of 120 × 60 pixels."""
    return RegionResult(
        index=index,
        page=on_page,
        x=40.0,
        y=100.0 + 90 * index,
        width=120.0,
        height=60.0,
        score=0.8,
        label=label,
        crop="crop",
        clean="clean",
        quality=CropQuality(ink=0.1, width=110, height=50, usable=True, issues=()),
        **more,
    )


def verdict(
    signer: str, outcome: str, probability: float | None, *, place: int = 0, on_page: int = 0, **more: Any
) -> VerdictResult:
    """A verdict on the region with index `place`."""
    return VerdictResult(
        region=place,
        page=on_page,
        signer=signer,
        verdict=Outcome(outcome),
        probability=probability,
        confidence=Confidence.HIGH if probability else None,
        references=3 if probability else 0,
        **more,
    )


def without_ids(verdicts: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    """Verdicts of a result as JSON without numbers of rows: the references by their bytes alone."""
    return [
        {
            **verdict,
            "signer_id": None,
            # Left out where nothing was compared.
            "compared_with": [used["sha256"] for used in verdict.get("compared_with", ())],
        }
        for verdict in verdicts
    ]

"""Document results as `countersign run --json` prints them, with only what a test cares about spelled out."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from db.results import claim_answer


def document(
    name: str = "in/letter.pdf",
    *,
    status: str = "done",
    reason: str | None = None,
    signed: bool | None = True,
    pages: Sequence[dict[str, Any]] = (),
    claims: Sequence[str] = (),
    verdicts: Sequence[dict[str, Any]] = (),
    detail: str | None = None,
) -> dict[str, Any]:
    """A document; `claims` are names of signers, beside those that verdicts name."""
    named = dict.fromkeys([*claims, *(row["signer"] for row in verdicts if row["signer"])])
    return {
        "document": name,
        "sha256": "ab" * 32,
        "status": status,
        "reason": reason,
        "detail": detail,
        "signed": signed,
        "claims": [claim_answer(signer, list(verdicts)) for signer in named],
        "pages": list(pages),
        "verdicts": list(verdicts),
        "versions": {"detector": "d" * 64, "code": "1.2.3"},
        "seconds": {"render": 0.1, "detect": 0.2},
    }


def page(
    index: int = 0,
    *,
    status: str = "detected",
    regions: Sequence[dict[str, Any]] = (),
    image: str | None = "page",
) -> dict[str, Any]:
    """A page of 400 × 600 pixels."""
    return {
        "page": index,
        "width": 400,
        "height": 600,
        "dpi": 200.0,
        "status": status,
        "reason": "unreadable_page" if status == "failed" else None,
        "image": None if status == "failed" else image,
        "regions": list(regions),
    }


def region(index: int = 0, *, on_page: int = 0, label: str = "signature", **more: Any) -> dict[str, Any]:
    """A region of 120 × 60 pixels."""
    return {
        "index": index,
        "page": on_page,
        "x": 40.0,
        "y": 100.0 + 90 * index,
        "width": 120.0,
        "height": 60.0,
        "score": 0.8,
        "label": label,
        "crop": "crop",
        "clean": "clean",
        "quality": {"issues": []},
        **more,
    }


def verdict(
    signer: str, outcome: str, probability: float | None, *, place: int = 0, on_page: int = 0
) -> dict[str, Any]:
    """A verdict on the region with index `place`."""
    return {
        "region": place,
        "page": on_page,
        "signer": signer,
        "verdict": outcome,
        "probability": probability,
        "confidence": "high" if probability else None,
        "references": 3 if probability else 0,
    }

"""Detect: page images become regions and raw crops."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import count
from typing import Any

from db import chunks, leases, verdicts
from db.base import ChunkStage, PageStatus
from db.leases import Lease
from db.models import Chunk, Document, Page
from worker.errors import PageError
from worker.steps.attempt import Job, LeaseLost, attempt
from worker.steps.keys import crop_key
from worker.steps.ports import DetectDeps
from worker.vision.crops import crop
from worker.vision.images import decode, encode_png
from worker.vision.values import Pixels, Region


@dataclass
class _Found:
    """What came of one page: rows of its regions, or why it failed."""

    page: Page
    rows: list[dict[str, Any]] = field(default_factory=list)
    error: PageError | None = None


def detect_chunk(chunk_id: int, deps: DetectDeps) -> bool:
    """Detect on a chunk's pages; False when it is past this stage or in other hands.

    The model runs between two short transactions. A chunk delivered twice may cost a second forward pass
    but writes nothing twice. A page that cannot be decoded fails alone.
    """
    job = Job(Chunk, chunk_id, ChunkStage.DETECT, deps.attempts.detect_lease)
    return attempt(job, deps, lambda lease, document: _detect(lease, document, deps))


def _detect(lease: Lease, document: Document, deps: DetectDeps) -> None:
    with deps.sessions() as session:
        waiting = chunks.pages(session, lease.id, PageStatus.RENDERED)
    found = _find(waiting, document.id, deps)
    with deps.sessions() as session:
        if not leases.advance(session, lease, ChunkStage.VERIFY):
            raise LeaseLost
        versions_id = verdicts.versions_id(session, deps.versions)
        for one in found:
            if one.error is None:
                chunks.close_page(session, one.page.id, one.rows, versions_id=versions_id)
            else:
                chunks.fail_page(session, one.page.id, reason=one.error.code, detail=one.error.reason)


def _find(pages: Sequence[Page], document_id: int, deps: DetectDeps) -> list[_Found]:
    found = [_Found(page) for page in pages]
    images: list[tuple[_Found, Pixels]] = []
    for one in found:
        try:
            images.append((one, decode(deps.store.get(one.page.image_key or ""), page=one.page.index)))
        except PageError as error:
            one.error = error
    answers = deps.detector.detect([image for _, image in images])
    for (one, image), regions in zip(images, answers, strict=True):
        crops = [encode_png(crop(image, region.box)) for region in regions]
        one.rows = [_row(document_id, one.page.index, *row) for row in zip(count(), regions, crops)]
        for row, data in zip(one.rows, crops, strict=True):
            deps.store.put(row["crop_key"], data)
    return found


def _row(document_id: int, page: int, index: int, region: Region, data: bytes) -> dict[str, Any]:
    box = region.box
    return {
        "index": index,
        "label": region.label.value,
        "score": region.score,
        "x": box.x,
        "y": box.y,
        "width": box.width,
        "height": box.height,
        "crop_key": crop_key(document_id, page, index, data),
    }

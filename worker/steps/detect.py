"""Detect: page images become regions and raw crops."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import count
from typing import Any

from db import chunks, verdicts
from db.leases import Lease
from db.models import Document, Page
from db.states import ChunkStage, PageStatus
from worker.errors import DamagedImage, PageError, UndetectablePage, UnreadablePage
from worker.steps.attempt import Job, attempt, close_stage
from worker.steps.ports import DetectDeps
from worker.storage.keys import crop_key
from worker.vision.crops import crop
from worker.vision.detection.detector import Detector
from worker.vision.detection.orientation import turned
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
    return attempt(Job(ChunkStage.DETECT, chunk_id), deps, _detect)


def _detect(lease: Lease, document: Document, deps: DetectDeps) -> None:
    with deps.sessions() as session:
        waiting = chunks.pages(session, lease.id, PageStatus.RENDERED)
    found = _find(waiting, document.id, deps)
    with deps.sessions() as session:
        close_stage(session, lease, document.id, deps)
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
            images.append((one, decode(deps.store.get(one.page.image_key or ""))))
        except DamagedImage:
            one.error = UnreadablePage(one.page.index, "the stored page image is damaged")
    answers = _answers([image for _, image in images], deps.detector)
    for (one, image), answer in zip(images, answers, strict=True):
        if isinstance(answer, Exception):
            one.error = UndetectablePage(one.page.index, f"{type(answer).__name__}: {answer}")
        else:
            one.rows = _stored(one.page.index, image, answer, document_id, deps)
    return found


def _answers(images: Sequence[Pixels], detector: Detector) -> list[list[Region] | Exception]:
    """Regions per page; where the pages fail together they are tried alone.

    When none of them succeeds, the fault is not in the pages: the error goes on.
    """
    try:
        return list(detector.detect(images))
    except Exception:  # whatever an engine raises: the question is on which page
        if len(images) == 1:
            raise
    alone = [_alone(image, detector) for image in images]
    failures = [answer for answer in alone if isinstance(answer, Exception)]
    if len(failures) == len(alone):
        raise failures[0]
    return alone


def _alone(image: Pixels, detector: Detector) -> list[Region] | Exception:
    try:
        return detector.detect([image])[0]
    except Exception as error:  # noqa: BLE001 - becomes the page's reason
        return error


def _stored(
    page: int, image: Pixels, regions: Sequence[Region], document_id: int, deps: DetectDeps
) -> list[dict[str, Any]]:
    """Rows of a page's regions, their raw crops in storage; the crop of a turned page is laid upright."""
    crops = [encode_png(turned(crop(image, region.box), region.turns)) for region in regions]
    rows = [_row(document_id, page, *row) for row in zip(count(), regions, crops)]
    for row, data in zip(rows, crops, strict=True):
        deps.store.put(row["crop_key"], data)
    return rows


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

"""Detect: page images become regions and raw crops."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from db import chunks, verdicts
from db.leases import Lease
from db.models import Document, Page
from db.states import ChunkStage, PageStatus
from db.writes import Values
from worker.errors import DamagedImage, PageError, UndetectablePage, UnreadablePage
from worker.steps.attempt import Job, attempt, close_stage
from worker.steps.ports import DetectDeps
from worker.steps.stored import stored_page
from worker.storage.keys import crop_key
from worker.vision.crops import crop
from worker.vision.detection.detector import Detector
from worker.vision.detection.orientation import turned
from worker.vision.detection.tiles import detect_closely
from worker.vision.images import encode_png, in_colour
from worker.vision.values import DetectedRegion, Grey, Pixels


@dataclass
class _PageAnswer:
    """What came of one page: rows of its regions, or why it failed."""

    page: Page
    rows: list[Values] = field(default_factory=list)
    error: PageError | None = None


def detect_chunk(chunk_id: int, deps: DetectDeps) -> bool:
    """Detect on a chunk's pages; False when it is past this stage or in other hands.

    The model runs between two short transactions. A chunk delivered twice may cost a second forward pass
    but writes nothing twice. A page whose stored image is damaged or gone fails alone.
    """
    return attempt(Job(ChunkStage.DETECT, chunk_id), deps, _detect)


def _detect(lease: Lease, document: Document, deps: DetectDeps) -> None:
    with deps.sessions() as session:
        waiting = chunks.pages(session, lease.id, PageStatus.RENDERED)
    answers = _answer_pages(waiting, document.id, deps)
    with deps.sessions() as session:
        close_stage(session, lease, document.id, deps)
        versions_id = verdicts.versions_id(session, deps.versions)
        read = {answer.page.id: answer.rows for answer in answers if answer.error is None}
        chunks.close_pages(session, read, versions_id=versions_id)
        for answer in answers:
            if answer.error is not None:
                error = answer.error
                chunks.fail_page(session, answer.page.id, reason=error.code, detail=error.reason)


def _answer_pages(pages: Sequence[Page], document_id: int, deps: DetectDeps) -> list[_PageAnswer]:
    answers = [_PageAnswer(page) for page in pages]
    images: list[tuple[_PageAnswer, Pixels | Grey]] = []
    for answer in answers:
        try:
            images.append((answer, stored_page(answer.page.image_key or "", deps.store)))
        except DamagedImage as error:
            answer.error = UnreadablePage(
                answer.page.index, f"the stored page image is damaged: {error.reason}"
            )
    detected = _detected(images, deps.detector)
    for (answer, image), regions in zip(images, detected, strict=True):
        index = answer.page.index
        if isinstance(regions, Exception):
            answer.error = UndetectablePage(index, f"{type(regions).__name__}: {regions}")
        else:
            answer.rows = _stored(index, image, regions, document_id, deps)
    return answers


def _detected(
    images: Sequence[tuple[_PageAnswer, Pixels | Grey]], detector: Detector
) -> list[list[DetectedRegion] | Exception]:
    """Regions per page; where the pages fail together they are tried alone.

    When none of them succeeds, the fault is not in the pages: the error goes on.
    """
    pixels, resolutions = [image for _, image in images], [answer.page.dpi or 0.0 for answer, _ in images]
    try:
        return list(detect_closely(detector, pixels, resolutions))
    except Exception:  # whatever an engine raises: the question is on which page
        if len(images) == 1:
            raise
    alone = [_alone(image, dpi, detector) for image, dpi in zip(pixels, resolutions, strict=True)]
    failures = [answer for answer in alone if isinstance(answer, Exception)]
    if len(failures) == len(alone):
        raise failures[0]
    return alone


def _alone(image: Pixels | Grey, dpi: float, detector: Detector) -> list[DetectedRegion] | Exception:
    try:
        return detect_closely(detector, [image], [dpi])[0]
    except Exception as error:  # noqa: BLE001 - becomes the page's reason
        return error


def _stored(
    page: int, image: Pixels | Grey, regions: Sequence[DetectedRegion], document_id: int, deps: DetectDeps
) -> list[Values]:
    """Rows of a page's regions, their raw crops in storage; the crop of a turned page is laid upright."""
    rows = []
    for index, region in enumerate(regions):
        data = encode_png(in_colour(turned(crop(image, region.box), region.turns)))
        key = crop_key(document_id, page, index, data)
        deps.store.put(key, data)
        rows.append(_row(index, region, key))
    return rows


def _row(index: int, region: DetectedRegion, key: str) -> Values:
    box = region.box
    return {
        "index": index,
        "label": region.label.value,
        "score": region.score,
        "x": box.x,
        "y": box.y,
        "width": box.width,
        "height": box.height,
        "signs": region.signs,
        "role_probability": region.role_probability,
        "crop_key": key,
    }

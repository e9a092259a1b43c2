"""Render: the bytes of a document become page images and page rows; every few pages are sent on."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from contextlib import closing

from sqlalchemy.orm import Session

from db import chunks, documents, events, tallies
from db.answers import Given
from db.leases import Lease
from db.models import Document
from db.states import DocumentStage, PageStatus, Status
from db.writes import Values
from worker.errors import EmptyDocument, EndReason, PageError
from worker.pipeline import PIPELINE, QueueMessage
from worker.steps.attempt import Job, attempt, close_stage, hold, left_to_the_sweep, note_event
from worker.steps.ports import RenderDeps, Rendering
from worker.storage.keys import layout_key, page_key
from worker.vision.values import RenderedPage


def render_document(document_id: int, deps: RenderDeps) -> bool:
    """Render a document; False when it is past this stage or in other hands.

    Chunks are committed and sent while rendering goes on. A second attempt begins after the last chunk that
    the first one committed.
    """
    return attempt(Job(DocumentStage.RENDER, document_id), deps, _render)


def _render(lease: Lease, document: Document, deps: RenderDeps) -> None:
    limits = deps.reading.limits
    data = deps.store.fetch(document.bucket, document.key, document.version, max_bytes=limits.max_bytes)
    if not data:
        raise EmptyDocument("the file has no bytes")
    left = _begun(lease, data, deps)
    if left is None:
        return
    known, waiting = left
    rendering = deps.renderer.open(data, limits=limits, first=known)
    with deps.sessions() as session:
        hold(session, lease, format=rendering.format)
        if not known:
            _note(session, lease, rendering)
    for chunk_id in waiting:
        _send(deps, chunk_id, document.id)
    _send_pages(lease, rendering, known, deps)
    _close(lease, rendering.pages, deps)


def _note(session: Session, lease: Lease, rendering: Rendering) -> None:
    """What the document carries and lacks; an earlier look that found it lacking is taken back."""
    stage = lease.stage
    if rendering.notes:
        events.record(session, lease.id, stage, documents.NOTED, detail=", ".join(rendering.notes))
    if rendering.lacks != tallies.lack(session, lease.id):
        events.record(session, lease.id, stage, tallies.LACKS, detail=rendering.lacks)


def _begun(lease: Lease, data: bytes, deps: RenderDeps) -> tuple[int, list[int]] | None:
    """Note the digest; answer how many pages an earlier attempt left, and its open chunks.

    None where the bytes were seen before and policy says that this settles the document.
    """
    sha256 = hashlib.sha256(data).hexdigest()
    policy = deps.reading.same_bytes
    with deps.sessions() as session:
        # Earlier documents are locked before this one: two twins at once must not deadlock.
        original = None if policy == "reprocess" else documents.twin(session, lease.id, sha256)
        hold(session, lease, status=Status.WORKING, sha256=sha256, bytes=len(data))
        if original is None:
            return chunks.pages_known(session, lease.id), chunks.unfinished(session, lease.id)
        note_event(session, lease, lease.id, "closed")
        if policy == "link":
            documents.link(session, lease.id, original)
        else:
            detail = f"same bytes as document {original.id}"
            given = Given(status=Status.DONE, reason=EndReason.DUPLICATE_SKIPPED, detail=detail)
            documents.close(session, lease.id, given)
    return None


def _send_pages(lease: Lease, rendering: Rendering, known: int, deps: RenderDeps) -> None:
    size, first = deps.reading.chunk_pages, PIPELINE.first_of_chunks
    # Closed here and now: a traceback that somebody keeps would keep the renderer of an attempt that failed.
    with closing(iter(rendering)) as rendered:
        for number, pages in enumerate(_groups(rendered, size), start=-(-known // size)):
            rows = [_stored(page, lease.id, deps) for page in pages]
            notes = [page.note for page in pages if isinstance(page, RenderedPage) and page.note]
            with deps.sessions() as session:
                hold(session, lease, progress=True)
                chunk_id = chunks.add(session, lease.id, number, rows, stage=first)
                for note in notes:
                    events.record(session, lease.id, lease.stage, documents.NOTED, detail=note)
            _send(deps, chunk_id, lease.id)


def _groups(
    rendered: Iterable[RenderedPage | PageError], size: int
) -> Iterator[list[RenderedPage | PageError]]:
    group: list[RenderedPage | PageError] = []
    for page in rendered:
        group.append(page)
        if len(group) == size:
            yield group
            group = []
    if group:
        yield group


def _stored(page: RenderedPage | PageError, document_id: int, deps: RenderDeps) -> Values:
    if isinstance(page, PageError):
        return {"index": page.page, "status": PageStatus.FAILED, "reason": page.code, "detail": page.reason}
    key = page_key(document_id, page)
    deps.store.put(key, page.data)
    across, down = page.points or (None, None)
    layout = None
    if page.layout is not None:
        layout = layout_key(document_id, page.index, page.layout.encode())
        deps.store.put(layout, page.layout.encode())
    return {
        "index": page.index,
        "status": PageStatus.RENDERED,
        "image_key": key,
        "layout_key": layout,
        "source": page.source,
        "width": page.width,
        "height": page.height,
        "dpi": page.dpi,
        "points_width": across,
        "points_height": down,
    }


def _close(lease: Lease, pages: int, deps: RenderDeps) -> None:
    with deps.sessions() as session:
        close_stage(session, lease, lease.id, deps, pages_total=pages)
    # The chunks may all have closed while the last pages were rendered; then nobody else calls.
    with left_to_the_sweep():
        deps.publisher.send(QueueMessage(stage=PIPELINE.after(lease.stage), document_id=lease.id))


def _send(deps: RenderDeps, chunk_id: int, document_id: int) -> None:
    with left_to_the_sweep():
        deps.publisher.send(
            QueueMessage(stage=PIPELINE.first_of_chunks, document_id=document_id, chunk_id=chunk_id)
        )

"""Slots: where the pages of a chunk ask for a mark, and what stands there."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from pydantic import ValidationError

from db import chunks
from db.leases import Lease
from db.models import Document, Page, Region
from db.states import ChunkStage, PageStatus
from worker.errors import DamagedImage, ObjectMissing
from worker.slots.finder import find_slots
from worker.slots.page import page_slots
from worker.slots.status import unseen
from worker.slots.values import Mark, PageLayout, SlotState
from worker.steps.attempt import Job, attempt, close_stage
from worker.steps.ports import Deps, SlotsDeps
from worker.steps.stored import stored_page


def find_chunk_slots(chunk_id: int, deps: SlotsDeps) -> bool:
    """Find the slots of a chunk's pages; False when it is past this stage or in other hands.

    A page whose image is damaged or gone has slots of unknown status; one whose layout is, has none. Neither
    fails a document.
    """
    return attempt(Job(ChunkStage.SLOTS, chunk_id), deps, _find)


def _find(lease: Lease, document: Document, deps: SlotsDeps) -> None:
    with deps.sessions() as session:
        pages = chunks.pages(session, lease.id, PageStatus.DETECTED)
        marks = {page.id: [_mark(region) for region in page.regions] for page in pages}
    states = {page.id: _states(page, marks[page.id], deps) for page in pages}
    with deps.sessions() as session:
        close_stage(session, lease, document.id, deps)
        for page_id, found_states in states.items():
            rows = [state.model_dump(mode="json") for state in found_states]
            chunks.note_slots(session, page_id, rows)


def _states(page: Page, marks: Sequence[Mark], deps: SlotsDeps) -> list[SlotState]:
    layout = _layout(page, deps)
    try:
        image = stored_page(page.image_key or "", deps.store)
    except DamagedImage:
        return unseen(
            find_slots(np.zeros((0, 0), np.uint8), PageLayout(fields=layout.fields), dpi=72), _DAMAGED
        )
    grey = image if image.ndim == 2 else np.asarray(image.min(axis=2), np.uint8)
    return page_slots(grey, layout, marks, dpi=page.dpi or 72.0, means=deps.means)


#: Why nobody could look at the slots of a page.
_DAMAGED = "the stored page image is damaged"


def _layout(page: Page, deps: Deps) -> PageLayout:
    """The words and fields of a page; none where they were not read, or are damaged or gone."""
    if page.layout_key is None:
        return PageLayout()
    try:
        return PageLayout.model_validate_json(deps.store.get(page.layout_key))
    except (ObjectMissing, ValidationError):
        return PageLayout()


def _mark(region: Region) -> Mark:
    return Mark(
        x=region.x,
        y=region.y,
        width=region.width,
        height=region.height,
        index=region.index,
        label=region.label,
        score=region.score,
        signs=region.signs,
    )

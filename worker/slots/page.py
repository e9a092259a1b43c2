"""The slots of one page with what stands in them: by a template, its own words, or words that are read."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from worker.slots.copies import on_copy
from worker.slots.finder import find_slots
from worker.slots.scans import on_scan
from worker.slots.status import judge_slots
from worker.slots.templates import Templates
from worker.slots.values import Mark, PageLayout, SlotState
from worker.vision.reading import LineReader
from worker.vision.values import Grey

#: Pixels of a side below which nothing can be asked for on a page.
_SMALLEST = 16


@dataclass(frozen=True, slots=True)
class Means:
    """What slots are found with beside words and lines: a reader of scans, and templates."""

    reader: LineReader | None = None
    templates: Templates = field(default_factory=Templates)


def page_slots(
    page: Grey, layout: PageLayout, marks: Sequence[Mark], *, dpi: float, means: Means
) -> list[SlotState]:
    """The slots of a page, from top to bottom, and what stands there; in pixels of the page.

    A copy of a template has the template's. A page that says nothing of itself is a scan: where there is a
    reader, it reads what may name a place.
    """
    if min(page.shape) < _SMALLEST:
        return []
    match = means.templates.match(page, dpi=dpi)
    if match is not None:
        return on_copy(page, layout, marks, dpi=dpi, match=match)
    if layout.words or layout.fields or means.reader is None:
        return judge_slots(page, find_slots(page, layout, dpi=dpi), marks)
    return on_scan(page, marks, dpi=dpi, reader=means.reader)

"""Whether what stands in slots is told rightly: on filled, scanned copies, with and without templates."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np

from training.slots.filled import FilledPage, filled_pages
from training.slots.forms import BlankForm
from training.slots.measure import is_same, without_fields
from worker.errors import PageError
from worker.rendering.pages import open_document
from worker.slots.page import Means, page_slots
from worker.slots.template_files import TemplateSlot
from worker.slots.templates import Template, Templates, make_page
from worker.slots.values import Area, Mark, PageLayout, SlotState, SlotStatus
from worker.vision.choices import Limits
from worker.vision.detection.detector import Detector
from worker.vision.images import decode
from worker.vision.reading import LineReader

WITH, WITHOUT = "with its template", "without a template"


@dataclass
class StatusTally:
    """Fields of filled copies, and what was said of them."""

    fields: int = 0
    right: int = 0
    with_slot: int = 0
    empty: int = 0
    called_signed: int = 0

    @property
    def share_right(self) -> float:
        """Share of all fields whose status is right; a field without a slot is wrong."""
        return self.right / max(self.fields, 1)

    @property
    def share_right_where_found(self) -> float:
        """The same share of the fields that have a slot: how well it is told what stands in one."""
        return self.right / max(self.with_slot, 1)

    def count(self, state: SlotState | None, *, filled: bool) -> None:
        """Add a field: None where no slot was found there."""
        wanted = SlotStatus.SIGNED if filled else SlotStatus.UNSIGNED
        self.fields += 1
        self.with_slot += state is not None
        self.right += state is not None and state.status is wanted
        self.empty += not filled
        self.called_signed += not filled and state is not None and state.status is SlotStatus.SIGNED


@dataclass
class StatusReport:
    """Tallies by half and by way, and how often a page was taken for another form."""

    tallies: dict[tuple[str, str], StatusTally] = field(default_factory=dict)
    mistaken: Counter[str] = field(default_factory=Counter)

    def tally(self, half: str, way: str) -> StatusTally:
        """The tally of a half and a way."""
        return self.tallies.setdefault((half, way), StatusTally())


def measure_statuses(
    forms: Sequence[BlankForm], detector: Detector, reader: LineReader, *, copies: int = 1
) -> StatusReport:
    """Fill, scan and look at copies of each form; every form's template is among those that may fit."""
    ways = {WITH: Means(templates=Templates(tuple(_templates(forms)))), WITHOUT: Means(reader)}
    report = StatusReport()
    for form in forms:
        for page in (page for copy in range(copies) for page in filled_pages(form, copy=copy)):
            marks = marks_on(page, detector)
            for way, means in ways.items():
                states = page_slots(page.view.grey, PageLayout(), marks, dpi=page.dpi, means=means)
                _count(report, page, states, way)
    return report


def marks_on(page: FilledPage, detector: Detector) -> list[Mark]:
    """What the detector finds on a page, as slots ask for it."""
    (regions,) = detector.detect([page.pixels])
    return [
        Mark(
            x=region.box.x,
            y=region.box.y,
            width=region.box.width,
            height=region.box.height,
            index=number,
            label=region.label.value,
            score=region.score,
            signs=region.signs,
        )
        for number, region in enumerate(regions)
    ]


def _count(report: StatusReport, page: FilledPage, states: Sequence[SlotState], way: str) -> None:
    tally = report.tally(page.form.half, way)
    name = page.form.path.stem
    report.mistaken[way] += any(state.slot.template not in (None, name) for state in states[:1])
    for meant, filled in zip(page.fields, page.filled, strict=True):
        lying = page.view.field(meant, page.dpi)
        unit = page.dpi / 72
        area = Area(**{name: value * unit for name, value in lying.area.model_dump().items()})
        fitting = (state for state in states if state.slot.kind is meant.kind and is_same(state.slot, area))
        tally.count(next(fitting, None), filled=filled)


def _templates(forms: Iterable[BlankForm]) -> Iterator[Template]:
    """The forms with the places that their authors meant. Editions that print alike are one form."""
    for form in forms:
        for index, page in enumerate(open_document(without_fields(form.path), limits=Limits()).pages()):
            if isinstance(page, PageError):
                continue
            meant = form.fields_on(index, height=page.height * 72 / page.dpi)
            if not meant:
                continue
            grey = np.asarray(decode(page.data).min(axis=2), np.uint8)
            slots = [TemplateSlot(**one.area.model_dump(), kind=one.kind) for one in meant]
            yield Template(form.path.stem, make_page(grey, dpi=page.dpi, slots=slots))

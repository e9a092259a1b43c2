# mypy: disable-error-code="no-untyped-call"
"""How many of the places that the authors of forms meant are found, their fields taken away first."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from training.slots.forms import AuthorField, BlankForm
from training.slots.scanned import Device, FormView
from worker.errors import PageError
from worker.rendering.engine import pymupdf
from worker.rendering.pages import open_document
from worker.slots.page import Means, page_slots
from worker.slots.values import Area, PageLayout, PageSlot, SlotKind
from worker.vision.choices import Limits
from worker.vision.images import darkest_channel, decode
from worker.vision.reading import LineReader
from worker.vision.values import RenderedPage

#: A slot is a field's from this intersection over union on; or where one holds this share of the smaller, and
#: neither is larger than so many times the other.
_IOU, _SHARED, _LARGER = 0.3, 0.6, 4.0


@dataclass
class SlotTally:
    """What was found of one kind in one half."""

    fields: int = 0
    hits: int = 0
    #: Slots where the authors have no field, on pages with fields of that kind, and on all pages.
    extra: int = 0
    extra_anywhere: int = 0

    @property
    def recall(self) -> float:
        """Share of the fields that were found."""
        return self.hits / max(self.fields, 1)

    def f1(self, *, anywhere: bool = False) -> float:
        """Harmonic mean of precision and recall; `anywhere` counts pages without a field of that kind, too.

        Authors often have no field where people sign on paper: then a slot that is right counts as extra.
        """
        extra = self.extra_anywhere if anywhere else self.extra
        return 2 * self.hits / max(self.fields + self.hits + extra, 1)


@dataclass
class SlotReport:
    """Tallies by half and kind, and milliseconds of processor time that each page took."""

    tallies: dict[tuple[str, SlotKind], SlotTally] = field(default_factory=dict)
    milliseconds: list[float] = field(default_factory=list)

    def tally(self, half: str, kind: SlotKind) -> SlotTally:
        """The tally of a kind in a half."""
        return self.tallies.setdefault((half, kind), SlotTally())

    def whole(self, half: str) -> SlotTally:
        """All kinds of a half together."""
        tallies = [tally for (where, _), tally in self.tallies.items() if where == half]
        names = ("fields", "hits", "extra", "extra_anywhere")
        return SlotTally(**{name: sum(getattr(tally, name) for tally in tallies) for name in names})


def measure_slots(
    forms: Iterable[BlankForm], reader: LineReader | None = None, *, scans: bool = False
) -> SlotReport:
    """Find the slots of each form, as it looks on paper; or on scans of them, which tell no words."""
    report = SlotReport()
    for form in forms:
        device = Device(form.path.name) if scans else None
        for index, page in enumerate(_drawn(form, device)):
            if isinstance(page, PageError):
                continue
            seen = _seen(page, device)
            begun = time.process_time()
            states = page_slots(seen.grey, seen.layout, (), dpi=page.dpi, means=Means(reader))
            report.milliseconds.append(1000 * (time.process_time() - begun))
            fields = [seen.field(meant, page.dpi) for meant in form.fields if meant.page == index]
            count_page(report, form.half, [state.slot for state in states], fields, scale=page.dpi / 72)
    return report


def _drawn(form: BlankForm, device: Device | None) -> Iterator[RenderedPage | PageError]:
    limits = Limits(layout=True) if device is None else Limits(render_dpi=device.dpi)
    return iter(open_document(without_fields(form.path), limits=limits).pages())


def _seen(page: RenderedPage, device: Device | None) -> FormView:
    """The page as it is looked at: drawn, with its words; or scanned, without."""
    if device is not None:
        return device.scanned(decode(page.data))
    grey = darkest_channel(decode(page.data))
    return FormView(grey, PageLayout.model_validate_json(page.layout or "{}"))


def without_fields(path: Path) -> bytes:
    """The form without its fields: its words and lines alone say where to sign."""
    with pymupdf.open(path) as document:
        for page in document:
            for widget in list(page.widgets()):
                page.delete_widget(widget)
        return bytes(document.tobytes())


def count_page(
    report: SlotReport, half: str, slots: Sequence[PageSlot], fields: Sequence[AuthorField], *, scale: float
) -> None:
    """Add a page to the tallies; `scale` is pixels a point. A field takes one slot, and a slot one field."""
    left = list(slots)
    for meant in fields:
        area = Area(**{name: value * scale for name, value in meant.area.model_dump().items()})
        hit = next((slot for slot in left if slot.kind is meant.kind and is_same(slot, area)), None)
        tally = report.tally(half, meant.kind)
        tally.fields += 1
        tally.hits += hit is not None
        if hit is not None:
            left.remove(hit)
    kinds = {meant.kind for meant in fields}
    for kind, extra in Counter(slot.kind for slot in left).items():
        report.tally(half, kind).extra_anywhere += extra
        report.tally(half, kind).extra += extra if kind in kinds else 0


def is_same(slot: Area, other: Area) -> bool:
    """Whether two areas are one place."""
    shared = slot.shared(other)
    small, large = sorted((slot.width * slot.height, other.width * other.height))
    return shared / (small + large - shared) >= _IOU or (
        shared / small >= _SHARED and large / small <= _LARGER
    )

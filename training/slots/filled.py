"""Filled copies of blank forms: synthetic signers sign, initial and date some fields, others stay empty."""

from __future__ import annotations

import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from training.slots.forms import AuthorField, BlankForm
from training.slots.measure import without_fields
from training.slots.scanned import Device, FormView
from training.synthesis import prose
from training.synthesis.layouts import Slot
from training.synthesis.pages import Blank, Entry, fill, handwriting_entry, signature_entry
from training.synthesis.strokes import InventedSigner
from worker.errors import PageError
from worker.rendering.pages import open_document
from worker.slots.values import SlotKind
from worker.vision.choices import Limits
from worker.vision.images import decode
from worker.vision.values import Pixels

_Rng = np.random.Generator
#: How many people fill a form, and the share of its fields that they fill.
_PEOPLE, _FILLED = 3, 0.6
#: Points that a hand keeps from the edges of a field, and the least and greatest room that it takes.
_EDGE, _LOW, _HIGH, _NARROW = 3.0, 14.0, 24.0, 30.0


@dataclass(frozen=True, slots=True, eq=False)
class FilledPage:
    """A page of a filled copy as it was scanned, in colour; its fields, and which of them are filled."""

    form: BlankForm
    index: int
    dpi: int
    pixels: Pixels
    view: FormView
    fields: tuple[AuthorField, ...]
    filled: tuple[bool, ...]


def filled_pages(form: BlankForm, *, copy: int = 0) -> Iterator[FilledPage]:
    """The pages of a form that have fields, filled and scanned; the same for the same form and copy."""
    rng = np.random.default_rng([zlib.crc32(form.path.name.encode()), copy])
    people = [InventedSigner.from_seed(int(seed)) for seed in rng.integers(0, 2**31, _PEOPLE)]
    device = Device(f"{form.path.name} {copy}")
    pages = open_document(without_fields(form.path), limits=Limits(render_dpi=device.dpi)).pages()
    for index, page in enumerate(pages):
        if isinstance(page, PageError):
            continue
        fields = form.fields_on(index, height=page.height * 72 / device.dpi)
        if not fields:
            continue
        filled = tuple(bool(chance < _FILLED) for chance in rng.random(len(fields)))
        entries = _entries(
            [field for field, is_filled in zip(fields, filled, strict=True) if is_filled], people, rng
        )
        drawn = fill(Blank(decode(page.data), device.dpi, ()), entries)
        pixels, view = device.scanned_in_colour(drawn.pixels)
        yield FilledPage(form, index, device.dpi, pixels, view, tuple(fields), filled)


def _entries(fields: Sequence[AuthorField], people: Sequence[InventedSigner], rng: _Rng) -> list[Entry]:
    """What people write: a signature and the date behind it are by one of them."""
    day = prose.some_day(rng)
    return [_entry(field, people[number // 2 % len(people)], day, rng) for number, field in enumerate(fields)]


def _entry(field: AuthorField, person: InventedSigner, day: prose.Day, rng: _Rng) -> Entry:
    area = field.area
    width, height = max(area.width - 2 * _EDGE, _NARROW), min(max(area.height, _LOW), _HIGH)
    kind = "handwritten_date" if field.kind is SlotKind.DATE else field.kind.value
    slot = Slot(kind, area.x + _EDGE, area.bottom - _EDGE / 2, width, height)
    if field.kind is SlotKind.SIGNATURE:
        return signature_entry(slot, person, rng)
    text = (
        day.written(rng) if field.kind is SlotKind.DATE else "".join(word[0] for word in person.name.split())
    )
    return handwriting_entry(slot, text, person, rng)

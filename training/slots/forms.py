# mypy: disable-error-code="no-untyped-call"
"""Blank forms with the fields of their authors: `slots/` of the published data, a quarter left out."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from worker.rendering.engine import pymupdf
from worker.slots.values import Area, SlotKind

#: Forms on which the finder was chosen, and forms that took no part in it.
CHOSEN_ON, LEFT_OUT = "chosen on", "left out"
#: Points to which the places of fields are rounded: copies of one form stay in one half.
_COARSE = 15
#: Dates that a signer gives, by the names of their fields.
_SIGNED_DATE = re.compile(r"sign|witness|assist|motion|^date$")


@dataclass(frozen=True, slots=True)
class AuthorField:
    """A field that asks for a mark, in PDF points of its page."""

    page: int
    kind: SlotKind
    area: Area


@dataclass(frozen=True, slots=True)
class BlankForm:
    """A form, its half, and what it asks for."""

    path: Path
    half: str
    fields: tuple[AuthorField, ...]

    def fields_on(self, page: int, *, height: float) -> list[AuthorField]:
        """The fields that lie on a page of that height in points; some authors have fields beneath it."""
        return [field for field in self.fields if field.page == page and field.area.bottom < height]


def blank_forms(folder: Path) -> Iterator[BlankForm]:
    """The forms that `fields.json` of a folder lists, in its order."""
    for entry in json.loads((folder / "fields.json").read_text(encoding="utf-8")):
        path = folder / entry["file"]
        fields = tuple(_as_shown(_asking(entry["fields"]), path))
        yield BlankForm(path, _half(entry["fields"]), fields)


def _as_shown(fields: Iterable[AuthorField], path: Path) -> Iterator[AuthorField]:
    """The fields where they are seen: a page may be shown turned, and its fields are listed as it lies."""
    with pymupdf.open(path) as document:
        for field in fields:
            rect = pymupdf.Rect(field.area.x, field.area.y, field.area.right, field.area.bottom)
            rect *= document[field.page].rotation_matrix
            area = Area(x=rect.x0, y=rect.y0, width=rect.width, height=rect.height)
            yield replace(field, area=area)


def _asking(fields: Sequence[Mapping[str, Any]]) -> Iterator[AuthorField]:
    for field in fields:
        kind = author_kind(field["type"], field["name"].lower())
        if kind is not None:
            left, top, right, bottom = field["box"]
            area = Area(x=left, y=top, width=right - left, height=bottom - top)
            yield AuthorField(field["page"], kind, area)


def author_kind(field_type: str, name: str) -> SlotKind | None:
    """What a field asks for, by its type and its lower-case name; None for what no signer gives."""
    if field_type == "CheckBox":
        return None
    if "date" in name:
        return SlotKind.DATE if _SIGNED_DATE.search(name) else None
    if field_type == "Signature" or "signature" in name:
        return SlotKind.SIGNATURE
    return SlotKind.INITIALS if "initial" in name and "middle" not in name else None


def _half(fields: Sequence[Mapping[str, Any]]) -> str:
    """The part of a form, by where its first fields stand: editions of one form fall together."""
    places = [[round(edge / _COARSE) for edge in field["box"]] for field in fields[:2]]
    digest = hashlib.sha256(json.dumps(places).encode()).hexdigest()
    return LEFT_OUT if int(digest, 16) % 4 == 3 else CHOSEN_ON

"""Blank forms with the fields of their authors: `slots/` of the published data, a quarter left out."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

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


def blank_forms(folder: Path) -> Iterator[BlankForm]:
    """The forms that `fields.json` of a folder lists, in its order."""
    for entry in json.loads((folder / "fields.json").read_text(encoding="utf-8")):
        fields = tuple(_asking(entry["fields"]))
        yield BlankForm(folder / entry["file"], _half(entry["fields"]), fields)


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

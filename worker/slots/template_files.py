"""Files of templates: blank forms of a customer with the places that they ask for. Loads no NumPy."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from worker.errors import PermanentError, WrongUse
from worker.slots.values import Area, SlotKind

#: What the name of a template's file ends with, and the bytes of the largest.
SUFFIX, LARGEST_TEMPLATE = ".template.json", 16 * 2**20
#: Dots per inch of the print in a template, and points of the sides of its pages.
PRINT_DPI, _SMALLEST_PAGE, _LARGEST_PAGE = 100, 36, 5_000

#: Share of a slot that must lie on its page.
_ON_PAGE = 0.5

#: What a name is.
NAME = r"[\w-]{1,60}"
_Name = Annotated[str, Field(pattern=f"^{NAME}$")]


class TemplateRefused(PermanentError):
    """A template that cannot be used."""

    code = "template_refused"

    def __init__(self, file: str, reason: str) -> None:
        super().__init__(file, reason)
        self.file, self.reason = file, reason

    def __str__(self) -> str:
        return f"{self.file}: {self.reason}"


class TemplateSlot(Area):
    """A place that a form asks for, in points of its page; the origin is top left. `text` names it."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    width: float = Field(gt=0)
    height: float = Field(gt=0)
    kind: SlotKind
    party: str | None = Field(default=None, max_length=60)
    text: str = Field(default="", max_length=300)


class TemplatePage(BaseModel):
    """A page of a form: its size in points, its print as a PNG in base64 at PRINT_DPI, and its slots."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    width: float = Field(ge=_SMALLEST_PAGE, le=_LARGEST_PAGE)
    height: float = Field(ge=_SMALLEST_PAGE, le=_LARGEST_PAGE)
    print: str
    slots: tuple[TemplateSlot, ...] = Field(default=(), max_length=1_000)

    @model_validator(mode="after")
    def _holds_its_slots(self) -> Self:
        whole = Area(x=0, y=0, width=self.width, height=self.height)
        for number, slot in enumerate(self.slots, start=1):
            if slot.share_in(whole) < _ON_PAGE:
                raise ValueError(f"slot {number} lies beyond the page")
        return self


class TemplateFile(BaseModel):
    """A blank form; `countersign_template` is the version of this schema."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    countersign_template: Literal[1]
    name: _Name
    pages: tuple[TemplatePage, ...] = Field(min_length=1, max_length=200)


@dataclass(frozen=True, slots=True)
class KnownTemplate:
    """A template, where it lies, and the digest of its bytes."""

    path: Path
    file: TemplateFile
    sha256: str


def read_template(data: bytes, name: str) -> TemplateFile:
    """The template in the bytes of a file of that name. TemplateRefused with the reason."""
    if len(data) > LARGEST_TEMPLATE:
        raise TemplateRefused(name, f"a template has at most {LARGEST_TEMPLATE:,} bytes, not {len(data):,}")
    try:
        return TemplateFile.model_validate_json(data)
    except ValidationError as error:
        wrong = error.errors(include_url=False)[0]
        place = ".".join(map(str, wrong["loc"])) or "the file"
        raise TemplateRefused(name, f"{place}: {wrong['msg']}") from error


def read_template_folder(folder: Path) -> list[KnownTemplate]:
    """Every `*.template.json` of a folder. TemplateRefused; WrongUse where there is none; OSError."""
    files = sorted(folder.glob(f"*{SUFFIX}"))
    if not files:
        raise WrongUse(f"{str(folder)!r} holds no templates (*{SUFFIX})")
    known: dict[str, KnownTemplate] = {}
    for path in files:
        data = path.read_bytes()
        file = read_template(data, str(path))
        if file.name in known:
            raise TemplateRefused(str(path), f"{known[file.name].path.name} is called {file.name}, too")
        known[file.name] = KnownTemplate(path, file, hashlib.sha256(data).hexdigest())
    return list(known.values())

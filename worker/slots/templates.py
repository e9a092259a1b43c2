"""Templates ready to be compared, and which of them a page is a copy of."""

from __future__ import annotations

import base64
import struct
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import cv2
import numpy as np

from worker.errors import DamagedImage
from worker.slots.registration import Landmarks, Registration, find_landmarks, register_page, scaled_size
from worker.slots.template_files import (
    PRINT_DPI,
    KnownTemplate,
    TemplatePage,
    TemplateRefused,
    TemplateSlot,
    read_template_folder,
)
from worker.vision.images import darkest_channel, decode_as_stored, encode_png
from worker.vision.values import Grey

#: Grey level below which print is black in a template.
BLACK = 160


@dataclass(frozen=True, eq=False)
class Template:
    """A page of a template."""

    name: str
    page: TemplatePage

    @cached_property
    def print(self) -> Grey:
        """The form's print at PRINT_DPI. DamagedImage or ValueError when it is no picture."""
        return darkest_channel(decode_as_stored(base64.b64decode(self.page.print, validate=True)))

    @cached_property
    def landmarks(self) -> Landmarks:
        """Points of its print."""
        return find_landmarks(self.print, dpi=PRINT_DPI)


@dataclass(frozen=True, slots=True)
class FormMatch:
    """The template that a page is a copy of, and how it lies to it."""

    template: Template
    registration: Registration


@dataclass(frozen=True, slots=True)
class Templates:
    """The pages of all templates."""

    pages: tuple[Template, ...] = ()

    def match(self, page: Grey, *, dpi: float) -> FormMatch | None:
        """The template on which most points of a page agree; None where it is a copy of none."""
        if not self.pages:
            return None
        here = find_landmarks(page, dpi=dpi)
        matches = (
            FormMatch(template, registration)
            for template in self.pages
            if (registration := register_page(here, template.landmarks)) is not None
        )
        return max(matches, key=lambda match: match.registration.agreeing, default=None)


def make_page(drawn: Grey, *, dpi: float, slots: Iterable[TemplateSlot]) -> TemplatePage:
    """The template of a page that was drawn at that resolution; the slots are in points."""
    scale = PRINT_DPI / dpi
    small = cv2.resize(drawn, scaled_size(drawn, scale), interpolation=cv2.INTER_AREA)
    picture = encode_png(np.where(small < BLACK, np.uint8(0), np.uint8(255)))
    height, width = (72 * side / dpi for side in drawn.shape)
    encoded = base64.b64encode(picture).decode()
    return TemplatePage(width=width, height=height, print=encoded, slots=tuple(slots))


def load_templates(folder: Path) -> Templates:
    """The templates of a folder. TemplateRefused; WrongUse where there are none; OSError."""
    return Templates(tuple(page for known in read_template_folder(folder) for page in _pages(known)))


def _pages(known: KnownTemplate) -> list[Template]:
    pages = [Template(known.file.name, page) for page in known.file.pages]
    for number, template in enumerate(pages, start=1):
        _check_print(template, number, known.path)
    return pages


def _check_print(template: Template, number: int, path: Path) -> None:
    """Refuse a page whose print is no picture of its size; one of another size is not decoded."""
    wide, high = (side * PRINT_DPI / 72 for side in (template.page.width, template.page.height))
    try:
        width, height = struct.unpack(">II", base64.b64decode(template.page.print, validate=True)[16:24])
        fits = abs(wide - width) <= 2 and abs(high - height) <= 2
        if fits:
            template.landmarks  # noqa: B018 - decodes the print, once
    except (DamagedImage, ValueError, struct.error) as error:
        raise TemplateRefused(str(path), f"page {number}: its print is no picture") from error
    if not fits:
        raise TemplateRefused(str(path), f"page {number}: its print has not the size of the page")

"""What a document must come to: its pages, or the code of its failure."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from tests.sheets import A4
from worker.vision.choices import Limits

LIMITS = Limits(max_bytes=30_000_000, max_pages=8, max_pixels=12_000_000, render_dpi=100)


@dataclass(frozen=True)
class Want:
    """What one page must come to: its size, resolution and source, or the code of its failure."""

    size: tuple[int, int] = A4
    dpi: float = 100
    source: str = "image"
    code: str | None = None
    #: False for pages that do not show the sheet.
    upright: bool = True


@dataclass(frozen=True)
class Case:
    """A document and its expected pages, or the code of the failure of the whole document."""

    id: str
    build: Callable[[], bytes]
    pages: tuple[Want, ...] = ()
    code: str | None = None
    limits: Limits = field(default=LIMITS)


EMBEDDED = Want(source="embedded")
#: MuPDF rounds 1169.4 pixels up.
DRAWN = Want((827, 1170), source="rendered")
DRAWN_OTHER = Want((827, 1170), source="rendered", upright=False)
LOST = Want(code="unreadable_page")
HUGE = Want(code="page_too_large")

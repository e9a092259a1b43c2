"""Forms as a scanner or a fax machine shows them: every form by a device of its own, the same each time."""

from __future__ import annotations

import zlib
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from training.common.degradations import skew
from training.slots.forms import AuthorField
from training.synthesis.pages import DrawnPage
from training.synthesis.scanner import random_scanner, scan
from worker.slots.values import Area, PageLayout
from worker.vision.images import darkest_channel
from worker.vision.values import Grey, Pixels

#: Dots per inch of the devices.
_DPI = (150, 200, 240, 300)


@dataclass(frozen=True, slots=True, eq=False)
class FormView:
    """A page as it is looked at, what it tells of itself, and how the paper lay."""

    grey: Grey
    layout: PageLayout
    #: (2, 3) in pixels; None where it lay straight.
    matrix: npt.NDArray[np.float64] | None = None

    def field(self, meant: AuthorField, dpi: float) -> AuthorField:
        """Where a field lies on this page, in points."""
        if self.matrix is None:
            return meant
        area, unit = meant.area, dpi / 72
        corners = np.array([(x, y) for x in (area.x, area.right) for y in (area.y, area.bottom)]) * unit
        moved = (corners @ self.matrix[:, :2].T + self.matrix[:, 2]) / unit
        (left, top), (right, bottom) = moved.min(axis=0).tolist(), moved.max(axis=0).tolist()
        return replace(meant, area=Area(x=left, y=top, width=right - left, height=bottom - top))


class Device:
    """The scanner of one form; its name chooses scanner, wear, skew and resolution."""

    def __init__(self, name: str) -> None:
        self._rng = np.random.default_rng(zlib.crc32(name.encode()))
        self.dpi = int(self._rng.choice(_DPI))

    def scanned(self, page: Pixels) -> FormView:
        """The page printed and scanned; each page anew."""
        return self.scanned_in_colour(page)[1]

    def scanned_in_colour(self, page: Pixels) -> tuple[Pixels, FormView]:
        """The same with the scan as a detector looks at it."""
        scanner = random_scanner(self._rng)
        pixels = scan(DrawnPage(page, self.dpi, ()), scanner, self._rng).pixels
        matrix = skew(pixels.shape, scanner.skew)
        return pixels, FormView(darkest_channel(pixels), PageLayout(), matrix)

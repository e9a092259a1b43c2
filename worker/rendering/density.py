"""The resolution of image files: what they state, where it can be believed, or that of a usual sheet."""

from __future__ import annotations

from dataclasses import dataclass

from PIL import Image

from worker.rendering.scan import SQUARE_WITHIN

#: What a scan without a believable resolution is taken for, unless its sheet would be longer than so many
#: inches, in more than two values, and no roll: then it is a photograph of a letter.
_USUAL_DPI, _LONGEST_SHEET, _ROLL = 200.0, 17.0, 2.0
_PAPERS = ((210 / 25.4, 297 / 25.4), (8.5, 11.0), (8.5, 14.0))
_ORIENTATION = 274
#: What resolutions that are no numbers raise.
_ODD = (TypeError, ValueError, LookupError, ArithmeticError)


@dataclass(frozen=True, slots=True)
class Density:
    """Pixels per inch of a page along its two axes."""

    x: float
    y: float

    @property
    def is_square(self) -> bool:
        """True when both are about the same."""
        return max(self.x, self.y) <= SQUARE_WITHIN * min(self.x, self.y)

    @property
    def dpi(self) -> float:
        """The one figure for a page: that of its finer axis where it will be stretched."""
        return (self.x * self.y) ** 0.5 if self.is_square else max(self.x, self.y)

    def reduced(self, by: float) -> Density:
        """That of the page with its pixels divided by this."""
        return Density(self.x / by, self.y / by)


def density_of(image: Image.Image) -> Density:
    """Resolution along the axes of the upright page; a guess where the file's own is implausible."""
    (x, y), (width, height) = _stated(image), image.size
    if orientation(image) >= 5:
        x, y, width, height = y, x, height, width
    if min(x, y) >= 50 and max(x, y) <= 2400 and max(width / x, height / y) <= 50:
        return Density(x, y)
    guess = _from_paper(*sorted((width, height)), is_photograph=image.mode != "1")
    # A file may know the shape of its pixels and not their size (TIFF without a unit).
    ratio = x / y if x > 0 and y > 0 and 0.2 < x / y < 5 else 1.0
    return Density(guess * max(ratio, 1.0), guess * max(1 / ratio, 1.0))


def orientation(image: Image.Image) -> int:
    """The orientation tag, 1 where its value is not valid."""
    tag = image.getexif().get(_ORIENTATION, 1)
    return tag if isinstance(tag, int) and 1 <= tag <= 8 else 1


def _stated(image: Image.Image) -> tuple[float, float]:
    stated = image.info.get("dpi") or image.info.get("resolution") or (0, 0)
    try:
        x, y = float(stated[0]), float(stated[1])
    except _ODD:
        return 0.0, 0.0
    return (x, y) if x > 0 and y > 0 and x + y < float("inf") else (0.0, 0.0)


def _from_paper(short: int, long: int, *, is_photograph: bool) -> float:
    """The resolution at which the page would be a usual sheet of paper, if there is one."""
    for paper_short, paper_long in _PAPERS:
        dpi = long / paper_long
        if abs(short / dpi / paper_short - 1) <= 0.03 and 70 <= dpi <= 700:
            return dpi
    is_large = long > _LONGEST_SHEET * _USUAL_DPI and long <= _ROLL * short
    return long / _PAPERS[1][1] if is_photograph and is_large else _USUAL_DPI

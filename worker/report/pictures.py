"""Stored images made small enough to travel inside a report."""

from __future__ import annotations

import base64
from collections.abc import Callable, Iterable

from worker.errors import ServiceError
from worker.rendering.encoding import encode
from worker.report.drawing import RegionMark, annotate, reduce
from worker.report.overlay import overlay
from worker.vision.crops import normalise
from worker.vision.images import decode_as_stored, in_colour
from worker.vision.values import Grey, Normal, Pixels
from worker.vision.verification.correspondence import Correspondence, Likeness, is_same_ink

#: Longest sides in pixels: a page to be read, a page to be recognised, a crop to be compared by people.
PAGE_SIDE, THUMBNAIL_SIDE, CROP_SIDE = 1300, 420, 560


class Pictures:
    """Loads, draws on, shrinks and embeds images until `budget` bytes are spent.

    A picture that is missing or over the budget is None: a report is worth more than its pictures.
    """

    def __init__(self, load: Callable[[str], bytes], *, budget: int) -> None:
        self._load = load
        self._left = budget
        #: Pictures left out for want of room.
        self.left_out = 0

    def embed(self, key: str | None, *, longest: int, marks: Iterable[RegionMark] = ()) -> str | None:
        """The image under that key as a data URI."""
        pixels = self._stored(key)
        if pixels is None:
            return None
        small, scaled = reduce(pixels, marks, longest=longest)
        return self._kept(annotate(in_colour(small), scaled) if scaled else small)

    def overlay(self, questioned: str | None, reference: str, matched: Correspondence | None) -> str | None:
        """A clean crop laid over a reference, by their keys; None where that ink was not what was compared.

        References are stored as they were enrolled: where cleaning took much away, none is laid over.
        """
        if matched is None:
            return None
        above, below = self._ink(questioned, matched.questioned), self._ink(reference, matched.reference)
        return None if above is None or below is None else self._kept(overlay(above, below, matched))

    def _ink(self, key: str | None, likeness: Likeness) -> Normal | None:
        """The normalised signature under that key, if it is the one that was compared."""
        pixels = self._stored(key)
        if pixels is None:
            return None
        normal = normalise(pixels)
        return normal if is_same_ink(normal, likeness) else None

    def _stored(self, key: str | None) -> Pixels | Grey | None:
        if key is None:
            return None
        if self._left <= 0:
            self.left_out += 1
            return None
        try:
            return decode_as_stored(self._load(key))
        except (ServiceError, OSError):
            return None

    def _kept(self, pixels: Pixels | Grey) -> str:
        """As a data URI, counted against the budget."""
        stored = encode(pixels, lossy=True)
        self._left -= len(stored.data)
        kind = "png" if stored.suffix == "png" else "jpeg"
        return f"data:image/{kind};base64,{base64.b64encode(stored.data).decode()}"

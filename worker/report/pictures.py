"""Stored images made small enough to travel inside a report."""

from __future__ import annotations

import base64
from collections.abc import Callable, Iterable

from worker.errors import ServiceError
from worker.rendering.encoding import encode
from worker.report.drawing import RegionMark, annotate, reduce
from worker.vision.images import decode_as_stored, in_colour

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
        if key is None:
            return None
        if self._left <= 0:
            self.left_out += 1
            return None
        try:
            pixels = decode_as_stored(self._load(key))
        except (ServiceError, OSError):
            return None
        small, scaled = reduce(pixels, marks, longest=longest)
        stored = encode(annotate(in_colour(small), scaled) if scaled else small, lossy=True)
        self._left -= len(stored.data)
        kind = "png" if stored.suffix == "png" else "jpeg"
        return f"data:image/{kind};base64,{base64.b64encode(stored.data).decode()}"

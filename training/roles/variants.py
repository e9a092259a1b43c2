"""Copies of real signed pages with their own back showing through, mirrored, and reduced on a larger sheet.

The mirrored marks sign nothing, and reduced ones are small. A copy keeps its document, so that folds part no
page from its copies; of the source that is left out there are none.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from functools import partial

import cv2
import numpy as np

from training.roles.pages import RolePage, TrueMark
from worker.vision.values import Box, Pixels

#: The sources of such copies.
GHOSTS, REDUCED = "ghosts", "reduced"
VARIANTS = (GHOSTS, REDUCED)
#: The sources that are copied: every signed page of the first, one copy of each of the others.
_TWICE, _ONCE = ("memos",), ("tobacco800", "rf100_color")
#: First numbers of every seed here.
_SEED = 21


def variants(pages: Sequence[RolePage]) -> list[RolePage]:
    """The copies of these pages."""
    signed = [page for page in pages if page.truth.signed and page.truth.source in (*_TWICE, *_ONCE)]
    return [copy for number, page in enumerate(signed) for copy in _copies(number, page)]


def _copies(number: int, page: RolePage) -> Iterator[RolePage]:
    twice = page.truth.source in _TWICE
    if twice or number % 2:
        yield replace(_of(page, GHOSTS), read=partial(_ghosted, page.read, number))
    if twice or not number % 2:
        yield _reduced_page(number, page)


def _of(page: RolePage, source: str) -> RolePage:
    return replace(page, truth=replace(page.truth, source=source))


def _ghosted(read: Callable[[], Pixels], number: int) -> Pixels:
    """The page with its mirror image below it, paler, blurred, uneven and a little beside its place."""
    rng, page = np.random.default_rng([_SEED, 1, number]), read()
    seen = cv2.GaussianBlur(page[:, ::-1], (0, 0), rng.uniform(0.4, 2)).astype(np.float32)
    height, width = page.shape[:2]
    across, down = rng.normal(0, 0.04, 2) * (width, height)
    moved = np.array([[1, 0, across], [0, 1, down]], np.float32)
    seen = cv2.warpAffine(seen, moved, (width, height), borderValue=(255,) * 3).astype(np.float32)
    cloud = cv2.resize(rng.uniform(0.6, 1.2, (8, 6)), (width, height))[..., None]
    paled = 255 - (255 - seen) * cloud * rng.uniform(0.08, 0.5)
    return np.asarray(page * (paled / 255), np.uint8)


def _reduced_page(number: int, page: RolePage) -> RolePage:
    rng = np.random.default_rng([_SEED, 2, number])
    share = float(rng.uniform(0.45, 0.8))
    x, y = (float(at) for at in rng.uniform(0, 1, 2))
    left, top = x * page.width * (1 - share), y * page.height * (1 - share)
    marks = tuple(_reduced_mark(mark, share, left, top) for mark in page.marks)
    return replace(_of(page, REDUCED), read=partial(_reduced, page.read, share, (x, y)), marks=marks)


def _reduced_mark(mark: TrueMark, share: float, left: float, top: float) -> TrueMark:
    box = mark.box
    moved = Box(left + share * box.x, top + share * box.y, share * box.width, share * box.height)
    return replace(mark, box=moved)


def _reduced(read: Callable[[], Pixels], share: float, place: tuple[float, float]) -> Pixels:
    """The page made smaller on a white sheet of its size; `place` says where, in shares of the room left."""
    page = read()
    height, width = page.shape[:2]
    size = round(width * share), round(height * share)
    sheet = np.full_like(page, 255)
    left, top = round(place[0] * (width - size[0])), round(place[1] * (height - size[1]))
    sheet[top : top + size[1], left : left + size[0]] = cv2.resize(page, size, interpolation=cv2.INTER_AREA)
    return sheet

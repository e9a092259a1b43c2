"""Sheets larger than A3 and long rolls, looked at in tiles of about A4 as well as whole.

Detectors see a page on 640 pixels: of an A0 plan that is 14 dpi, at which no signature is legible.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from math import ceil

from worker.vision.boxes import shared
from worker.vision.crops import grey
from worker.vision.detection.detector import Detector
from worker.vision.images import shrunk
from worker.vision.values import Box, DetectedRegion, Pixels

#: Inches: a page with a longer side is looked at in tiles, which are so wide, and so much taller than wide.
_LARGEST_PAGE, _WIDTH, _TALLER = 18.0, 8.3, 2**0.5
#: Coarser pages gain nothing from tiles. Most are scans stored at one pixel a point, larger than any paper.
_COARSEST_DPI = 100.0
#: Share of a tile that the next one shows, too: a mark of this size is whole on one of them.
_OVERLAP = 0.3
#: A mark that ends so near to a tile's edge, as a share of the tile, is cut there.
_CUT = 0.005
#: Each tile may err: a mark signs only with this probability.
_SURE = 0.8
#: Marks are the same when they share so much of the smaller one.
_SAME = 0.5
#: A mark longer than this share of a tile's height is better seen on the whole page; a roll's tile is narrow.
_LARGE = 0.5
#: A tile whose grey levels, at this size, lie closer together is blank.
_GLANCE, _CONTRAST = 200, 24


@dataclass(frozen=True, slots=True)
class _Tile:
    """A part of a page, in whole pixels."""

    left: int
    top: int
    width: int
    height: int

    def of(self, page: Pixels) -> Pixels:
        """The pixels, as a view."""
        return page[self.top : self.top + self.height, self.left : self.left + self.width]

    def placed(self, region: DetectedRegion) -> DetectedRegion:
        """A region of the tile in pixels of the page; it signs only where that is sure."""
        box = region.box
        signs = region.signs and (region.role_probability is None or region.role_probability >= _SURE)
        return replace(
            region, signs=signs, box=Box(box.x + self.left, box.y + self.top, box.width, box.height)
        )

    def cuts(self, box: Box, page: Pixels) -> bool:
        """Whether a box on the page ends at an edge of the tile that is no edge of the page."""
        height, width = page.shape[:2]
        near = _CUT * self.width
        right, bottom = self.left + self.width, self.top + self.height
        return (
            (self.left > 0 and box.x - self.left < near)
            or (self.top > 0 and box.y - self.top < near)
            or (right < width and right - box.x - box.width < near)
            or (bottom < height and bottom - box.y - box.height < near)
        )


def detect_closely(
    detector: Detector, pages: Sequence[Pixels], resolutions: Sequence[float]
) -> list[list[DetectedRegion]]:
    """The regions of each page, best first; `resolutions` are in pixels per inch.

    Pages of usual sizes are looked at once. Of a large one the tiles that show anything are looked at, too:
    what stands on one counts as it is seen there.
    """
    tiles = [list(_tiles(page, dpi)) for page, dpi in zip(pages, resolutions, strict=True)]
    views = [tile.of(page) for page, of_page in zip(pages, tiles, strict=True) for tile in of_page]
    answers = iter(detector.detect([*pages, *views]))
    whole = [next(answers) for _ in pages]
    return [
        _joined(regions, _tiled(page, of_page, answers), of_page[0].height) if of_page else regions
        for page, of_page, regions in zip(pages, tiles, whole, strict=True)
    ]


def _tiles(page: Pixels, dpi: float) -> Iterator[_Tile]:
    """The tiles of a large page that are not blank, row by row; none of a page of usual size."""
    height, width = page.shape[:2]
    if dpi < _COARSEST_DPI or max(height, width) <= _LARGEST_PAGE * dpi:
        return
    across = min(width, round(_WIDTH * dpi))
    down = min(height, round(across * _TALLER))
    for top in _starts(height, down):
        for left in _starts(width, across):
            tile = _Tile(left, top, across, down)
            if not _is_blank(tile.of(page)):
                yield tile


def _starts(length: int, tile: int) -> list[int]:
    """Where tiles begin along a side, evenly spread, each overlapping the next."""
    count = 1 + ceil((length - tile) / (tile * (1 - _OVERLAP)))
    return [round(number * (length - tile) / max(1, count - 1)) for number in range(count)]


def _is_blank(view: Pixels) -> bool:
    small = grey(shrunk(view, longest=_GLANCE))
    return int(small.max()) - int(small.min()) < _CONTRAST


def _tiled(
    page: Pixels, tiles: Sequence[_Tile], answers: Iterator[list[DetectedRegion]]
) -> list[DetectedRegion]:
    """The regions that are whole on a tile, best first, each once though several tiles show it."""
    placed = [
        (region, tile)
        for tile in tiles
        for region in map(tile.placed, next(answers))
        if not tile.cuts(region.box, page)
    ]
    kept: list[tuple[DetectedRegion, _Tile]] = []
    for region, tile in sorted(placed, key=lambda pair: pair[0].score, reverse=True):
        if not any(known is not tile and _is_same(other, region) for other, known in kept):
            kept.append((region, tile))
    return [region for region, _ in kept]


def _joined(
    whole: Sequence[DetectedRegion], tiled: Sequence[DetectedRegion], height: int
) -> list[DetectedRegion]:
    """Large marks as the whole page shows them, others as a tile does if it does."""
    large = [region for region in whole if max(region.box.width, region.box.height) > _LARGE * height]
    small = [region for region in whole if region not in large]
    near = [region for region in tiled if not any(_is_same(region, other) for other in large)]
    far = [region for region in small if not any(_is_same(region, other) for other in near)]
    return sorted([*large, *near, *far], key=lambda region: region.score, reverse=True)


def _is_same(region: DetectedRegion, other: DetectedRegion) -> bool:
    return shared(region.box, other.box) > _SAME

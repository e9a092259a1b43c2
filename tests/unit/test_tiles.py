"""Large sheets and rolls are looked at in tiles; usual pages are looked at once."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import pytest

from training.synthesis.pages import random_page
from worker.engines import build_detector
from worker.settings import Detection
from worker.vision.boxes import shared
from worker.vision.choices import Label
from worker.vision.detection.tiles import detect_closely
from worker.vision.values import Box, DetectedRegion, Pixels

DPI = 100.0
A2 = (2338, 1654)


def sheet(height: int, width: int) -> Pixels:
    return np.full((height, width, 3), 255, np.uint8)


@dataclass
class Blots:
    """Finds the dark blot of each view, where that is more than `least` of its width wide."""

    least: float = 0.0
    probability: float | None = None
    label: Label = Label.SIGNATURE
    views: list[Pixels] = field(default_factory=list)

    def detect(self, pages: Sequence[Pixels]) -> list[list[DetectedRegion]]:
        self.views += pages
        return [self._regions(page) for page in pages]

    def _regions(self, page: Pixels) -> list[DetectedRegion]:
        rows, columns = np.nonzero(page[:, :, 0] < 100)
        if not len(rows) or np.ptp(columns) + 1 < self.least * page.shape[1]:
            return []
        box = Box(columns.min(), rows.min(), np.ptp(columns) + 1, np.ptp(rows) + 1)
        share = box.width / page.shape[1]
        signs = None if self.probability is None else True
        return [DetectedRegion(box, share, self.label, signs=signs, role_probability=self.probability)]


def regions_of(page: Pixels, detector: Blots, dpi: float = DPI) -> list[DetectedRegion]:
    return detect_closely(detector, [page], [dpi])[0]


@pytest.mark.parametrize(
    ("size", "dpi"),
    [
        pytest.param((1169, 827), 100, id="A4"),
        pytest.param((1654, 1169), 100, id="A3"),
        pytest.param((7016, 4961), 600, id="A4, finely"),
        pytest.param((3508, 2480), 72, id="a point a pixel"),
        pytest.param((0, 0), 100, id="nothing"),
    ],
)
def test_a_page_of_usual_size_is_looked_at_once(size, dpi):
    detector = Blots()

    assert regions_of(sheet(*size), detector, dpi) == []
    assert len(detector.views) == 1


@pytest.mark.parametrize("place", [(0, 0), (1100, 700), (2278, 1504), (40, 900)])
def test_a_small_mark_on_a_large_sheet_is_seen_from_near(place):
    page, (top, left) = sheet(*A2), place
    page[top : top + 60, left : left + 150] = 0

    (region,) = regions_of(page, Blots(least=0.15))

    assert region.box == Box(left, top, 150, 60)


def test_the_parts_of_a_sheet_that_are_blank_are_not_looked_at():
    page = sheet(*A2)
    page[20:60, 20:120] = 0
    detector = Blots()

    regions_of(page, detector)

    assert len(detector.views) == 2
    assert all((view < 100).any() for view in detector.views)


def test_a_roll_is_looked_at_along_its_length():
    page = sheet(4000, 315)
    page[3900:3950, 60:200] = 0
    detector = Blots()

    (region,) = regions_of(page, detector)

    assert region.box == Box(60, 3900, 140, 50)
    assert [view.shape for view in detector.views] == [(4000, 315, 3), (445, 315, 3)]


def test_a_mark_across_a_narrow_roll_counts_as_its_tile_shows_it():
    page = sheet(4000, 315)
    page[3900:3960, 40:220] = 0

    (region,) = regions_of(page, Blots(probability=0.9))

    assert region.box == Box(40, 3900, 180, 60)
    assert region.signs


def test_a_mark_larger_than_half_a_tile_counts_as_the_whole_sheet_shows_it():
    page = sheet(*A2)
    page[1000:1400, 300:1300] = 0

    (region,) = regions_of(page, Blots())

    assert region.box == Box(300, 1000, 1000, 400)


def test_a_mark_that_no_tile_shows_stays_as_the_whole_sheet_shows_it():
    class OnlyWhole(Blots):
        def _regions(self, page: Pixels) -> list[DetectedRegion]:
            return super()._regions(page) if page.shape[:2] == A2 else []

    page = sheet(*A2)
    page[100:160, 100:250] = 0

    (region,) = regions_of(page, OnlyWhole())

    assert region.box == Box(100, 100, 150, 60)


@pytest.mark.parametrize(("probability", "signs"), [(0.79, False), (0.8, True), (None, None)])
def test_on_a_tile_a_mark_signs_only_where_that_is_sure(probability, signs):
    page = sheet(*A2)
    page[2000:2060, 1300:1450] = 0

    (region,) = regions_of(page, Blots(probability=probability))

    assert region.signs is signs


def test_pages_of_any_size_are_told_apart_in_one_batch():
    small, large = sheet(1169, 827), sheet(*A2)
    small[100:200, 100:300] = 0
    large[2000:2060, 1300:1450] = 0

    detected = detect_closely(Blots(least=0.15), [large, small, large], [DPI, DPI, DPI])

    assert [[region.box for region in regions] for regions in detected] == [
        [Box(1300, 2000, 150, 60)],
        [Box(100, 100, 200, 100)],
        [Box(1300, 2000, 150, 60)],
    ]


def test_signatures_in_the_corner_of_a_plan_are_found():
    letter = random_page(np.random.default_rng(4), dpi=150, signed=True)
    plan = sheet(150 * 33, 150 * 23)
    height, width = letter.pixels.shape[:2]
    left, top = plan.shape[1] - width - 60, plan.shape[0] - height - 60
    plan[top : top + height, left : left + width] = letter.pixels
    boxes = [mark.box for mark in letter.marks if mark.label == "signature"]

    (regions,) = detect_closely(build_detector(Detection()), [plan], [150.0])

    signing = [region.box for region in regions if region.signs]
    places = [Box(x + left, y + top, *size) for x, y, *size in boxes]
    assert len(signing) == len(places) == 2
    assert all(any(shared(box, place) > 0.5 for box in signing) for place in places)

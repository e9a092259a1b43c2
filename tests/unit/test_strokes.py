"""A straight stroke through an empty place to sign is no signature; a signature with a stroke is one."""

from collections.abc import Sequence
from dataclasses import replace

import cv2
import numpy as np
import pytest

from tests.fakes import DarkBlocks
from training.roles.drawn import SEED
from training.synthesis.pages import blank, fill, random_page
from worker.engines import build_detector
from worker.settings import Detection
from worker.vision.detection.strokes import StrokeDetector, spanning_stroke
from worker.vision.values import Box, DetectedRegion, Pixels

HERE = Box(100, 100, 300, 150)


def paper() -> Pixels:
    return np.full((600, 800, 3), 255, np.uint8)


def lined(*ends: tuple[int, int, int, int], tone: int = 0) -> Pixels:
    page = paper()
    for x, y, right, bottom in ends:
        cv2.line(page, (x, y), (right, bottom), (tone,) * 3, 2, cv2.LINE_AA)
    return page


@pytest.mark.parametrize("tone", [0, 160])
@pytest.mark.parametrize("ends", [(105, 105, 395, 245), (398, 102, 110, 248), (60, 80, 440, 270)])
def test_a_stroke_from_corner_to_corner_is_found(ends, tone):
    page = lined(ends, (90, 230, 420, 230), tone=tone)

    stroke = spanning_stroke(page, HERE)

    assert stroke is not None
    assert np.hypot(*(stroke[2:] - stroke[:2])) > 240


@pytest.mark.parametrize(
    "ends",
    [
        pytest.param([], id="nothing"),
        pytest.param([(100, 230, 400, 230)], id="a printed line"),
        pytest.param([(105, 105, 250, 180)], id="half of the way"),
        pytest.param([(105, 105, 180, 141), (320, 209, 395, 245)], id="a stroke with a gap"),
    ],
)
def test_other_lines_span_no_mark(ends):
    assert spanning_stroke(lined(*ends), HERE) is None


class SigningBlocks(DarkBlocks):
    """Calls every dark block a signature that signs, but for small ones."""

    def detect(self, pages: Sequence[Pixels]) -> list[list[DetectedRegion]]:
        self.pages_seen = len(pages)
        return [
            [
                replace(region, signs=region.box.height > 20, role_probability=region.box.height / 600)
                for region in regions
            ]
            for regions in super().detect(pages)
        ]


def test_what_rests_on_a_stroke_does_not_sign():
    scratched, other = lined((105, 105, 395, 245)), paper()
    other[200:260, 200:400] = 0

    (scratch,), (block,) = StrokeDetector(SigningBlocks()).detect([scratched, other])

    assert (scratch.signs, scratch.role_probability) == (False, 0)
    assert block.signs


def test_what_is_left_of_a_mark_says_how_probably_it_signs():
    page = lined((105, 105, 395, 245))
    page[185:200, 240:300] = 0

    (region,) = StrokeDetector(SigningBlocks()).detect([page])[0]

    assert region.signs is False
    assert 0 < (region.role_probability or 0) < 0.05


def test_what_is_still_there_without_its_stroke_signs():
    page = lined((105, 105, 395, 245))
    page[120:200, 200:320] = 0

    (region,) = StrokeDetector(SigningBlocks()).detect([page])[0]

    assert region.signs


def test_pages_without_strokes_are_looked_at_once():
    detector = SigningBlocks()

    assert StrokeDetector(detector).detect([paper(), paper()]) == [[], []]
    assert detector.pages_seen == 2


@pytest.mark.parametrize("tone", [60, 140])
def test_scratches_through_empty_places_are_not_called_signatures(tone):
    detector = build_detector(Detection())

    for seed in range(3):
        rng = np.random.default_rng([SEED, 77, seed])
        printed = blank("letter", rng, names=["Judith Tamura"], dpi=150)
        page, slot = fill(printed, []), printed.slots[0]
        x, y = (round(side * 150 / 72) for side in (slot.x, slot.y))
        cv2.line(page.pixels, (x + 20, y - 180), (x + 330, y + 30), (tone,) * 3, 2, cv2.LINE_AA)

        assert not any(region.signs for region in detector.detect([page.pixels])[0])


def test_signatures_stay():
    page = random_page(np.random.default_rng(4), dpi=150, signed=True)

    assert any(region.signs for region in build_detector(Detection()).detect([page.pixels])[0])

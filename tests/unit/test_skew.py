"""Pages askew are laid straight for the detector; what lies level or leaves doubt stays as it is."""

from collections.abc import Sequence

import numpy as np
import pytest

from tests.fakes import DarkBlocks
from training.synthesis.pages import DrawnPage, blank
from training.synthesis.scanner import SCANNERS, Scanner, scan
from worker.vision.detection.skew import StraightDetector, skew_degrees
from worker.vision.values import DetectedRegion, Pixels


def page(layout: str = "letter", *, degrees: float = 0, dpi: float = 150) -> Pixels:
    printed = blank(layout, np.random.default_rng(5), names=["Ada Abel", "Ivo Holt"], dpi=dpi)
    return scan(DrawnPage(printed.pixels, dpi), Scanner(skew=degrees), np.random.default_rng(1)).pixels


@pytest.mark.parametrize("layout", ["letter", "contract", "form", "delivery_note", "memo"])
@pytest.mark.parametrize("degrees", [-12, -6, 3, 10])
def test_the_print_says_how_a_page_lies(layout, degrees):
    assert skew_degrees(page(layout, degrees=degrees)) == pytest.approx(-degrees, abs=0.5)


@pytest.mark.parametrize("device", [None, *SCANNERS])
def test_a_page_that_lies_nearly_level_stays_as_it_is(device):
    seen = page()
    if device is not None:
        seen = scan(DrawnPage(seen, 150), SCANNERS[device], np.random.default_rng(1)).pixels

    assert skew_degrees(seen) == 0


@pytest.mark.parametrize(
    "seen",
    [
        pytest.param(np.zeros((0, 0, 3), np.uint8), id="nothing"),
        pytest.param(np.full((900, 700, 3), 255, np.uint8), id="white"),
        pytest.param(np.random.default_rng(3).integers(0, 256, (900, 700, 3), np.uint8), id="noise"),
    ],
)
def test_a_page_without_print_stays_as_it_is(seen):
    assert skew_degrees(seen) == 0


class Largest(DarkBlocks):
    """Finds the largest dark block of each page, and remembers the pages."""

    def detect(self, pages: Sequence[Pixels]) -> list[list[DetectedRegion]]:
        self.pages_seen = list(pages)
        detected = super().detect(pages)
        return [
            sorted(regions, key=lambda region: -region.box.width * region.box.height)[:1]
            for regions in detected
        ]


def test_regions_are_answered_in_the_pages_own_pixels():
    level = page()
    level[1500:1560, 300:560] = 0
    lying = scan(DrawnPage(level, 150), Scanner(skew=8), np.random.default_rng(1)).pixels
    inner = Largest()
    detector = StraightDetector(inner)

    ((region,), (same,)) = detector.detect([lying, level])

    box = region.box
    cut = lying[int(box.y) : int(box.y + box.height), int(box.x) : int(box.x + box.width)]
    assert inner.pages_seen[0].shape[0] > lying.shape[0]
    assert inner.pages_seen[1] is level
    assert (same.box.width, same.box.height) == (260, 60)
    assert (cut.max(axis=2) < 60).sum() > 0.9 * 260 * 60

"""Light print on dark paper is inverted for the detector; frames, lids and bars are not."""

from collections.abc import Sequence

import numpy as np
import pytest

from tests.fakes import DarkBlocks
from training.synthesis.frames import framed
from training.synthesis.pages import DrawnPage, blank
from training.synthesis.scanner import SCANNERS, scan
from worker.vision.detection.polarity import PolarityDetector, dark_on_light, is_light_on_dark
from worker.vision.values import DetectedRegion, Pixels


def page(layout: str = "letter", *, dpi: float = 150) -> DrawnPage:
    printed = blank(layout, np.random.default_rng(5), names=["Ada Abel", "Ivo Holt"], dpi=dpi)
    return DrawnPage(printed.pixels, dpi)


@pytest.mark.parametrize("layout", ["letter", "contract", "signing_page", "form", "delivery_note", "mail"])
@pytest.mark.parametrize("device", [None, *SCANNERS])
def test_a_negative_is_known_from_its_print(layout, device):
    paper = page(layout)
    scanned = paper if device is None else scan(paper, SCANNERS[device], np.random.default_rng(1))

    assert not is_light_on_dark(scanned.pixels)
    assert is_light_on_dark(255 - scanned.pixels)


@pytest.mark.parametrize("share", [0.9, 0.7, 0.5, 0.3])
def test_a_small_page_in_a_dark_frame_is_no_negative(share):
    assert not is_light_on_dark(framed(page(), np.random.default_rng(1), share=share).pixels)


@pytest.mark.parametrize("tone", [0, 90, 255])
def test_a_page_of_one_tone_stays_as_it_is(tone):
    blank_page = np.full((1200, 900, 3), tone, np.uint8)

    assert dark_on_light(blank_page) is blank_page
    assert not is_light_on_dark(np.zeros((0, 0, 3), np.uint8))


def test_a_negative_is_inverted_for_the_detector_alone():
    class Watching(DarkBlocks):
        pages_seen: list[Pixels]

        def detect(self, pages: Sequence[Pixels]) -> list[list[DetectedRegion]]:
            self.pages_seen = list(pages)
            return super().detect(pages)

    inner, positive = Watching(), page().pixels
    detector = PolarityDetector(inner)

    regions, same = detector.detect([255 - positive, positive])

    assert all(np.array_equal(seen, positive) for seen in inner.pages_seen)
    assert regions == same

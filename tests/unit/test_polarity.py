"""Light print on dark paper is inverted for the detector; frames, lids and bars are not."""

from collections.abc import Sequence

import numpy as np
import pytest

from tests.fakes import DarkBlocks
from training.synthesis.frames import framed
from training.synthesis.pages import DrawnPage, blank
from training.synthesis.scanner import SCANNERS, scan
from worker.vision.detection.polarity import (
    PolarityDetector,
    dark_fields,
    dark_on_light,
    fields_inverted,
    is_light_on_dark,
)
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


def with_field(rows: slice, columns: slice, *, strokes: int = 12) -> Pixels:
    """A letter with a dark field, as many light strokes in it."""
    pixels = page().pixels.copy()
    pixels[rows, columns] = 30
    for number in range(strokes):
        across = columns.start + 20 + 15 * number
        pixels[rows.start + 15 : rows.stop - 15, across : across + 3] = 240
    return pixels


def test_a_dark_field_with_light_strokes_is_inverted_and_nothing_else():
    rows, columns = slice(1200, 1300), slice(300, 620)
    scene = with_field(rows, columns)

    seen = fields_inverted(scene)

    assert seen[rows, columns].mean() > 180
    assert seen[1250, columns.start + 21].max() == 255 - 240
    outside = np.ones(scene.shape[:2], bool)
    # The box of a field is told to the step of the look.
    outside[rows.start - 4 : rows.stop + 4, columns.start - 4 : columns.stop + 4] = False
    assert np.array_equal(seen[outside], scene[outside])


@pytest.mark.parametrize(
    ("rows", "columns", "strokes"),
    [
        pytest.param(slice(1200, 1300), slice(300, 620), 0, id="a bar without strokes"),
        pytest.param(slice(1200, 1220), slice(300, 620), 0, id="a low bar"),
        pytest.param(slice(1200, 1300), slice(300, 360), 2, id="a narrow one"),
        pytest.param(slice(1200, 1300), slice(0, 320), 12, id="at an edge of the page"),
    ],
)
def test_other_dark_places_stay_as_they_are(rows, columns, strokes):
    scene = with_field(rows, columns, strokes=strokes)

    assert fields_inverted(scene) is scene


def test_a_page_without_pixels_has_no_dark_fields():
    assert list(dark_fields(np.zeros((0, 0, 3), np.uint8))) == []

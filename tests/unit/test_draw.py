"""Boxes drawn on pages stand where the regions are and leave the page itself alone."""

from __future__ import annotations

import numpy as np
import pytest

from worker.report.drawing import OUTCOME_COLOURS, UNCOMPARED, RegionMark, annotate, colour_of, reduce
from worker.vision.choices import Outcome
from worker.vision.values import Box, Pixels


def paper(width: int = 400, height: int = 600) -> Pixels:
    return np.full((height, width, 3), 255, dtype=np.uint8)


def places_of(page: Pixels, colour: tuple[int, int, int]) -> tuple[int, int, int, int]:
    """Left, top, right and bottom of the pixels in that colour."""
    rows, columns = np.nonzero((page == colour).all(axis=2))
    return columns.min(), rows.min(), columns.max(), rows.max()


def test_the_outline_stands_on_the_box() -> None:
    drawn = annotate(paper(), [RegionMark(Box(50, 100, 200, 80), "", (1, 2, 3))])

    left, top, right, bottom = places_of(drawn, (1, 2, 3))
    assert (left, top, right, bottom) == pytest.approx((50, 100, 249, 179), abs=2)


def test_the_page_given_is_not_drawn_on() -> None:
    page = paper()
    page.flags.writeable = False

    annotate(page, [RegionMark(Box(0, 0, 100, 100), "text")])

    assert (page == 255).all()


def test_a_page_without_marks_comes_back_equal() -> None:
    assert np.array_equal(annotate(paper(), []), paper())


def test_the_caption_is_above_the_box_and_in_its_colour() -> None:
    plain = annotate(paper(), [RegionMark(Box(50, 100, 200, 80), "", (9, 8, 7))])
    named = annotate(paper(), [RegionMark(Box(50, 100, 200, 80), "1 genuine", (9, 8, 7))])

    rows = np.nonzero((plain != named).any(axis=(1, 2)))[0]
    assert 70 < rows.min() < rows.max() < 100


@pytest.mark.parametrize(
    "box",
    [
        pytest.param(Box(0, 0, 400, 600), id="whole page"),
        pytest.param(Box(-50, -50, 100, 100), id="over the top left corner"),
        pytest.param(Box(390, 590, 100, 100), id="over the bottom right corner"),
        pytest.param(Box(900, 900, 10, 10), id="off the page"),
        pytest.param(Box(10.2, 10.7, 0.1, 0.1), id="smaller than a pixel"),
    ],
)
def test_any_box_can_be_drawn(box: Box) -> None:
    drawn = annotate(paper(), [RegionMark(box, "a caption that is longer than the whole page is wide " * 3)])

    assert drawn.shape == (600, 400, 3)


@pytest.mark.parametrize("text", ["Ünïcödé", "签名", "\n\0", "🖋"])
def test_any_name_can_be_written(text: str) -> None:
    drawn = annotate(paper(), [RegionMark(Box(50, 100, 200, 80), text)])

    assert not np.array_equal(drawn, paper())


def test_ink_in_a_box_stays_darker_than_its_paper() -> None:
    page = paper()
    page[130:140, 100:200] = 0

    drawn = annotate(page, [RegionMark(Box(50, 100, 200, 80), "")]).astype(int)

    assert drawn[135, 150].sum() + 500 < drawn[150, 150].sum()


def test_every_verdict_has_a_colour_of_its_own() -> None:
    assert set(OUTCOME_COLOURS) == set(Outcome)
    assert len({colour_of(outcome) for outcome in Outcome}) == len(Outcome)
    assert colour_of(None) == UNCOMPARED


def test_a_page_near_a_whole_multiple_of_the_size_is_averaged_pixel_by_pixel() -> None:
    page = np.random.default_rng(0).integers(0, 256, (2339, 1653, 3), np.uint8)

    small, (mark,) = reduce(page, [RegionMark(Box(100, 300, 200, 60), "x")], longest=1300)

    assert small.shape == (1169, 826, 3)
    assert np.allclose(small[5, 7], page[10:12, 14:16].mean(axis=(0, 1)), atol=1)
    assert mark.box == Box(50, 150, 100, 30)


def test_a_page_far_from_any_multiple_is_as_large_as_asked_for() -> None:
    small, (mark,) = reduce(paper(400, 1400), [RegionMark(Box(100, 300, 200, 60), "x")], longest=1300)

    assert small.shape == (1300, 371, 3)
    assert mark.box.y == pytest.approx(300 * 1300 / 1400)


def test_a_reduced_page_keeps_its_marks_in_place() -> None:
    page, (mark,) = reduce(paper(400, 600), [RegionMark(Box(100, 300, 200, 60), "x")], longest=300)

    assert page.shape == (300, 200, 3)
    assert mark.box == Box(50, 150, 100, 30)
    assert mark.text == "x"


def test_a_small_page_is_not_enlarged() -> None:
    page, (mark,) = reduce(paper(40, 60), [RegionMark(Box(1, 2, 3, 4), "x")], longest=300)

    assert page.shape == (60, 40, 3)
    assert mark.box == Box(1, 2, 3, 4)


def test_a_place_is_drawn_with_dashes_and_without_a_tint() -> None:
    drawn = annotate(paper(), [RegionMark(Box(50, 100, 200, 80), "", (9, 8, 7), is_place=True)])

    top = (drawn[100, 50:250] == (9, 8, 7)).all(axis=1)
    assert 0.4 < top.mean() < 0.7
    assert np.array_equal(drawn[110:170, 60:240], paper()[110:170, 60:240])
    assert np.array_equal(annotate(paper(), [RegionMark(Box(5000, 1, 9, 9), "", is_place=True)]), paper())

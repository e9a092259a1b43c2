"""Drawn pages that train on look-alikes: the same each time, signed where they say."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from training.roles import decoys, unusual
from training.roles.pages import DECOYS, UNCLEAR, drawn_role_pages
from training.synthesis.decoys import cartoon, chart, decoy, lettermark, numeral, ridges, rings
from worker.vision.values import Grey

PAGES = 8


@pytest.mark.parametrize("draw", [cartoon, chart, decoy, lettermark, numeral, ridges, rings])
@pytest.mark.parametrize("side", [60, 400])
def test_a_figure_is_the_same_twice_and_neither_blank_nor_solid(draw: Callable[..., Grey], side: int) -> None:
    figure, again = (draw(np.random.default_rng(5), side=side) for _ in range(2))

    assert np.array_equal(figure, again)
    assert 0.003 < (figure > 128).mean() < 0.9
    assert max(figure.shape) < 2 * side


def test_pages_are_the_same_twice_and_their_marks_are_dark_and_on_the_page() -> None:
    for index in range(PAGES):
        (layout, page), (_, again) = (decoys.decoy_page(index, None) for _ in range(2))

        assert np.array_equal(page.pixels, again.pixels)
        assert layout in decoys.LAYOUTS
        height, width = page.pixels.shape[:2]
        for x, y, across, down in (mark.box for mark in page.marks if mark.signs):
            window = page.pixels[max(int(y), 0) : int(y + down) + 1, max(int(x), 0) : int(x + across) + 1]
            assert window.size and np.ptp(window) > 40
            assert x < width and y < height


def test_layouts_that_measure_train_nothing() -> None:
    assert not set(decoys.LAYOUTS) & set(unusual._LAYOUTS)


def test_pages_with_figures_are_signed_and_unsigned_so_that_none_tells_by_itself() -> None:
    pages = list(drawn_role_pages(None, PAGES, source=DECOYS))

    assert {page.truth.signed for page in pages} == {True, False}
    assert {page.truth.source for page in pages} == {DECOYS}
    assert len({page.truth.document for page in pages}) == PAGES


def test_initials_of_which_nobody_can_tell_are_unclear() -> None:
    forms = {mark.form for page in drawn_role_pages(None, 14, source=DECOYS) for mark in page.marks}

    assert UNCLEAR in forms


def test_a_back_that_shows_through_is_paler_than_the_print() -> None:
    rng = np.random.default_rng(4)
    sheet = decoys._sheet(None, rng)

    page = decoys._shown_through(sheet, np.random.default_rng(7))

    fainter = (page.pixels < sheet.paper.pixels - 10).mean()
    assert fainter > 0.002
    marks = [mark.box for mark in page.marks]
    assert all(x < page.pixels.shape[1] for x, *_ in marks)


def test_small_signatures_are_no_wider_than_asked_for() -> None:
    for index in range(6):
        rng = np.random.default_rng(index)
        sheet = decoys._sheet(None, rng)
        page = decoys._small(sheet, rng)

        widths = [mark.box[2] / page.dpi * 25.4 for mark in page.marks if mark.label == "signature"]
        assert all(width < 18 for width in widths)

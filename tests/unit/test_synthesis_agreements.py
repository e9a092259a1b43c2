"""Agreements that are drawn: every mark is where its ink is, and pens are thin and pale."""

import numpy as np
import pytest

from training.synthesis.agreements import AGREEMENTS, thinned
from training.synthesis.pages import agreement_page, blank
from training.synthesis.strokes import InventedSigner

NAMES = ("Ada Holm", "Ben Wells")


def test_the_same_seed_draws_the_same_agreement():
    first, other = (agreement_page(np.random.default_rng(4), dpi=60) for _ in range(2))

    assert np.array_equal(first.pixels, other.pixels)
    assert first.marks == other.marks


def test_marks_lie_on_the_page_around_ink_and_are_of_known_labels():
    pages = [agreement_page(np.random.default_rng(seed), dpi=80) for seed in range(12)]

    assert {mark.label for page in pages for mark in page.marks} == {
        "signature",
        "handwritten_date",
        "initials",
    }
    for page in pages:
        for mark in page.marks:
            x, y, width, height = (int(value) for value in mark.box)
            assert x >= 0 and y >= 0
            assert x + width <= page.pixels.shape[1] and y + height <= page.pixels.shape[0]
            assert page.pixels[y : y + height + 1, x : x + width + 1].min() < 230


@pytest.mark.parametrize("layout", AGREEMENTS)
def test_some_agreements_wait_for_several_hands(layout):
    papers = [blank(layout, np.random.default_rng(seed), names=NAMES, dpi=40) for seed in range(8)]

    assert {slot.party for paper in papers for slot in paper.slots} == {0, 1}
    assert len({len(paper.slots) for paper in papers}) > 2


def test_a_thinned_pen_is_never_thicker_nor_darker():
    pen = InventedSigner.from_seed(3).pen

    for seed in range(20):
        thin = thinned(pen, np.random.default_rng(seed))
        assert 0.3 * pen.width <= thin.width <= pen.width
        assert all(new >= old for new, old in zip(thin.ink, pen.ink, strict=True))

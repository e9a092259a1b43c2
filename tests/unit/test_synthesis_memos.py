"""Office papers with initials, and paper that fills its picture badly."""

import numpy as np
import pytest

from training.synthesis.frames import folded, framed
from training.synthesis.memos import MEMOS
from training.synthesis.pages import DrawnPage, blank, complete, fill
from training.synthesis.strokes import InventedSigner

PEOPLE = [InventedSigner.from_seed(21), InventedSigner.from_seed(22)]


def written(layout: str, seed: int = 4) -> DrawnPage:
    rng = np.random.default_rng(seed)
    paper = blank(layout, rng, names=[person.name for person in PEOPLE], dpi=100)
    return fill(paper, complete(paper.slots, PEOPLE, rng))


@pytest.mark.parametrize("seed", range(6))
def test_initials_sign_a_memo_and_no_routing_list(seed):
    memo, circular = (written(layout, seed) for layout in MEMOS)

    assert [(mark.label, mark.signs) for mark in memo.marks] == [("initials", True)]
    assert len(circular.marks) > 1
    assert {(mark.label, mark.signs) for mark in circular.marks} == {("initials", False)}


def test_a_film_shows_the_page_small_in_the_dark_and_its_marks_where_they_are():
    page = written("memo")

    film = framed(page, np.random.default_rng(1), share=0.5)

    (mark,) = film.marks
    x, y, width, height = mark.box
    inside = film.pixels[int(y) : int(y + height) + 1, int(x) : int(x + width) + 1]
    assert film.pixels.shape == page.pixels.shape
    assert (film.pixels < 30).all(axis=2).mean() > 0.7
    assert width == pytest.approx(page.marks[0].box[2] / 2)
    assert mark.signs and inside.min() < 130 < inside.max()


def test_a_folded_corner_hides_the_corner_alone():
    page = written("memo")

    seen = folded(page, np.random.default_rng(1))

    changed = (seen.pixels != page.pixels).any(axis=2)
    rows, columns = np.nonzero(changed)
    assert columns.min() > 0.6 * page.pixels.shape[1]
    assert rows.max() < 0.3 * page.pixels.shape[0]
    assert seen.pixels[2, -3].max() < 60
    assert seen.marks == page.marks

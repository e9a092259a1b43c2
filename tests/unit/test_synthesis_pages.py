"""Drawn pages: reproducible, with true boxes around what was written."""

import numpy as np
import pytest

from training.synthesis.layouts import LAYOUTS
from training.synthesis.pages import DrawnPage, blank, complete, fill, random_page, signature_entry
from training.synthesis.scanner import SCANNERS, Scanner, random_scanner, scan
from training.synthesis.strokes import InventedSigner

PEOPLE = [InventedSigner.from_seed(21), InventedSigner.from_seed(22)]


def rng(*seed):
    return np.random.default_rng(seed)


def filled(layout: str, dpi: float = 100) -> tuple[np.ndarray, DrawnPage]:
    paper = blank(layout, rng(4), names=[person.name for person in PEOPLE], dpi=dpi)
    return paper.pixels, fill(paper, complete(paper.slots, PEOPLE, rng(5)))


@pytest.mark.parametrize("layout", LAYOUTS)
def test_boxes_hold_all_ink_and_little_more_to_within_a_pixel(layout):
    before, page = filled(layout)

    changed = (before != page.pixels).any(axis=2)
    covered = np.zeros_like(changed)
    for mark in page.marks:
        x, y, width, height = mark.box
        rows, columns = slice(int(y) - 1, int(y + height) + 2), slice(int(x) - 1, int(x + width) + 2)
        covered[rows, columns] = True
        ys, xs = np.nonzero(changed[rows, columns])
        assert np.ptp(xs) > width - 4
        assert np.ptp(ys) > height - 4
    assert not (changed & ~covered).any()


@pytest.mark.parametrize("layout", LAYOUTS)
def test_boxes_stand_inside_the_page(layout):
    _, page = filled(layout)

    for mark in page.marks:
        x, y, width, height = mark.box
        assert x >= 0
        assert y >= 0
        assert x + width <= page.pixels.shape[1]
        assert y + height <= page.pixels.shape[0]


def test_every_party_of_a_contract_signs_and_dates_it():
    _, page = filled("signing_page")

    drawn = [(mark.label, mark.signer) for mark in page.marks]

    expected = [(label, person.name) for person in PEOPLE for label in ("signature", "handwritten_date")]
    assert drawn == expected


def test_the_same_seed_gives_the_same_page():
    first, second = random_page(rng(8), dpi=80), random_page(rng(8), dpi=80)

    assert np.array_equal(first.pixels, second.pixels)
    assert first.marks == second.marks


def test_an_unsigned_page_has_no_signature():
    pages = [random_page(rng(seed), dpi=50, signed=False) for seed in range(8)]

    assert not any(mark.label in {"signature", "initials"} for page in pages for mark in page.marks)


def test_a_forged_entry_says_so():
    paper = blank("letter", rng(4), names=["Ada Holt"], dpi=60)

    page = fill(paper, [signature_entry(paper.slots[0], PEOPLE[0], rng(1), forged=True)])

    assert [mark.truth for mark in page.marks] == ["forged"]


def test_boxes_follow_the_paper_when_it_is_scanned_askew():
    white = DrawnPage(np.full((400, 500, 3), 255, np.uint8), 100)
    paper = blank("letter", rng(4), names=["Ada Holt"], dpi=100)
    page = fill(paper, [signature_entry(paper.slots[0], PEOPLE[0], rng(1))])
    only_ink = np.where((paper.pixels == page.pixels).all(axis=2, keepdims=True), 255, page.pixels)

    turned = scan(DrawnPage(only_ink.astype(np.uint8), 100, page.marks), Scanner(skew=3.0), rng(1))

    ys, xs = np.nonzero(turned.pixels.min(axis=2) < 200)
    x, y, width, height = turned.marks[0].box
    assert np.allclose([xs.min(), ys.min(), xs.max(), ys.max()], [x, y, x + width, y + height], atol=4)
    assert scan(white, Scanner(skew=3.0), rng(1)).pixels.min() == 255


@pytest.mark.parametrize("name", SCANNERS)
def test_a_scanner_keeps_the_page_readable_and_is_reproducible(name):
    _, page = filled("letter", dpi=80)

    scanned = scan(page, SCANNERS[name], rng(3))

    assert scanned.pixels.shape == page.pixels.shape
    assert np.array_equal(scanned.pixels, scan(page, SCANNERS[name], rng(3)).pixels)
    assert np.median(scanned.pixels) > 200
    assert scanned.pixels.min() < 120


def test_a_fax_is_black_and_white():
    _, page = filled("letter", dpi=60)

    assert set(np.unique(scan(page, SCANNERS["fax"], rng(1)).pixels)) == {0, 255}


def test_random_scanners_differ():
    assert random_scanner(rng(1)) != random_scanner(rng(2))

"""Scanners, faxes and phones: the marks move with the paper, and each device leaves what it is known for."""

from __future__ import annotations

import numpy as np
import pytest

from training.synthesis.camera import photograph
from training.synthesis.ink import PenStrokes, coverage, draw_strokes, stain
from training.synthesis.pages import DrawnMark, DrawnPage
from training.synthesis.scanner import FAX_THRESHOLD, SCANNERS, Scanner, random_scanner, scan


def rng(seed: int = 1) -> np.random.Generator:
    return np.random.default_rng(seed)


@pytest.fixture
def page() -> DrawnPage:
    """A white page of 400 by 300 with one black square, marked by its corners."""
    pixels = np.full((400, 300, 3), 255, np.uint8)
    pixels[120:160, 200:240] = 0
    corners = ((200.0, 120.0), (240.0, 120.0), (240.0, 160.0), (200.0, 160.0))
    return DrawnPage(pixels, 72.0, (DrawnMark("signature", corners, signer=""),))


def ink_inside(seen: DrawnPage) -> float:
    """The share of all dark pixels that lies within two pixels of the mark's hull."""
    points = np.array(seen.marks[0].hull)
    (left, top), (right, bottom) = points.min(axis=0) - 2, points.max(axis=0) + 2
    rows, columns = np.nonzero(seen.pixels.max(axis=2) < 60)
    return float(((columns >= left) & (columns <= right) & (rows >= top) & (rows <= bottom)).mean())


def test_a_scanner_without_faults_changes_nothing(page):
    seen = scan(page, Scanner(), rng())

    assert np.array_equal(seen.pixels, page.pixels)
    assert seen.marks == page.marks


@pytest.mark.parametrize("degrees", [-6.0, -1.0, 2.5])
def test_marks_turn_with_the_paper(page, degrees):
    seen = scan(page, Scanner(skew=degrees), rng())

    assert seen.marks[0].hull != page.marks[0].hull
    assert ink_inside(seen) > 0.99
    assert seen.dpi == page.dpi


@pytest.mark.parametrize("name", SCANNERS)
def test_every_device_keeps_the_page_readable(page, name):
    before = page.pixels.copy()

    seen = scan(page, SCANNERS[name], rng())

    assert seen.pixels.shape == page.pixels.shape
    assert seen.pixels.dtype == np.uint8
    assert np.median(seen.pixels) > 180
    assert seen.pixels[140, 220].max() < 100
    assert np.array_equal(page.pixels, before)


def test_a_fax_knows_black_and_white_alone(page):
    page.pixels[10:20, 10:60] = FAX_THRESHOLD - 30
    page.pixels[30:40, 10:60] = FAX_THRESHOLD + 30

    seen = scan(page, Scanner(fax=True), rng())

    assert set(np.unique(seen.pixels)) == {0, 255}
    assert seen.pixels[15, 30, 0] == 0
    assert seen.pixels[35, 30, 0] == 255


def test_a_tint_colours_the_paper_and_grey_takes_it_from_the_print(page):
    page.pixels[300:320, 50:100] = (200, 30, 30)

    tinted = scan(page, Scanner(tint=(244, 234, 212)), rng())
    grey = scan(page, Scanner(grey=True), rng())

    assert tinted.pixels[0, 0].tolist() == [244, 234, 212]
    assert len(set(grey.pixels[310, 75].tolist())) == 1


def test_what_is_on_the_back_shines_through(page):
    back = np.full_like(page.pixels, 255)
    back[50:90, 10:60] = 0

    seen = scan(page, Scanner(bleed=0.15), rng(), back=back)

    assert seen.pixels[70, 300 - 35, 0] == pytest.approx(255 * 0.85, abs=3)
    assert seen.pixels[70, 35, 0] == 255


def test_a_worn_device_is_never_beyond_use():
    devices = [random_scanner(rng(seed)) for seed in range(60)]

    assert all(abs(device.skew) < 4 and 0 <= device.shadow <= 0.7 for device in devices)
    assert any(device.bleed for device in devices)
    assert any(not device.bleed for device in devices)
    assert {device.fax for device in devices} == {True, False}


@pytest.mark.parametrize("seed", range(3))
def test_a_photograph_has_a_desk_and_its_marks_in_place(page, seed):
    seen = photograph(page, rng(seed))

    assert seen.pixels.shape == page.pixels.shape
    assert seen.pixels[:3, :3].max() < 160
    points = np.array(seen.marks[0].hull)
    x, y = points.mean(axis=0).round().astype(int)
    assert seen.pixels[y, x].max() < 90
    assert (points > 0).all()


def test_ink_lets_what_lies_below_show_through():
    paper = np.full((4, 4, 3), 200, np.uint8)
    paper[:, :2] = 100
    cover = np.full((4, 4), 0.5, np.float32)

    stain(paper, cover, (0, 0, 0))

    assert paper[0, 0].tolist() == [50] * 3
    assert paper[0, 3].tolist() == [100] * 3


def test_no_ink_changes_nothing_and_full_ink_is_the_pens_colour_on_white():
    paper = np.full((2, 2, 3), 255, np.uint8)

    stain(paper, np.array([[0, 1], [0, 1]], np.float32), (28, 52, 140))

    assert paper[0, 0].tolist() == [255] * 3
    assert paper[0, 1] == pytest.approx([28, 52, 140], abs=1)


def trace(*points: tuple[float, float]) -> PenStrokes:
    """One stroke of even pressure through points in millimetres."""
    rows = [(x, y, 0.01 * number, 1.0) for number, (x, y) in enumerate(points)]
    return PenStrokes((np.array(rows, np.float64),))


def test_a_stroke_covers_its_length_times_its_width():
    strokes = trace((10, 20), (50, 20))

    ink = coverage(strokes, shape=(40, 60), pen_width=3)

    assert ink.dtype == np.float32
    assert 0 <= ink.min() <= ink.max() <= 1
    # Round ends add at most one more width.
    assert 40 * 3 * 0.9 <= ink.sum() <= (40 + 3) * 3 * 1.25
    assert ink[:10].sum() == 0


def test_strokes_are_placed_by_scale_turn_and_shift():
    placed = trace((0, 0), (10, 0)).placed(scale=2, x=5, y=7)
    turned = trace((0, 0), (10, 0)).placed(scale=1, x=0, y=0, angle=np.pi / 2)

    assert placed.bounds == pytest.approx((5, 7, 25, 7))
    assert turned.bounds[2] - turned.bounds[0] == pytest.approx(0, abs=1e-9)
    assert turned.bounds[3] - turned.bounds[1] == pytest.approx(10)


def test_a_picture_of_strokes_fits_the_size_asked_for():
    picture = draw_strokes(trace((0, 0), (40, 10)), width=200, height=100, paper=(250, 250, 240))

    assert picture.shape == (100, 200, 3)
    assert picture[0, 0].tolist() == [250, 250, 240]
    rows, columns = np.nonzero(picture[..., 0] < 128)
    assert (columns.mean(), rows.mean()) == pytest.approx((100, 50), abs=3)

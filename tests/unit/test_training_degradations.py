"""What is done to drawn pictures: what each degradation must keep, and what it must change."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from training.common.degradations import (
    bled_through,
    blurred,
    compressed,
    dusty,
    edge_shadow,
    noisy,
    one_bit,
    salt_and_pepper,
    skew,
    skewed,
    tiled_noise,
    with_line,
    with_pen,
)
from training.common.pixels import cut_to_ink, in_grey, resampled, scaled, to_pixels


def rng(seed: int = 1) -> np.random.Generator:
    return np.random.default_rng(seed)


@pytest.fixture
def page() -> np.ndarray:
    """A grey page of 200 by 300 with a black bar of 20 by 100 in its middle."""
    pixels = np.full((200, 300), 240, np.uint8)
    pixels[90:110, 100:200] = 10
    return pixels


@pytest.fixture
def colours() -> np.ndarray:
    """Three stripes, red, green and blue: (60, 90, 3)."""
    pixels = np.zeros((60, 90, 3), np.uint8)
    for channel in range(3):
        pixels[:, 30 * channel : 30 * channel + 30, channel] = 255
    return pixels


def test_blur_softens_edges_and_keeps_the_ink_where_it_is(page):
    seen = blurred(page, 2.0)

    assert seen.dtype == np.uint8
    assert page.mean() == pytest.approx(seen.mean(), abs=1)
    assert seen[100, 150] == 10
    assert 10 < seen[90, 150] < 240


def test_blur_keeps_the_type_of_levels(page):
    levels = page.astype(np.float32)

    seen = blurred(levels, 1.0)

    assert seen.dtype == np.float32
    assert seen[90, 150] != round(float(seen[90, 150]))


@pytest.mark.parametrize("quality", [20, 60, 95])
def test_jpeg_keeps_grey_grey_and_colours_in_their_channels(page, colours, quality):
    grey, rgb = compressed(page, quality), compressed(colours, quality)

    assert grey.shape == page.shape
    assert abs(grey.astype(int) - page).mean() < 6
    for channel in range(3):
        assert rgb[30, 30 * channel + 15].argmax() == channel


def test_a_lower_quality_leaves_less(page):
    textured = noisy(page, rng().normal(0, 20, page.shape))
    losses = [abs(compressed(textured, quality).astype(int) - textured).mean() for quality in (15, 50, 90)]

    assert losses == sorted(losses, reverse=True)


def test_one_bit_is_black_below_its_threshold_and_white_from_it_on():
    levels = np.array([[0, 149, 150, 255]], np.uint8)

    assert one_bit(levels, 150).tolist() == [[0, 0, 255, 255]]


def test_a_faxed_colour_page_keeps_three_equal_channels(colours):
    seen = one_bit(colours, 100)

    assert seen.shape == colours.shape
    assert set(np.unique(seen)) <= {0, 255}
    assert (seen == seen[..., :1]).all()
    # Green is the lightest to the eye.
    assert seen[30, 45, 0] == 255
    assert seen[30, 75, 0] == 0


def test_noise_is_cut_at_black_and_white():
    levels = np.array([[0, 128, 255]], np.uint8)

    assert noisy(levels, np.array([[-40.0, 10.7, 40.0]])).tolist() == [[0, 138, 255]]


def test_tiled_noise_has_the_deviation_asked_for_and_covers_large_pages():
    grain = tiled_noise((600, 1100), 5.0, rng())

    assert grain.shape == (600, 1100)
    assert grain.std() == pytest.approx(5.0, rel=0.05)
    assert abs(float(grain.mean())) < 0.1
    assert np.array_equal(grain[:80, :80], grain[509:589, 509:589])


def test_salt_and_pepper_touches_the_specks_alone(page, colours):
    for image in (page, colours):
        specks = rng(3).random(image.shape[:2]) < 0.1

        seen = salt_and_pepper(image, specks, rng())

        assert np.array_equal(seen[~specks], image[~specks])
        assert set(np.unique(seen[specks])) == {0, 255}
        assert seen is not image
    assert (salt_and_pepper(colours, specks, rng())[specks].std(axis=-1) == 0).all()


def test_dust_is_dark_and_as_much_as_asked(page):
    clean = np.full((500, 500, 3), 255, np.uint8)

    few, many = (int((dusty(clean, amount, rng()) < 255).any(axis=-1).sum()) for amount in (20, 200))

    assert 0 < few < many <= 50 * 9
    assert np.array_equal(dusty(clean, 0, rng()), clean)
    assert (clean == 255).all()


def test_the_other_side_shines_through_mirrored_and_faint():
    front = np.full((80, 120, 3), 255, np.uint8)
    back = front.copy()
    back[20:60, 5:25] = 0

    seen = bled_through(front, back, 0.2)

    assert seen[40, 105, 0] == pytest.approx(255 * 0.8, abs=2)
    assert seen[40, 15, 0] == 255
    assert np.array_equal(bled_through(front, front, 0.5), front)


@pytest.mark.parametrize("seed", range(4))
def test_a_shadow_lies_at_one_edge_alone(seed):
    light = edge_shadow(1000, 0.5, rng(seed))

    assert light.min() == pytest.approx(0.5)
    assert (light < 1).sum() <= 30
    assert (light[0] < 1) != (light[-1] < 1)
    assert light[500] == 1


def test_a_skew_turns_about_the_middle_and_leaves_all_ink(page):
    seen = skewed(page, 5.0, paper=240)

    assert seen.shape == page.shape
    assert seen[100, 150] == 10
    assert seen[0, 0] == 240
    assert (seen < 128).sum() == pytest.approx((page < 128).sum(), rel=0.05)
    # Anticlockwise: the right end of the bar goes up.
    right, left = (int(np.flatnonzero(seen[:, column] < 128).mean()) for column in (195, 105))
    assert right < left


def test_points_move_with_the_ink_that_they_mark(page):
    page[:] = 240
    cv2.circle(page, (220, 60), 4, 0, -1)

    seen = skewed(page, -8.0, paper=240)

    x, y = skew(page.shape, -8.0) @ [220, 60, 1]
    rows, columns = np.nonzero(seen < 128)
    assert (columns.mean(), rows.mean()) == pytest.approx((x, y), abs=0.7)


def test_an_edge_goes_on_where_no_paper_is_given():
    image = np.full((50, 50), 90, np.uint8)

    assert (skewed(image, 30.0, paper=None) == 90).all()
    assert skewed(image, 30.0, paper=255)[0, 0] == 255


@pytest.mark.parametrize("shape", [cv2.MORPH_ELLIPSE, cv2.MORPH_RECT])
def test_a_pen_widens_and_narrows_strokes(shape):
    mask = np.zeros((60, 60), np.uint8)
    mask[20:40, 10:50] = 255

    wide, same, fine = (with_pen(mask, change, shape=shape) for change in (3, 0, -3))

    assert same is mask
    assert int((wide > 0).sum()) > int((mask > 0).sum()) > int((fine > 0).sum()) > 0
    assert (wide[mask > 0] == 255).all()
    assert (mask[fine > 0] == 255).all()


def test_a_line_is_drawn_onto_a_copy(page):
    seen = with_line(page, (0, 150), (299, 150), level=70, width=3)

    assert (seen[150] == 70).all()
    assert (page[150] == 240).all()
    assert np.array_equal(seen[:140], page[:140])


@pytest.mark.parametrize(
    "degrade",
    [
        pytest.param(lambda image, g: noisy(image, g.normal(0, 5, image.shape)), id="noise"),
        pytest.param(lambda image, g: dusty(image, 50, g), id="dust"),
        pytest.param(lambda image, g: salt_and_pepper(image, g.random(image.shape) < 0.01, g), id="specks"),
        pytest.param(lambda image, g: image * edge_shadow(image.shape[1], 0.4, g), id="shadow"),
    ],
)
def test_the_same_generator_gives_the_same_pixels(page, degrade):
    first, again, other = (degrade(page, rng(seed)) for seed in (5, 5, 6))

    assert np.array_equal(first, again)
    assert not np.array_equal(first, other)


def test_ink_survives_everything_at_once(page):
    seen = blurred(skewed(page, 1.0, paper=240), 0.8)
    seen = noisy(seen, rng().normal(0, 6, seen.shape))
    seen = one_bit(compressed(scaled(seen, 0.5), 30), 140)

    assert (seen[45:55, 50:100] == 0).mean() > 0.8
    assert (seen[:30] == 0).mean() < 0.01


def test_shrinking_averages_areas_and_enlarging_does_not_invent_levels():
    chess = np.indices((40, 40)).sum(axis=0) % 2 * np.uint8(200)

    half = resampled(chess.astype(np.uint8), (20, 20))
    double = resampled(np.full((10, 10), 77, np.uint8), (20, 30))

    assert (half == 100).all()
    assert double.shape == (30, 20)
    assert (double == 77).all()


@pytest.mark.parametrize(("factor", "shape"), [(0.5, (50, 30)), (1.0, (100, 60)), (1.5, (150, 90))])
def test_a_factor_scales_both_sides(factor, shape):
    assert scaled(np.zeros((100, 60), np.uint8), factor).shape == shape


def test_a_mask_is_cut_to_its_ink():
    mask = np.zeros((50, 80), np.uint8)
    mask[10:20, 30:60] = 255
    mask[5, 5] = 40

    assert cut_to_ink(mask, above=60).shape == (10, 30)
    assert cut_to_ink(mask).shape == (15, 55)
    assert cut_to_ink(np.zeros((7, 9), np.uint8)).shape == (7, 9)


def test_levels_become_pixels_by_dropping_fractions():
    assert to_pixels(np.array([-3.0, 0.9, 254.99, 300.0])).tolist() == [0, 0, 254, 255]


def test_grey_keeps_what_is_grey_and_three_channels(page, colours):
    stacked = np.repeat(page[..., None], 3, axis=2)

    assert np.array_equal(in_grey(stacked), stacked)
    assert (in_grey(colours).std(axis=-1) == 0).all()

"""The cleaner's dirt: each kind covers what it says, where it says, and the strokes stay known."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from tests.handwriting import signature
from training.cleaner import dirt, layers
from training.cleaner.dirt import soil
from training.cleaner.layers import DASHED, DOTTED, DOUBLE, SOLID, SoiledSheet, draw_line
from worker.vision.crops import ink_mask

#: Pixels per millimetre of the sheets below, about 150 dpi.
MM = 6.0
SHAPE = (240, 480)
BOX = (60, 60, 360, 120)


def sheet(seed: int) -> SoiledSheet:
    return SoiledSheet(SHAPE, MM, BOX, np.random.default_rng(seed))


def line(style: int, *, thickness: int = 2) -> np.ndarray:
    cover = np.zeros((40, 400), np.uint8)
    draw_line(cover, (0, 20), (399, 20), thickness=thickness, style=style, mm=MM)
    return cover


def runs(row: np.ndarray) -> int:
    """How many stretches of ink a row or column has."""
    inked = np.concatenate([[0], (row > 127).astype(int)])
    return int((np.diff(inked) == 1).sum())


def test_a_solid_line_goes_from_end_to_end() -> None:
    cover = line(SOLID)

    assert (cover[20] > 127).all()
    assert runs(cover[:, 200]) == 1


@pytest.mark.parametrize(
    ("style", "step_mm", "drawn"),
    [pytest.param(DASHED, 3.0, 0.6, id="dashed"), pytest.param(DOTTED, 1.0, 0.25, id="dotted")],
)
def test_a_broken_line_has_a_piece_a_step(style: int, step_mm: float, drawn: float) -> None:
    row = line(style, thickness=1)[20]

    pieces = 400 / (step_mm * MM)
    assert runs(row) == pytest.approx(pieces, abs=1.5)
    # A piece's ends are as thick as its line, so that it is a pixel or so longer than its share.
    assert drawn * 400 <= (row > 127).sum() <= drawn * 400 + 2 * pieces


def test_a_double_line_is_two_lines_three_thicknesses_apart() -> None:
    column = line(DOUBLE, thickness=2)[:, 200]

    rows = np.flatnonzero(column > 127)
    assert runs(column) == 2
    assert rows[-1] - rows[0] == pytest.approx(3 * 2 + 2, abs=1)


@pytest.mark.parametrize(
    "draw",
    [
        pytest.param(layers.draw_rules, id="rules"),
        pytest.param(layers.draw_frame, id="frame"),
        pytest.param(layers.draw_print, id="print"),
        pytest.param(layers.draw_label, id="label"),
        pytest.param(layers.draw_stamp, id="stamp"),
    ],
)
def test_every_kind_of_dirt_leaves_ink_on_most_sheets_and_paper_on_all(draw) -> None:
    covers = [draw(sheet(seed)) for seed in range(20)]

    assert all(cover.shape == SHAPE and cover.dtype == np.uint8 for cover in covers)
    # A stamp or a label may miss the crop, as it does on paper.
    assert sum(bool((cover > 127).any()) for cover in covers) >= 14
    assert all((cover > 127).mean() < 0.5 for cover in covers)


@pytest.mark.parametrize(
    "draw",
    [
        pytest.param(layers.draw_rules, id="rules"),
        pytest.param(layers.draw_stamp, id="stamp"),
        pytest.param(layers.draw_bleed, id="the other side"),
    ],
)
def test_dirt_comes_from_the_seed_alone(draw) -> None:
    assert np.array_equal(draw(sheet(3)), draw(sheet(3)))
    assert any(not np.array_equal(draw(sheet(3)), draw(sheet(seed))) for seed in range(4, 8))


def test_rules_are_level_within_some_degrees() -> None:
    for seed in range(12):
        cover = layers.draw_rules(sheet(seed))
        rows = cover[:, SHAPE[1] // 4 : 3 * SHAPE[1] // 4].max(axis=1) > 127

        # At most three lines, each as thick as 0.6 mm, double at times, tilted by about a degree.
        assert rows.sum() < 3 * (4 * 0.6 * MM + SHAPE[1] / 2 * np.tan(np.deg2rad(4)))


def test_a_frame_s_middle_is_empty() -> None:
    x, y, width, height = BOX
    inside = slice(y + height // 3, y + 2 * height // 3), slice(x + width // 3, x + 2 * width // 3)

    assert all(not layers.draw_frame(sheet(seed))[inside].any() for seed in range(12))


def test_a_label_is_a_line_of_small_print_above_or_below_the_signature() -> None:
    _, top, _, tall = BOX
    for seed in range(20):
        rows = np.flatnonzero(layers.draw_label(sheet(seed)).max(axis=1) > 127)
        if rows.size:
            assert rows[-1] - rows[0] < 2 * 3.2 * MM
            assert rows[0] >= top + 0.7 * tall or rows[0] <= top + 1


def test_what_shows_from_the_other_side_is_faint() -> None:
    covers = [layers.draw_bleed(sheet(seed)) for seed in range(8)]

    assert max(float(cover.max()) for cover in covers) <= 0.35
    assert sum(bool(cover.any()) for cover in covers) >= 5


def test_soft_noise_is_about_zero_and_changes_slowly() -> None:
    noise = layers.soft_noise((100, 300), np.random.default_rng(1), grain=0.05)

    steps = np.abs(np.diff(noise, axis=1))
    assert noise.shape == (100, 300)
    assert abs(float(noise.mean())) < 0.3
    assert steps.max() < 0.5 * noise.std() * 2


def test_the_crop_and_its_strokes_have_one_size_and_strokes_are_black_or_white() -> None:
    for seed in range(8):
        pair = soil(ink_mask(signature(seed + 1)), np.random.default_rng(seed))

        assert pair.dirty.shape == (*pair.strokes.shape, 3)
        assert set(np.unique(pair.strokes)) == {0, 255}


def test_a_signature_is_as_wide_as_people_write_at_the_scanner_s_resolution() -> None:
    finest = dirt.DPI[-1] / 25.4 * dirt.WIDTH_MM[1]
    for seed in range(16):
        strokes = soil(ink_mask(signature(seed % 6 + 1)), np.random.default_rng(seed)).strokes
        _, _, width, height = cv2.boundingRect(strokes)

        # Turned by up to three degrees, a wide signature gains a little height, and a pixel of rim.
        assert width <= finest * 1.03 + 2
        assert height <= dirt.MAX_HEIGHT_MM * finest / dirt.WIDTH_MM[1] + width * 0.06 + 2


def test_a_signature_keeps_its_proportions_when_it_is_placed() -> None:
    ink = ink_mask(signature(2))
    _, _, width, height = cv2.boundingRect(ink)
    ratios = []
    for seed in range(12):
        _, _, placed_width, placed_height = cv2.boundingRect(soil(ink, np.random.default_rng(seed)).strokes)
        ratios.append(placed_width / placed_height)

    assert np.median(ratios) == pytest.approx(width / height, rel=0.1)


def test_some_crops_are_only_scanned_and_most_are_soiled() -> None:
    ink = ink_mask(signature(4))

    def share_beside(seed: int) -> float:
        """Dark pixels away from the strokes, as a share of the strokes."""
        pair = soil(ink, np.random.default_rng(seed))
        near = cv2.dilate(pair.strokes, np.ones((7, 7), np.uint8)) > 0
        grey = pair.dirty.min(axis=2)
        dark = grey < 0.55 * np.median(grey)
        return float((dark & ~near).sum() / (pair.strokes > 0).sum())

    shares = np.array([share_beside(seed) for seed in range(60)])

    assert 0.02 < (shares < 0.03).mean() < 0.6
    assert (shares > 0.1).mean() > 0.4

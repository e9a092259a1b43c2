"""Crops: cut at the page, judged, and normalised alike whatever the scanner did."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.handwriting import coloured, signature
from worker.vision.choices import QualityIssue
from worker.vision.crops import HEIGHT, WIDTH, assess, crop, ink_box, normalise
from worker.vision.values import Box

PAGE = np.arange(60 * 80 * 3, dtype=np.uint8).reshape(60, 80, 3)


def alike(a: np.ndarray, b: np.ndarray) -> float:
    """Correlation of two normalised signatures."""
    return float(np.corrcoef(a.ravel(), b.ravel())[0, 1])


def test_a_crop_is_the_box_with_its_margin():
    cut = crop(PAGE, Box(20, 10, 30, 20), margin=0.1)

    assert np.array_equal(cut, PAGE[8:32, 17:53])


def test_a_crop_does_not_share_memory_with_its_page():
    cut = crop(PAGE, Box(20, 10, 30, 20), margin=0)

    assert not np.shares_memory(cut, PAGE)


@given(
    x=st.floats(-200, 200),
    y=st.floats(-200, 200),
    width=st.floats(0.1, 300),
    height=st.floats(0.1, 300),
    margin=st.floats(0, 1),
)
def test_every_box_gives_pixels_of_the_page(x, y, width, height, margin):
    cut = crop(PAGE, Box(x, y, width, height), margin=margin)

    assert 1 <= cut.shape[0] <= 60
    assert 1 <= cut.shape[1] <= 80


@given(x=st.floats(0, 79), y=st.floats(0, 59), width=st.floats(1, 80), height=st.floats(1, 60))
def test_a_crop_covers_all_of_its_box_that_lies_on_the_page(x, y, width, height):
    cut = crop(PAGE, Box(x, y, width, height), margin=0)

    assert cut.shape[1] >= min(x + width, 80) - x - 1e-6
    assert cut.shape[0] >= min(y + height, 60) - y - 1e-6


def test_a_normalised_signature_has_ink_one_on_paper_zero():
    normal = normalise(signature(1))

    assert normal.shape == (HEIGHT, WIDTH)
    assert normal.dtype == np.float32
    assert normal.min() == 0
    assert normal.max() == 1
    assert 0.02 < normal.mean() < 0.3


@pytest.mark.parametrize(
    "other",
    [
        pytest.param(signature(1, paper=255, ink=0), id="white paper, black ink"),
        pytest.param(signature(1, paper=180, ink=110), id="grey paper, pale ink"),
        pytest.param(
            cv2.copyMakeBorder(signature(1), 90, 10, 5, 200, cv2.BORDER_CONSTANT, value=240), id="canvas"
        ),
        pytest.param(signature(1, scale=2.0), id="twice the resolution"),
        pytest.param(signature(1, scale=0.7), id="a lower resolution"),
        pytest.param(coloured(signature(1)), id="colour"),
    ],
)
def test_the_scanner_does_not_change_a_normalised_signature(other):
    assert alike(normalise(other), normalise(signature(1))) > 0.85


def test_another_signature_is_normalised_to_something_else():
    assert alike(normalise(signature(2)), normalise(signature(1))) < 0.5


def test_specks_do_not_move_the_content_box():
    image = signature(1)
    wide = cv2.copyMakeBorder(image, 60, 60, 60, 60, cv2.BORDER_CONSTANT, value=240)
    wide[5:7, 5:7] = wide[-8:-6, -8:-6] = 20

    assert alike(normalise(wide), normalise(image)) > 0.99


def test_hairlines_survive_the_reduction():
    hairline = signature(1, scale=4.0, pen=1, ink=0, paper=255)

    normal = normalise(cv2.erode(hairline, np.ones((2, 2), np.uint8)))

    assert np.quantile(normal[normal > 0.05], 0.9) > 0.9


@settings(max_examples=40)
@given(
    width=st.integers(1, 400), height=st.integers(1, 300), paper=st.integers(0, 255), seed=st.integers(0, 99)
)
def test_normalise_and_assess_answer_for_any_image(width, height, paper, seed):
    noise = np.random.default_rng(seed).integers(0, 256, (height, width), dtype=np.uint8)
    for image in (np.full((height, width), paper, np.uint8), noise):
        normal = normalise(image)
        assert normal.shape == (HEIGHT, WIDTH)
        assert np.isfinite(normal).all()
        assert assess(image).usable in {True, False}


@pytest.mark.parametrize(
    "image",
    [
        pytest.param(np.full((100, 300), 255, np.uint8), id="white"),
        pytest.param(np.zeros((100, 300), np.uint8), id="black"),
        pytest.param(
            np.random.default_rng(1).normal(235, 5, (100, 300)).clip(0, 255).astype(np.uint8),
            id="paper grain",
        ),
    ],
)
def test_a_blank_crop_is_not_usable(image):
    quality = assess(image)

    assert not quality.usable
    assert quality.issues == (QualityIssue.BLANK,)
    assert normalise(image).max() == 0


def test_a_written_crop_is_usable_and_measured():
    quality = assess(coloured(signature(1)))

    assert quality.usable
    assert quality.issues == ()
    assert 100 < quality.width < 360
    assert 0.01 < quality.ink < 0.5


def test_a_dot_is_too_small():
    image = np.full((100, 300), 255, np.uint8)
    cv2.circle(image, (150, 50), 6, 0, -1)

    quality = assess(image)

    assert not quality.usable
    assert QualityIssue.TOO_SMALL in quality.issues


def test_a_redaction_has_too_much_ink():
    image = np.full((100, 300), 255, np.uint8)
    image[20:80, 30:270] = 0

    quality = assess(image)

    assert not quality.usable
    assert QualityIssue.TOO_MUCH_INK in quality.issues


def test_a_signature_cut_by_the_crop_is_flagged_and_stays_usable():
    whole = signature(1)
    half = whole[:, : whole.shape[1] // 2]

    assert assess(whole).issues == ()
    assert assess(half).issues == (QualityIssue.CLIPPED,)
    assert assess(half).usable
    assert assess(whole, at_page_border=True).issues == (QualityIssue.CLIPPED,)


@pytest.mark.parametrize("inked", [True, False], ids=["ink and a speck", "specks alone"])
def test_the_box_of_the_ink_leaves_specks_out(inked):
    mask = np.zeros((200, 300), np.uint8)
    mask[190:192, 280:284] = 255
    if inked:
        mask[20:120, 30:230] = 255

    assert ink_box(mask) == ((30, 20, 200, 100) if inked else (280, 190, 4, 2))
    assert ink_box(np.zeros_like(mask)) == (0, 0, 0, 0)

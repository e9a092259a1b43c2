"""Cleaning: lines and print go, strokes stay, and nothing is drawn."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
import pytest

from tests.handwriting import coloured, signature
from training.cleaner.dirt import soil
from worker.vision import weights
from worker.vision.choices import Cleaning
from worker.vision.cleaning.cleaner import Cleaner, by_rules, load_cleaner, removed_share, whiten
from worker.vision.cleaning.learned import FIELD_HEIGHT, FIELD_WIDTH, fitted, unfitted
from worker.vision.crops import assess, dark_pixels, grey, ink_mask

SEEDS = range(1, 13)
clean = load_cleaner(Cleaning.CLASSICAL).clean
#: Precision and recall of strokes on SEEDS, soiled.
REGRESSION = {Cleaning.CLASSICAL: (0.798, 0.994), Cleaning.AUTO: (0.937, 0.966)}


@dataclass(frozen=True)
class Scores:
    """Shares over many crops: kept pixels that are strokes, and strokes that were kept."""

    precision: float
    recall: float


def on_form(seed: int) -> np.ndarray:
    """A signature with paper around it, as a detector's box has."""
    return cv2.copyMakeBorder(signature(seed), 40, 60, 60, 60, cv2.BORDER_CONSTANT, value=240)


def with_rules(image: np.ndarray, seed: int) -> np.ndarray:
    rng = np.random.default_rng(seed)
    soiled, (height, width) = image.copy(), image.shape
    for level in (0.45, 0.75):
        y = int(level * height)
        cv2.line(soiled, (0, y), (width, y + int(rng.integers(-6, 7))), 80, 2, cv2.LINE_AA)
    return np.minimum(soiled, image)


def with_print(image: np.ndarray, seed: int) -> np.ndarray:
    soiled, height = image.copy(), image.shape[0]
    for y, text in ((height - 15, "Authorised signature and date"), (height // 2, "Name of the signatory")):
        cv2.putText(soiled, text, (20, y), cv2.FONT_HERSHEY_SIMPLEX, 0.5, 40, 1, cv2.LINE_AA)
    return np.minimum(soiled, image)


def with_box(image: np.ndarray, seed: int) -> np.ndarray:
    soiled, (height, width) = image.copy(), image.shape
    cv2.line(soiled, (0, 15), (width, 15), 60, 2)
    cv2.line(soiled, (0, height - 15), (width, height - 15), 60, 2)
    cv2.line(soiled, (20, 0), (20, height), 60, 2)
    cv2.line(soiled, (width - 20, 0), (width - 20, height), 60, 2)
    return np.minimum(soiled, image)


def scores(dirty: list[np.ndarray], true: list[np.ndarray], *, cleaned: bool) -> Scores:
    kept = stroke = both = near = 0
    for image, truth in zip(dirty, true, strict=True):
        ink = (clean(image) if cleaned else image) < 128
        strokes = truth < 128
        wide = cv2.dilate(strokes.astype(np.uint8), np.ones((3, 3), np.uint8)) > 0
        kept, stroke = kept + ink.sum(), stroke + strokes.sum()
        both, near = both + (ink & strokes).sum(), near + (ink & wide).sum()
    return Scores(near / kept, both / stroke)


@pytest.mark.parametrize(
    ("dirt", "precision"),
    [
        pytest.param(with_rules, 0.97, id="ruled lines"),
        pytest.param(with_box, 0.97, id="a box"),
        pytest.param(with_print, 0.93, id="printed text"),
    ],
)
def test_dirt_goes_and_strokes_stay(dirt, precision):
    true = [on_form(seed) for seed in SEEDS]
    dirty = [dirt(image, seed) for seed, image in zip(SEEDS, true, strict=True)]

    before, after = scores(dirty, true, cleaned=False), scores(dirty, true, cleaned=True)

    assert before.precision < 0.9
    assert after.precision >= precision
    assert after.recall >= 0.95


@pytest.mark.parametrize("seed", SEEDS)
def test_a_clean_signature_keeps_every_stroke(seed):
    image = on_form(seed)

    strokes = image < 100

    assert ((clean(image) < 128) & strokes).sum() == strokes.sum()


@pytest.mark.parametrize("method", [Cleaning.CLASSICAL, Cleaning.LEARNED, Cleaning.AUTO])
@pytest.mark.parametrize("dirt", [with_rules, with_print, with_box])
def test_ink_is_never_invented(dirt, method):
    dirty = dirt(on_form(3), 3)

    darker = load_cleaner(method).clean(dirty).astype(int) < dirty.astype(int) - 1

    assert not darker.any()


def test_a_flourish_is_not_a_rule():
    image = on_form(4)
    cv2.line(image, (200, 170), (440, 168), 30, 4, cv2.LINE_AA)
    strokes = image < 100

    assert ((clean(image) < 128) & strokes).sum() == strokes.sum()


def test_black_print_goes_from_under_a_blue_pen():
    page = np.full((180, 460, 3), 250, np.uint8)
    for x in range(10, 440, 22):
        cv2.rectangle(page, (x, 70), (x + 12, 92), (30, 30, 30), 2)
    strokes = on_form(5)[:180, :460] < 128
    page[strokes] = (30, 60, 190)

    ink = clean(page) < 150

    assert (ink & strokes).sum() >= 0.97 * strokes.sum()
    assert (ink & ~strokes).sum() <= 0.15 * strokes.sum()


def test_a_signature_in_separate_letters_is_not_taken_for_print():
    """Block letters under a thin flourish: most of the ink stands in a row, as print does."""
    image = np.full((200, 520), 240, np.uint8)
    cv2.putText(image, "M N O P Q R S T U", (20, 150), cv2.FONT_HERSHEY_SIMPLEX, 0.9, 30, 4)
    cv2.ellipse(image, (480, 100), (25, 90), 10, 60, 300, 30, 1)
    strokes = image < 100

    assert ((clean(image) < 128) & strokes).sum() >= 0.98 * strokes.sum()


def test_shaded_paper_becomes_white():
    image = on_form(6).astype(float)
    shaded = (image * np.linspace(0.55, 1.0, image.shape[1])[None, :]).astype(np.uint8)

    paper = whiten(shaded)[on_form(6) > 235]

    assert np.quantile(paper, 0.02) > 235


@pytest.mark.parametrize("shape", [(1, 1), (3, 500), (500, 3), (40, 40)])
def test_any_shape_is_answered_in_its_own_shape(shape):
    image = coloured(np.random.default_rng(1).integers(0, 256, shape, dtype=np.uint8))

    assert clean(image).shape == shape


@pytest.mark.parametrize("shape", [(1, 1), (3, 500), (500, 3), (40, 40)])
def test_the_network_answers_in_the_crop_s_own_shape(shape):
    image = np.random.default_rng(1).integers(0, 256, shape, dtype=np.uint8)

    assert load_cleaner(Cleaning.LEARNED).clean(image).shape == shape


@pytest.mark.parametrize("scale", [0.4, 1.0, 2.5])
def test_what_is_fitted_into_the_field_comes_back_to_its_place(scale):
    image = signature(3, scale=scale)

    back = unfitted(1 - fitted(image).astype(np.float32) / 255, image.shape) > 0.5
    ink = image < 128

    assert fitted(image).shape == (FIELD_HEIGHT, FIELD_WIDTH)
    assert (back & ink).sum() >= 0.93 * (back | ink).sum()


@pytest.mark.parametrize("seed", SEEDS)
def test_the_default_leaves_the_ink_of_a_clean_signature_alone(seed):
    image = on_form(seed)

    assert np.array_equal(load_cleaner(Cleaning.AUTO).clean(image), whiten(image))


def test_the_default_leaves_a_crop_alone_of_which_nothing_usable_would_stay():
    image = on_form(1)
    greedy = Cleaner(Cleaning.AUTO, "greedy", lambda crop, whitened, mask: np.zeros_like(mask))

    assert assess(greedy.clean(image)).usable


def test_the_default_leaves_a_crop_alone_of_which_little_would_go():
    image = with_rules(on_form(1), 1)
    whitened = whiten(image)
    mask = dark_pixels(whitened)
    share = removed_share(mask, by_rules(image, whitened, mask))

    reluctant = Cleaner(Cleaning.AUTO, "reluctant", by_rules, share + 0.01)
    eager = Cleaner(Cleaning.AUTO, "eager", by_rules, share - 0.01)

    assert np.array_equal(reluctant.clean(image), whitened)
    assert np.array_equal(eager.clean(image), clean(image))


def test_without_a_cleaner_the_crop_is_only_made_grey():
    image = coloured(with_rules(on_form(1), 1))

    assert np.array_equal(load_cleaner(Cleaning.OFF).clean(image), grey(image))


def test_a_cleaner_s_version_tells_methods_and_weights_apart():
    versions = [load_cleaner(method).version for method in Cleaning]

    assert len(set(versions)) == len(versions)
    assert all(weights.entry("cleaner").sha256 in version for version in versions[2:])


def test_the_shipped_cleaners_find_exactly_the_strokes_they_found_when_they_were_measured():
    pairs = [soil(ink_mask(signature(seed)), np.random.default_rng((seed, 5))) for seed in SEEDS]

    told = {method: _told(method, pairs) for method in (Cleaning.CLASSICAL, Cleaning.AUTO)}

    assert told == REGRESSION


def _told(method, pairs):
    """Precision and recall, to a thousandth, over all pairs."""
    cleaner, kept, near, both, dark = load_cleaner(method), 0, 0, 0, 0
    for pair in pairs:
        mask = dark_pixels(whiten(grey(pair.dirty))) > 0
        ink = mask & (cleaner.clean(pair.dirty) < 255)
        beside = cv2.dilate(pair.strokes, np.ones((3, 3), np.uint8)) > 0
        kept, near = kept + ink.sum(), near + (ink & beside).sum()
        both, dark = both + (ink & (pair.strokes > 0)).sum(), dark + (mask & (pair.strokes > 0)).sum()
    return round(float(near / kept), 3), round(float(both / dark), 3)

"""Synthetic signers: reproducible, steady in themselves, different from one another."""

from itertools import combinations

import cv2
import numpy as np
import pytest

from training.synthesis.ink import PenStrokes
from training.synthesis.kinematics import Motor, move, speed
from training.synthesis.letters import glyph
from training.synthesis.strokes import InventedSigner, draw_strokes, forge, sign, write_text


def rng(*seed):
    return np.random.default_rng(seed)


def silhouette(strokes: PenStrokes) -> np.ndarray:
    """The ink, fitted into a small frame and blurred: enough to tell shapes apart."""
    dark = 255 - draw_strokes(strokes, width=176, height=120, margin=0.5, ink=(0, 0, 0))[..., 0].astype(
        np.float32
    )
    soft = cv2.GaussianBlur(dark, (0, 0), 4)
    return soft / np.linalg.norm(soft)


def distance(strokes: PenStrokes, other: PenStrokes) -> float:
    return float(np.linalg.norm(silhouette(strokes) - silhouette(other)))


def test_the_same_seed_gives_the_same_person_and_the_same_ink():
    first, second = InventedSigner.from_seed(11), InventedSigner.from_seed(11)

    assert first == second
    assert np.array_equal(draw_strokes(sign(first, rng(1))), draw_strokes(sign(second, rng(1))))


def test_two_signatures_of_one_person_are_never_identical():
    signer = InventedSigner.from_seed(11)

    assert distance(sign(signer, rng(1)), sign(signer, rng(2))) > 0.05


def test_genuine_signatures_vary_less_than_people_do():
    signers = [InventedSigner.from_seed(seed) for seed in range(12)]
    written = [[sign(signer, rng(signer.seed, turn)) for turn in range(3)] for signer in signers]

    within = [distance(*pair) for own in written for pair in combinations(own, 2)]
    between = [distance(one[0], other[0]) for one, other in combinations(written, 2)]

    assert np.median(within) < 0.6 * np.median(between)
    assert np.quantile(within, 0.9) < np.quantile(between, 0.1)


def test_a_forgery_is_written_slower_than_its_model():
    signer = InventedSigner.from_seed(3)
    genuine, forged = sign(signer, rng(1)), forge(signer, rng(1))

    def mean_speed(strokes: PenStrokes) -> float:
        return float(np.concatenate([speed(trace) for trace in strokes.traces]).mean())

    assert mean_speed(forged) < 0.6 * mean_speed(genuine)


def test_a_forgery_resembles_its_model_more_than_another_person():
    signers = [InventedSigner.from_seed(seed) for seed in range(10)]

    to_model = [distance(sign(signer, rng(1)), forge(signer, rng(2))) for signer in signers]
    to_others = [distance(sign(one, rng(1)), sign(other, rng(1))) for one, other in combinations(signers, 2)]

    assert np.median(to_model) < np.median(to_others)


def test_slow_strokes_reach_their_targets():
    corners = np.array([[0.0, 0.0], [10.0, 0.0], [10.0, 10.0]])

    trace = move(corners, Motor(rounding=0.1))

    assert np.allclose(trace[-1, :2], corners[-1], atol=0.3)
    assert np.hypot(*(trace[:, :2] - corners[1]).T).min() < 0.3


def test_speed_has_one_peak_per_stroke():
    trace = move(np.array([[0.0, 0.0], [10.0, 0.0], [0.0, 0.0]]), Motor(rounding=0.2))
    pace = speed(trace)

    peaks = (pace[1:-1] > pace[:-2]) & (pace[1:-1] >= pace[2:]) & (pace[1:-1] > pace.max() / 2)

    assert peaks.sum() == 2


@pytest.mark.parametrize("size", [(220, 155), (64, 300)])
def test_a_drawing_has_the_size_asked_for_and_its_ink_inside(size):
    width, height = size

    picture = draw_strokes(sign(InventedSigner.from_seed(5), rng(1)), width=width, height=height)

    assert picture.shape == (height, width, 3)
    edges = np.concatenate([picture[0], picture[-1], picture[:, 0], picture[:, -1]])
    assert (edges == 255).all()
    assert (picture.min(axis=2) < 128).sum() > 50


def test_handwriting_leaves_out_what_it_has_no_letters_for():
    signer = InventedSigner.from_seed(5)

    assert len(write_text("1$2", signer, rng(1)).traces) == len(write_text("12", signer, rng(1)).traces)


def test_an_unknown_character_has_no_glyph():
    with pytest.raises(KeyError):
        glyph("$")

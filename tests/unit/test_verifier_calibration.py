"""Fitting a calibration: known distributions give known likelihood ratios, bands and words."""

from __future__ import annotations

import json
import math

import numpy as np
import pytest

pytest.importorskip("torch", reason="training is an optional extra")

from training.verifier import calibrate, protocol, reliability
from training.verifier.bands import NEVER, Side, Tolerance
from training.verifier.calibrate import Evidence, _few_references_widen, _fit, line
from training.verifier.protocol import Gallery
from worker.vision.verification.calibration import Calibration, Fit, OpenSetThreshold, parse

Floats = np.ndarray


def evidence(genuine: Floats, skilled: Floats, *, agreed: float = 0.0) -> Evidence:
    """One number a query, with the same agreement of all references, and no steadiness."""
    scores = np.concatenate([genuine, skilled])
    labels = np.arange(len(scores)) < len(genuine)
    weights = np.where(labels, 0.5 / len(genuine), 0.5 / len(skilled))
    known = [np.full_like(scores, agreed), np.zeros_like(scores)]
    return Evidence(np.stack([scores, *known], axis=1), labels, weights)


def normal(mean: float, spread: float, count: int, seed: int = 1) -> Floats:
    """Draws of a normal distribution, the same in every run."""
    return np.random.default_rng(seed).normal(mean, spread, count)


@pytest.mark.parametrize(
    ("apart", "spread"),
    [
        pytest.param(2.0, 1.0, id="two deviations apart"),
        pytest.param(1.0, 1.0, id="one deviation apart"),
        pytest.param(3.0, 2.0, id="wide"),
    ],
)
def test_two_normal_distributions_give_the_ratio_that_their_densities_have(apart, spread):
    made = evidence(normal(apart, spread, 20_000), normal(0, spread, 20_000, seed=2))

    (slope, *_), intercept = line([made])

    # log N(x; apart, s) - log N(x; 0, s) = apart / s^2 * (x - apart / 2)
    assert slope == pytest.approx(apart / spread**2, rel=0.06)
    assert intercept == pytest.approx(-(apart**2) / (2 * spread**2), rel=0.1)


def test_a_class_that_is_asked_more_often_weighs_no_more():
    genuine, skilled = normal(2, 1, 4000), normal(0, 1, 4000, seed=2)

    (even, *_), level = line([evidence(genuine, skilled)])
    (uneven, *_), shifted = line([evidence(genuine, np.tile(skilled, 5))])

    assert uneven == pytest.approx(even, rel=0.01)
    assert shifted == pytest.approx(level, rel=0.01)


def test_sets_at_other_levels_leave_the_slope_and_share_the_level():
    near = [evidence(normal(2, 1, 4000, seed), normal(0, 1, 4000, seed + 1)) for seed in (1, 3)]
    far = evidence(normal(22, 1, 4000, 5), normal(20, 1, 4000, 6))

    (slope, *_), intercept = line(near)
    (same, *_), lower = line([*near, far])

    assert same == pytest.approx(slope, rel=0.05)
    assert lower == pytest.approx(intercept - slope * 20 / 3, rel=0.05)


def test_a_fit_states_half_where_both_are_as_likely():
    fitted = _fit([evidence(normal(4, 1, 5000), normal(0, 1, 5000, seed=2))], 1)

    assert fitted["slope"] * 2.0 + fitted["intercept"] == pytest.approx(0.0, abs=0.1)
    assert fitted["references"] == 1
    assert fitted["forged_below"] <= 0.5 <= fitted["genuine_from"]


def test_the_better_hands_are_told_apart_the_narrower_is_the_band():
    bands = []
    for apart in (1.0, 2.0, 4.0):
        fitted = _fit([evidence(normal(apart, 1, 5000), normal(0, 1, 5000, seed=2))], 3)
        bands.append(fitted["genuine_from"] - fitted["forged_below"])

    assert bands == sorted(bands, reverse=True)
    assert bands[0] > bands[-1]


def test_stronger_words_need_stronger_evidence():
    fitted = _fit([evidence(normal(3, 1, 5000), normal(0, 1, 5000, seed=2))], 3)

    assert 0 <= fitted["medium"] < fitted["high"] < NEVER
    assert 0 <= fitted["medium_forged"] < NEVER


@pytest.mark.parametrize("references", [2, 3, 10])
def test_forged_is_never_of_high_confidence(references: int):
    fitted = _fit([evidence(normal(9, 1, 5000), normal(0, 1, 5000, seed=2))], references)

    assert fitted["high"] < NEVER
    assert fitted["high_forged"] == NEVER


def test_one_reference_never_earns_a_stronger_word_than_low():
    fitted = _fit([evidence(normal(9, 1, 5000), normal(0, 1, 5000, seed=2))], 1)

    words = ("medium", "high", "medium_forged", "high_forged")
    assert {fitted[word] for word in words} == {NEVER}


def test_what_cannot_be_told_apart_is_never_decided():
    same = normal(0, 1, 2000)

    fitted = _fit([evidence(same, same)], 1)

    assert fitted["genuine_from"] == pytest.approx(1.0)
    assert fitted["forged_below"] == pytest.approx(0.0)
    assert fitted["medium"] == fitted["high"] == fitted["high_forged"] == NEVER


@pytest.mark.parametrize(
    ("strength", "wrong", "expected"),
    [
        pytest.param([-1, 1, 2, 3], [1, 0, 0, 0], 1.0, id="errors below even odds do not count"),
        pytest.param([0.5, 1, 2, 3], [1, 0, 0, 0], 1.0, id="from behind the only error"),
        pytest.param([0.5, 1, 2, 3], [0, 0, 0, 0], 0.5, id="without errors from the first on"),
        pytest.param([0.5, 1, 2, 3], [0, 0, 0, 1], NEVER, id="never where the strongest errs"),
        pytest.param([-3, -2, -1, 4], [0, 0, 0, 0], 0.0, id="never below even odds"),
    ],
)
def test_the_edge_is_the_least_strength_with_few_enough_errors(strength, wrong, expected):
    side = Side(np.array(strength, float), np.array(wrong, bool), np.ones(len(strength)))

    assert side.edge(Tolerance(0.15, 0.05)) == expected


def test_verdicts_together_err_no_more_than_allowed():
    strength = np.linspace(0.1, 10, 100)
    wrong = (np.arange(100) % 10 == 0) & (strength < 6)

    edge = Side(strength, wrong, np.ones(100)).edge(Tolerance(0.2, 0.05))

    assert wrong[strength >= edge].mean() <= 0.05
    assert edge < 6


@pytest.mark.parametrize(
    ("right", "wrong", "low", "high"),
    [
        pytest.param(normal(3, 1, 20), normal(-3, 1, 20), 0.5, 3.1, id="no more than twenty cases can carry"),
        pytest.param(normal(9, 1, 2000), normal(-9, 1, 2000), 5.0, 7.7, id="more with more cases"),
        pytest.param(
            normal(0, 1, 500), normal(0, 1, 500, seed=2), 0.0, 0.3, id="nothing where none can tell"
        ),
    ],
)
def test_few_cases_carry_no_strong_ratio(right, wrong, low, high):
    strength = np.concatenate([right, wrong])
    side = Side(strength, np.arange(len(strength)) >= len(right), np.ones(len(strength)))

    assert low <= side.bound() <= high


def test_bands_hold_on_the_set_that_differs_from_the_others():
    alike = [evidence(normal(4, 1, 2000, seed), normal(0, 1, 2000, seed + 9)) for seed in (1, 2, 3)]
    other = evidence(normal(5, 1, 2000, 4), normal(2, 1, 2000, 5))

    plain, careful = _fit(alike, 3), _fit([*alike, other], 3)

    llr = other.features[:, 0] * careful["slope"] + careful["intercept"]
    accepted = llr >= math.log(careful["genuine_from"] / (1 - careful["genuine_from"]))
    assert careful["genuine_from"] > plain["genuine_from"]
    assert (accepted & ~other.genuine).sum() / accepted.sum() <= 0.08


def fits(**columns: list[float]) -> list[dict[str, float]]:
    """Fits of one, two and three references."""
    values = {
        "genuine_from": [0.9, 0.8, 0.7],
        "forged_below": [0.1, 0.2, 0.3],
        "medium": [3.0, 2.0, 1.0],
        "high": [6.0, 5.0, 4.0],
        "medium_forged": [3.0, 2.0, 1.0],
        "high_forged": [6.0, 5.0, 4.0],
        "least": [-9.0, -9.0, -9.0],
        "most": [1.0, 9.0, 9.0],
    } | columns
    return [{name: column[i] for name, column in values.items()} for i in range(3)]


@pytest.mark.parametrize(
    ("name", "given", "expected"),
    [
        pytest.param("genuine_from", [0.9, 0.8, 0.7], [0.9, 0.8, 0.7], id="narrowing stays"),
        pytest.param("genuine_from", [0.8, 0.9, 0.7], [0.9, 0.9, 0.7], id="one needs what two need"),
        pytest.param("forged_below", [0.2, 0.1, 0.3], [0.1, 0.1, 0.3], id="the lower edge only rises"),
        pytest.param("medium", [1.0, 2.0, 3.0], [2.0, 2.0, 2.0], id="words never get dearer"),
        pytest.param("high", [6.0, 4.0, 5.0], [6.0, 4.0, 4.0], id="more need no more than fewer"),
    ],
)
def test_more_references_never_widen_the_band_or_raise_the_price_of_words(name, given, expected):
    smooth = _few_references_widen(fits(**{name: given}))

    assert [fit[name] for fit in smooth] == pytest.approx(expected)


def test_bounds_reach_as_far_as_verdicts_begin():
    bounded = _few_references_widen(fits())

    assert bounded[0]["most"] == pytest.approx(math.log(9), abs=1e-4)
    assert (bounded[1]["most"], bounded[0]["least"]) == (9.0, -9.0)


def scored(
    seed: int, *, writers: int = 14, each: int = 12, source: str = "made up"
) -> tuple[Gallery, Floats]:
    """Logits around 3 for a writer's genuine pairs, 0 for forgeries and -4 for other writers."""
    rng = np.random.default_rng(seed)
    numbers = np.repeat(np.arange(writers), 2 * each)
    genuine = np.tile(np.arange(2 * each) < each, writers)
    same = numbers[:, None] == numbers[None, :]
    table = np.where(same, np.where(genuine, 3.0, 0.0)[:, None], -4.0) + rng.normal(0, 1, same.shape)
    return Gallery([], numbers, genuine, source), table


@pytest.fixture(scope="module")
def calibration():
    return calibrate.calibrate([scored(1, source="paper"), scored(2, source="tablets")])


def test_a_calibration_is_one_that_a_worker_reads(calibration, tmp_path):
    read = parse(json.dumps(calibration), version="v")

    assert [fit.references for fit in read.fits] == list(calibrate.COUNTS)
    assert read.sharpness in calibrate.SHARPNESS
    assert calibration["fitted_on"] == ["paper", "tablets"]


def test_fresh_signers_get_ratios_that_can_be_believed(calibration):
    gallery, table = scored(9)
    read = Calibration(
        "v",
        calibration["sharpness"],
        tuple(Fit(**fit) for fit in calibration["fits"]),
        OpenSetThreshold(**calibration["strangers"]),
    )

    trials = protocol.trials(protocol.draws(table, gallery, count=1), protocol.llr(read, 1))

    judged = reliability.measure_reliability(trials)
    assert judged.ece < 0.03
    assert judged.cllr.value - judged.min_cllr < 0.05


def test_a_few_unenrolled_in_a_hundred_pass_where_one_in_a_hundred_may(calibration):
    gallery, table = scored(9)
    fit = calibration["fits"][calibrate.COUNTS.index(3)]
    level, slope = calibration["strangers"]["level"], calibration["strangers"]["slope"]
    ratios = np.concatenate(
        [
            fit["slope"] * draw.random.mean(axis=1) + Fit(**fit).expected(draw.traits)
            for draws in protocol.draws(table, gallery, count=3, others=5)
            for draw in draws
        ]
    )

    passing = float((ratios >= level + slope * math.log10(100)).mean())

    assert 0.0005 < passing < 0.05


def noisy_references(seed: int) -> tuple[Gallery, Floats]:
    """Some references of every writer are worthless for some queries: only the best one tells."""
    gallery, table = scored(seed)
    rng = np.random.default_rng(seed)
    same = gallery.writers[:, None] == gallery.writers[None, :]
    return gallery, np.where(same & (rng.random(table.shape) < 0.6), -6.0, table)


def test_the_best_reference_decides_where_the_others_say_nothing():
    plain = calibrate.calibrate([scored(3)])
    noisy = calibrate.calibrate([noisy_references(3)])

    assert noisy["sharpness"] > plain["sharpness"]


def test_errors_are_the_mean_over_sets():
    easy, hard = scored(5), scored(6)
    hard = (hard[0], np.where(hard[0].genuine[:, None], hard[1] - 2.0, hard[1]))
    drawn = [protocol.draws(table, gallery, count=3) for gallery, table in (easy, hard)]

    both = calibrate.fitted_errors(drawn, 0.0)
    alone = [calibrate.fitted_errors([part], 0.0) for part in drawn]

    assert alone[0] < alone[1]
    assert both == pytest.approx(sum(alone) / 2, abs=0.02)

"""Training's statistics against known answers: textbook intervals, constructed scores, closed forms."""

from __future__ import annotations

import math

import numpy as np
import pytest

pytest.importorskip("sklearn", reason="training is an optional extra")

from training.common import statistics
from training.common.statistics import (
    BINS,
    ErrorCurves,
    area_estimate,
    area_under_curve,
    cluster_counts,
    equal_error_rate,
    error_curves,
    exact_interval,
    isotonic_fit,
    logistic_fit,
    mean_estimate,
    normal_deviates,
    percentile_estimate,
    probabilities,
    ratio_estimate,
    reliability_bins,
    resampled_curves,
    resampled_rows,
    resampling_counts,
    sums_estimate,
)


def floats(*values: float) -> np.ndarray:
    return np.array(values, np.float64)


@pytest.mark.parametrize(
    ("count", "of", "low", "high"),
    [
        # Clopper and Pearson's limits as tabulated; 3/n and the rule of three for none.
        pytest.param(0, 10, 0.0, 0.3085, id="none of ten"),
        pytest.param(10, 10, 0.6915, 1.0, id="all of ten"),
        pytest.param(1, 10, 0.0025, 0.4450, id="one of ten"),
        pytest.param(5, 10, 0.1871, 0.8129, id="half of ten"),
        pytest.param(3, 20, 0.0321, 0.3789, id="three of twenty"),
        pytest.param(0, 1000, 0.0, 0.003682, id="none of a thousand"),
    ],
)
def test_exact_intervals_are_those_of_the_tables(count, of, low, high):
    assert exact_interval(count, of) == pytest.approx((low, high), abs=6e-5)


def test_nothing_is_known_of_a_share_of_nothing():
    assert exact_interval(0, 0) == (0.0, 1.0)


def test_an_exact_interval_narrows_with_trials_and_mirrors():
    few, many = exact_interval(1, 4), exact_interval(100, 400)
    low, high = exact_interval(3, 4)

    assert few[0] < many[0] < 0.25 < many[1] < few[1]
    assert (1 - high, 1 - low) == pytest.approx(few)


@pytest.mark.parametrize(
    ("genuine", "impostors", "expected"),
    [
        pytest.param([3, 4, 5], [0, 1, 2], 0.0, id="apart"),
        pytest.param([0, 1, 2], [3, 4, 5], 1.0, id="upside down"),
        pytest.param([1, 2, 3, 4], [0, 1.5, 2.5, 3.5], 0.5, id="interleaved"),
        pytest.param([1, 5, 6, 7], [0, 2, 3, 4], 0.25, id="one of four each"),
        pytest.param([5] * 4, [5] * 4, 0.5, id="all alike"),
    ],
)
def test_the_equal_error_rate_of_constructed_scores(genuine, impostors, expected):
    assert equal_error_rate(floats(*genuine), floats(*impostors)) == pytest.approx(expected)


def test_of_equal_gaps_the_lowest_threshold_gives_the_rate():
    # 2 of 9 rejected meets 41 of 180 accepted, and 21 of 90 as far on the other side: both gaps are 1/180.
    curves = ErrorCurves(
        floats(0, 1, np.inf),
        floats(40 / 180, 42 / 180, 1)[None],
        floats(41 / 180, 41 / 180, 0)[None],
    )

    assert curves.equal_error()[0] == pytest.approx(81 / 360)


def test_the_equal_error_rate_does_not_change_with_the_scale_of_scores():
    rng = np.random.default_rng(2)
    genuine, impostors = rng.normal(1, 1, 200), rng.normal(0, 1, 300)

    plain = equal_error_rate(genuine, impostors)

    assert equal_error_rate(np.exp(genuine), np.exp(impostors)) == pytest.approx(plain)
    assert equal_error_rate(-impostors, -genuine) == pytest.approx(plain, abs=0.01)


def test_the_equal_error_rate_of_two_normal_distributions_is_that_of_their_distance():
    rng = np.random.default_rng(3)

    rate = equal_error_rate(rng.normal(2, 1, 40_000), rng.normal(0, 1, 40_000))

    # Phi(-d / 2) for means d apart.
    assert rate == pytest.approx(0.158655, abs=0.005)


def test_curves_run_from_everything_accepted_to_nothing():
    curves = error_curves(floats(1, 2, 3), floats(0, 1, 2))

    assert curves.thresholds.tolist() == [0, 1, 2, 3, np.inf]
    assert curves.accepted[0] == pytest.approx([1, 2 / 3, 1 / 3, 0, 0])
    assert curves.rejected[0] == pytest.approx([0, 0, 1 / 3, 2 / 3, 1])


def test_the_area_counts_ties_half():
    assert error_curves(floats(1, 2), floats(1, 0)).area()[0] == pytest.approx((1 + 1 + 0.5 + 1) / 4)
    assert error_curves(floats(7, 7), floats(7)).area()[0] == pytest.approx(0.5)


def test_what_may_be_accepted_decides_what_is_rejected():
    curves = error_curves(floats(1, 2, 3, 4), floats(0, 0.5, 1.5, 2.5))

    rejected = [curves.rejected_at(share)[0] for share in (1.0, 0.5, 0.25, 0.0)]
    assert rejected == pytest.approx([0, 0, 0.25, 0.5])


def test_a_bootstrap_in_which_everybody_counts_once_gives_the_exact_curves():
    rng = np.random.default_rng(4)
    genuine, impostors = ([rng.normal(mean, 1, 12) for _ in range(6)] for mean in (1, 0))

    drawn = resampled_curves(genuine, impostors, np.ones((3, 6)))
    exact = error_curves(np.concatenate(genuine), np.concatenate(impostors))

    assert np.allclose(drawn.rejected, exact.rejected)
    assert np.allclose(drawn.accepted, exact.accepted)
    assert np.allclose(drawn.area(), exact.area())


def test_many_scores_are_counted_into_bins_and_hardly_move_the_rate():
    rng = np.random.default_rng(5)
    genuine, impostors = ([rng.normal(mean, 1, 2000) for _ in range(4)] for mean in (1.5, 0))

    drawn = resampled_curves(genuine, impostors, np.ones((1, 4)))
    exact = error_curves(np.concatenate(genuine), np.concatenate(impostors))

    assert len(drawn.thresholds) <= BINS + 1 < len(exact.thresholds)
    assert drawn.equal_error()[0] == pytest.approx(exact.equal_error()[0], abs=0.002)


def test_a_cluster_that_counts_twice_weighs_twice():
    genuine, impostors = [floats(1, 1), floats(5, 5)], [floats(0), floats(0)]

    drawn = resampled_curves(genuine, impostors, np.array([[1.0, 1.0], [2.0, 0.0], [0.0, 2.0]]))

    at_five = drawn.rejected[:, drawn.thresholds == 5][:, 0]
    assert at_five == pytest.approx([0.5, 1.0, 0.0])


def test_every_draw_has_as_many_clusters_as_there_are():
    counts, rows = resampling_counts(7, rounds=40), resampled_rows(7, rounds=40)

    assert counts.shape == rows.shape == (40, 7)
    assert (counts.sum(axis=1) == 7).all()
    assert rows.min() >= 0
    assert rows.max() <= 6
    assert (counts == resampling_counts(7, rounds=40)).all()
    assert not (counts == resampling_counts(7, rounds=40, seed=2)).all()


def test_counts_and_rows_are_the_same_draws():
    counts, rows = resampling_counts(5, rounds=30, seed=3), resampled_rows(5, rounds=30, seed=3)

    assert counts.tolist() == [np.bincount(row, minlength=5).tolist() for row in rows]


def test_an_interval_leaves_out_the_tails_and_what_is_no_number():
    drawn = np.append(np.arange(1001, dtype=np.float64), [np.nan] * 5)

    estimate = percentile_estimate(500.0, drawn)

    assert (estimate.value, estimate.low, estimate.high) == pytest.approx((500, 25, 975))
    assert math.isnan(percentile_estimate(1.0, floats(np.nan, np.nan)).low)


def test_the_interval_of_a_mean_is_about_two_standard_errors_wide():
    values = np.random.default_rng(6).normal(10, 2, 400)

    estimate = mean_estimate(values)

    error = values.std() / math.sqrt(len(values))
    assert estimate.value == pytest.approx(values.mean())
    assert estimate.high - estimate.low == pytest.approx(2 * 1.96 * error, rel=0.1)


def test_a_share_is_that_of_all_queries_and_not_the_mean_of_writers():
    estimate = ratio_estimate([1, 0], [1, 9])

    assert estimate.value == pytest.approx(0.1)
    assert estimate.low <= estimate.value <= estimate.high


def test_clusters_that_are_all_alike_leave_no_doubt():
    estimate = sums_estimate(np.tile([3.0, 4.0], (5, 1)), lambda total: total[:, 0] / total[:, 1])

    assert (estimate.value, estimate.low, estimate.high) == pytest.approx((0.75, 0.75, 0.75))


def test_a_ratio_draws_both_its_parts_together():
    # Every cluster has the same ratio: however they are drawn, the ratio stays.
    below = np.arange(1.0, 9.0)

    estimate = ratio_estimate(below / 4, below, rounds=50)

    assert (estimate.value, estimate.low, estimate.high) == pytest.approx((0.25, 0.25, 0.25))


def test_a_ratio_is_drawn_as_whole_clusters_with_the_given_seed():
    above, below = floats(1, 0, 3, 2), floats(2, 2, 4, 2)
    rows = resampled_rows(4, rounds=300, seed=9)

    estimate = ratio_estimate(above, below, rounds=300, seed=9)

    drawn = above[rows].sum(axis=1) / below[rows].sum(axis=1)
    assert (estimate.low, estimate.high) == pytest.approx(tuple(np.quantile(drawn, [0.025, 0.975])))


@pytest.mark.parametrize("empty", [pytest.param(0.0, id="zero"), pytest.param(math.nan, id="no number")])
def test_a_ratio_over_nothing_is_what_the_caller_says(empty):
    estimate = ratio_estimate(floats(0, 0, 0), floats(0, 0, 0), rounds=20, empty=empty)

    assert estimate.value == pytest.approx(empty, nan_ok=True)
    assert estimate.low == pytest.approx(empty, nan_ok=True)


def test_one_cluster_gives_a_value_without_a_width():
    estimate = ratio_estimate(floats(2), floats(8))

    assert (estimate.value, estimate.low, estimate.high) == (0.25, 0.25, 0.25)


def test_an_interval_covers_the_true_rate_about_as_often_as_it_says():
    rng, true, covered = np.random.default_rng(7), 0.3, 0
    for round_ in range(120):
        right = rng.binomial(5, true, 60).astype(np.float64)
        estimate = ratio_estimate(right, np.full(60, 5.0), rounds=200, seed=round_)
        covered += estimate.low <= true <= estimate.high

    assert 0.88 <= covered / 120 <= 1.0


def test_isotonic_regression_pools_what_falls_by_weight():
    x, y = floats(1, 2, 3, 4), floats(0, 1, 0, 1)

    assert isotonic_fit(x, y, floats(1, 1, 1, 1)).tolist() == [0, 0.5, 0.5, 1]
    assert isotonic_fit(x, y, floats(1, 3, 1, 1)).tolist() == pytest.approx([0, 0.75, 0.75, 1])


def test_isotonic_regression_answers_in_the_order_it_was_asked():
    x, y = floats(3, 1, 2), floats(1, 0, 0.5)

    assert isotonic_fit(x, y, np.ones(3)).tolist() == pytest.approx([1, 0, 0.5])


def test_equal_scores_have_one_calibrated_value():
    fitted = isotonic_fit(floats(1, 1, 2, 2), floats(0, 1, 1, 1), np.ones(4))

    assert fitted.tolist() == pytest.approx([0.5, 0.5, 1, 1])


def test_a_logistic_fit_finds_the_numbers_that_made_the_data():
    rng = np.random.default_rng(8)
    features = rng.normal(0, 1.5, (30_000, 2))
    labels = rng.random(30_000) < probabilities(features @ [1.2, -0.4] + 0.5)

    coefficients, intercept = logistic_fit(features, labels, np.ones(30_000))

    assert coefficients == pytest.approx([1.2, -0.4], abs=0.06)
    assert intercept == pytest.approx(0.5, abs=0.06)


def test_a_logistic_fit_over_two_groups_is_their_log_odds():
    # Three of four against one of four: ln 3 above and below even odds.
    features = np.repeat([[1.0], [0.0]], 4, axis=0)
    labels = np.array([True, True, True, False, True, False, False, False])

    (slope,), intercept = logistic_fit(features, labels, np.ones(8))

    assert intercept == pytest.approx(-math.log(3), abs=1e-3)
    assert slope == pytest.approx(2 * math.log(3), abs=1e-3)


def test_weights_count_as_repetitions():
    features = floats(0, 1, 2, 3)[:, None]
    labels = np.array([False, True, False, True])

    weighted, level = logistic_fit(features, labels, floats(1, 2, 1, 3))
    repeated, other = logistic_fit(
        np.repeat(features, [1, 2, 1, 3], axis=0), np.repeat(labels, [1, 2, 1, 3]), np.ones(7)
    )

    assert weighted == pytest.approx(repeated, abs=1e-6)
    assert level == pytest.approx(other, abs=1e-6)


def test_reliability_bins_hold_what_was_stated_and_what_was_true():
    stated, labels = floats(0.05, 0.15, 0.95, 1.0), np.array([False, True, True, False])

    low, next_, high = reliability_bins(stated, labels, np.full(4, 0.25), bins=10)

    assert low == pytest.approx((0.05, 0.0, 0.25))
    assert next_ == pytest.approx((0.15, 1.0, 0.25))
    assert high == pytest.approx((0.975, 0.5, 0.5))


def test_probabilities_are_even_at_no_evidence_and_never_overflow():
    assert probabilities(floats(0, math.log(3), -1000, 1000)) == pytest.approx([0.5, 0.75, 0, 1])


def test_deviates_are_those_of_the_normal_distribution():
    assert normal_deviates(floats(0.5, 0.975, 0.0227501)) == pytest.approx([0, 1.95996, -2], abs=1e-4)


def test_the_seed_of_a_bootstrap_is_fixed_so_that_a_figure_can_be_repeated():
    assert (statistics.ROUNDS, statistics.SEED) == (1000, 1)
    values = np.random.default_rng(1).random(30)
    assert mean_estimate(values) == mean_estimate(values)


def test_the_interval_of_an_area_is_that_of_areas_of_drawn_clusters():
    rng = np.random.default_rng(5)
    truths, clusters = np.arange(60) % 3 == 0, np.array([f"c{number // 4}" for number in range(60)])
    # Few levels, so that there are ties.
    scores = np.round(rng.normal(0, 1, 60) + truths, 0)

    estimate = area_estimate(scores, truths, clusters)

    drawn = [
        area_under_curve(np.repeat(scores, often.astype(int)), np.repeat(truths, often.astype(int)))
        for often in cluster_counts(clusters)
    ]
    assert estimate.value == area_under_curve(scores, truths)
    assert (estimate.low, estimate.high) == pytest.approx(tuple(np.quantile(drawn, (0.025, 0.975))))


def test_draws_without_a_true_case_have_no_area():
    estimate = area_estimate(floats(0.1, 0.2, 0.9), np.array([False, False, True]), np.array(["a", "b", "c"]))

    assert (estimate.value, estimate.low, estimate.high) == (1.0, 1.0, 1.0)

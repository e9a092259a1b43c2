"""The measures of a verifier against answers known beforehand, and what they are measured on."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest

pytest.importorskip("torch")

from training.common.statistics import error_curves, normal_deviates, resampled_curves
from training.verifier import calibrate, metrics, protocol, readers, reliability
from training.verifier.degrade import CONDITIONS, as_scanned
from training.verifier.metrics import Trials
from training.verifier.protocol import Gallery
from worker.vision.crops import ink_mask
from worker.vision.verification.calibration import Fit, OpenSetThreshold

NORMAL = np.random.default_rng(1).normal


def writers(count: int, *, apart: float = 2.0, scale: float = 1.0) -> list[Trials]:
    return [Trials(*(NORMAL(mean, 1, 50) * scale for mean in (apart, 0.0, -apart))) for _ in range(count)]


def test_low_false_acceptance_costs_false_rejection():
    genuine, impostors = np.array([1.0, 2.0, 3.0, 4.0]), np.array([0.0, 0.5, 1.5, 2.5])
    curves = error_curves(genuine, impostors)

    assert curves.rejected_at(0.5)[0] == 0.0
    assert curves.rejected_at(0.25)[0] == pytest.approx(0.25)
    assert curves.rejected_at(0.0)[0] == pytest.approx(0.5)


def test_nobody_is_accepted_where_nobody_can_be_told_apart():
    curves = error_curves(np.zeros(5), np.zeros(5))

    assert curves.rejected_at(0.01)[0] == 1.0
    assert curves.equal_error()[0] == pytest.approx(0.5)
    assert curves.area()[0] == pytest.approx(0.5)


def test_the_area_is_the_chance_that_a_genuine_score_is_the_higher():
    genuine, impostors = NORMAL(1, 1, 300), NORMAL(0, 1, 200)
    pairs = (genuine[:, None] > impostors[None, :]).mean()

    assert error_curves(genuine, impostors).area()[0] == pytest.approx(pairs, abs=1e-9)


def test_a_threshold_for_each_user_errs_less_than_one_for_all():
    shifted = [
        Trials(trial.genuine + shift, trial.skilled + shift, trial.random)
        for shift, trial in zip((-4.0, -2.0, 0.0, 2.0, 4.0), writers(5), strict=True)
    ]

    assert metrics.user_eer(shifted, "skilled").value < metrics.skilled_eer(shifted) - 0.05


def test_binned_draws_agree_with_the_exact_rate():
    trials = writers(30)

    estimate = metrics.eer_estimate(trials, "skilled")
    everybody = np.ones((2, len(trials)))
    binned = resampled_curves([t.genuine for t in trials], [t.skilled for t in trials], everybody)

    assert binned.equal_error()[0] == pytest.approx(estimate.value, abs=0.003)


def test_half_the_errors_is_a_ratio_of_a_half():
    trials = [Trials(np.array([0.0, 2, 2, 2]), np.array([1.0, 0, 0, 0]), np.zeros(1))] * 4
    other = [Trials(np.array([0.0] + [2] * 7), np.array([1.0] + [0] * 7), np.zeros(1))] * 4

    assert metrics.eer_ratio(trials, other).value == pytest.approx(0.5, abs=0.05)


def test_honest_ratios_are_calibrated_and_boasting_ones_are_not():
    honest = [Trials(NORMAL(2, 2, 400), NORMAL(-2, 2, 400), np.zeros(1)) for _ in range(10)]
    boasting = [Trials(5 * trial.genuine, 5 * trial.skilled, trial.random) for trial in honest]

    good, bad = reliability.measure_reliability(honest), reliability.measure_reliability(boasting)

    assert good.ece < 0.03
    assert good.cllr.value - good.min_cllr < 0.02
    assert good.cllr.low < good.cllr.value < good.cllr.high
    assert bad.min_cllr == pytest.approx(good.min_cllr, abs=1e-9)
    assert bad.cllr.value - bad.min_cllr > 0.1
    assert bad.ece > good.ece


def test_saying_nothing_costs_one_bit():
    assert reliability.cllr(np.zeros(7), np.zeros(9)) == pytest.approx(1.0)


def scored(seed: int, *, hand_varies: bool = True) -> tuple[Gallery, np.ndarray]:
    """Writers whose genuine logits lie at a level of their own, and whose forgeries lie below that."""
    rng = np.random.default_rng(seed)
    people, genuine, forged = 12, 12, 12
    kinds = np.repeat(np.arange(people), genuine + forged)
    is_genuine = np.tile(np.arange(genuine + forged) < genuine, people)
    level = rng.normal(0, 3 if hand_varies else 0, people)[kinds]
    same = kinds[:, None] == kinds[None, :]
    table = np.where(same, level[None, :] + 2.0 * is_genuine[:, None], level[None, :] - 8.0)
    return Gallery([], kinds, is_genuine, "made up"), table + rng.normal(0, 1.5, table.shape)


def test_a_calibration_judges_by_the_references_agreement_and_widens_for_few():
    made = calibrate.calibrate([scored(1), scored(2)])
    fits = [Fit(**fit) for fit in made["fits"]]

    assert [fit.references for fit in fits] == list(calibrate.COUNTS)
    assert fits[0].agreement == 0.0
    assert all(fit.agreement < -0.3 * fit.slope < 0 for fit in fits[2:])
    widths = [fit.genuine_from - fit.forged_below for fit in fits]
    assert widths == sorted(widths, reverse=True)
    assert widths[0] > widths[-1]


def test_one_reference_is_judged_by_its_steadiness_several_are_not():
    gallery, table = scored(1)
    level = table[gallery.writers[:, None] == gallery.writers[None, :]].reshape(len(table), -1).mean(axis=1)
    steady = level - level.min()

    fits = [Fit(**fit) for fit in calibrate.calibrate([(replace(gallery, steadiness=steady), table)])["fits"]]

    assert fits[0].plainness < -0.5 * fits[0].slope < 0
    assert {fit.plainness for fit in fits[1:]} == {0.0}


def test_sets_that_lie_at_other_levels_do_not_hide_what_steadiness_tells():
    easy, other = scored(1), scored(2)
    known = []
    for (gallery, table), shift in ((easy, 0.0), (other, 20.0)):
        same = gallery.writers[:, None] == gallery.writers[None, :]
        level = table[same].reshape(len(table), -1).mean(axis=1)
        known.append((replace(gallery, steadiness=level - level.min() + shift), table))

    fits = [Fit(**fit) for fit in calibrate.calibrate(known)["fits"]]

    assert fits[0].plainness < -0.5 * fits[0].slope < 0


def test_calibrated_verdicts_err_no_more_often_than_stated():
    measured, table = scored(3)
    made = calibrate.calibrate([(measured, table)])
    fit = Fit(**made["fits"][3])
    drawn = protocol.draws(table, measured, count=5)
    trials = protocol.trials(
        drawn, lambda pairs, traits: fit.slope * pairs.mean(axis=1) + fit.expected(traits)
    )
    upper = math.log(fit.genuine_from / (1 - fit.genuine_from))
    genuine, skilled = (metrics.pooled(trials, kind) >= upper for kind in ("genuine", "skilled"))

    wrong = skilled.mean() / (skilled.mean() + genuine.mean())

    assert wrong <= calibrate.TOLERANCES["decided"].together + 0.02


def test_the_more_are_enrolled_the_nearer_somebody_must_be():
    made = calibrate.calibrate([scored(4)])
    open_set = OpenSetThreshold(**made["strangers"])

    assert open_set.slope > 0
    assert open_set.threshold(1000) > open_set.threshold(10)


@pytest.mark.parametrize("name", CONDITIONS)
def test_a_soiled_crop_still_has_ink(name):
    rng = np.random.default_rng(1)
    signer = readers.invented([1], specimens=1)[0]
    scan = as_scanned(255 - signer.genuine[0].mask(), rng)

    degraded = CONDITIONS[name](scan, rng)

    assert degraded.dtype == np.uint8
    assert degraded.ndim == 2
    assert 0.005 < (ink_mask(degraded) > 0).mean() < 0.5


def test_deviates_are_those_of_the_normal_distribution():
    assert normal_deviates(np.array([0.5, 0.0227501])) == pytest.approx([0.0, -2.0], abs=1e-4)

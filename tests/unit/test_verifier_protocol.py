"""Which queries meet which references, and what is counted of them, on made-up tables of scores."""

from __future__ import annotations

import numpy as np
import pytest

pytest.importorskip("torch", reason="training is an optional extra")

from training.verifier import metrics, protocol, reliability
from training.verifier.calibrate import NEVER, Evidence, _edge, _few_references_widen
from training.verifier.metrics import Trials
from training.verifier.protocol import Gallery

PEOPLE, GENUINE, FORGED = 3, 4, 2


@pytest.fixture
def gallery() -> Gallery:
    """Three writers with four genuine specimens and two forgeries each."""
    each = GENUINE + FORGED
    genuine = np.tile(np.arange(each) < GENUINE, PEOPLE)
    return Gallery([], np.repeat(np.arange(PEOPLE), each), genuine, "made up")


@pytest.fixture
def table(gallery: Gallery) -> np.ndarray:
    """A score that tells its own row and column: row + column / 100."""
    rows = np.arange(len(gallery.writers), dtype=np.float64)
    return rows[:, None] + rows[None] / 100


def test_one_reference_is_each_genuine_specimen_in_turn(gallery, table):
    drawn = protocol.draws(table, gallery, count=1)

    assert len(drawn) == PEOPLE
    assert all(len(draws) == GENUINE for draws in drawn)
    references = {round(float(draw.genuine[0, 0] % 1) * 100) for draw in drawn[1]}
    assert references == {6, 7, 8, 9}


def test_a_reference_is_never_asked_about_itself(gallery, table):
    for count in (1, 2, 3):
        for draws in protocol.draws(table, gallery, count=count):
            for draw in draws:
                assert draw.genuine.shape == (GENUINE - count, count)
                columns = {round(float(score % 1) * 100) for score in draw.genuine[0]}
                assert columns.isdisjoint(draw.genuine_rows.tolist())


def test_forgeries_are_those_of_the_writer_and_strangers_are_genuine(gallery, table):
    (first, *_), *_ = protocol.draws(table, gallery, count=2)

    assert first.skilled_rows.tolist() == [4, 5]
    assert first.skilled.shape == (FORGED, 2)
    # One genuine specimen of each other writer: rows 6 and 12.
    assert sorted({int(score) for score in first.random.ravel()}) == [6, 12]


def test_writers_without_a_specimen_left_to_ask_about_are_left_out(gallery, table):
    assert protocol.draws(table, gallery, count=GENUINE) == []


def test_draws_are_the_same_each_time(gallery, table):
    first, again = (protocol.draws(table, gallery, count=2) for _ in range(2))

    for one, other in zip(first, again, strict=True):
        assert [draw.genuine.tolist() for draw in one] == [draw.genuine.tolist() for draw in other]


@pytest.mark.parametrize("count", [1, 2, 5])
def test_so_many_genuine_specimens_of_every_other_writer_ask(gallery, count):
    rows = protocol.some_of_each_other(gallery, 1, count)

    assert set(gallery.writers[rows]) == {0, 2}
    assert gallery.genuine[rows].all()
    assert len(rows) == 2 * min(count, GENUINE)


def test_scores_are_computed_for_pairs_that_trials_ask_for_alone(gallery):
    asked = np.zeros((len(gallery.writers),) * 2, bool)
    for queries, references in protocol.asked(gallery):
        asked[np.ix_(queries, references)] = True

    assert not asked[:, ~gallery.genuine].any()
    assert asked[np.ix_(range(6), range(4))].all()
    assert not asked[np.ix_([7], range(4))].any()


def test_a_trial_holds_one_score_a_query(gallery, table):
    (trial, *_) = protocol.trials(
        protocol.draws(table, gallery, count=3, rounds=2), lambda pairs, agreed: pairs.max(axis=1)
    )

    assert (len(trial.genuine), len(trial.skilled), len(trial.random)) == (2, 4, 4)


def trials(*rows: tuple[list[float], list[float]]) -> list[Trials]:
    return [Trials(np.array(genuine), np.array(skilled), np.zeros(1)) for genuine, skilled in rows]


def test_one_threshold_for_all_errs_where_each_writer_alone_is_told_apart():
    apart = trials(([5, 6], [3, 4]), ([2, 2.5], [0, 1]))

    assert metrics.user_eer(apart, "skilled").value == 0
    assert metrics.skilled_eer(apart) == pytest.approx(0.5)


def test_an_estimate_of_the_equal_error_rate_is_the_exact_one_with_bounds():
    rng = np.random.default_rng(1)
    many = [Trials(rng.normal(1, 1, 10), rng.normal(0, 1, 10), rng.normal(-2, 1, 10)) for _ in range(25)]

    skilled, random = (metrics.eer_estimate(many, kind) for kind in ("skilled", "random"))

    assert skilled.value == metrics.skilled_eer(many)
    assert random.value == metrics.random_eer(many) < skilled.value
    assert skilled.low < skilled.value < skilled.high


def test_a_share_of_queries_is_counted_over_all_writers():
    share = metrics.share_of_queries(
        trials(([1, 2, 3], []), ([0], [])), "genuine", lambda scores: scores >= 2
    )

    assert share.value == pytest.approx(2 / 4)


def test_the_best_calibration_of_scores_that_are_apart_costs_nothing():
    assert reliability.min_cllr(np.array([2.0, 3]), np.array([0.0, 1])) == pytest.approx(0, abs=1e-6)
    assert reliability.min_cllr(np.ones(4), np.ones(4)) == pytest.approx(1)


def test_overstated_evidence_against_the_truth_costs_more_than_saying_nothing():
    assert reliability.cllr(np.array([-5.0]), np.array([5.0])) > 1
    assert reliability.cllr(np.array([20.0]), np.array([-20.0])) == pytest.approx(0, abs=1e-6)


def evidence(llr: list[float], genuine: list[bool]) -> Evidence:
    return Evidence(np.array(llr)[:, None], np.array(genuine), np.full(len(llr), 1 / len(llr)))


def test_the_edge_of_a_band_lies_where_errors_become_rare():
    strength = np.arange(1.0, 101.0)
    wrong = (strength <= 40) & (strength % 2 == 0)

    edge = _edge(strength, wrong, np.ones(100))

    assert 33 <= edge <= 41
    assert wrong[strength >= edge].mean() <= 0.05


def test_where_verdicts_never_err_the_band_is_empty_and_where_they_always_do_endless():
    strength = np.arange(-5.0, 5.0)

    assert _edge(strength, np.zeros(10, bool), np.ones(10)) == 0
    assert _edge(strength, np.ones(10, bool), np.ones(10)) == NEVER


def test_bands_of_fewer_references_are_never_narrower():
    names = ("genuine_from", "forged_below", "medium", "high")
    fits = [dict.fromkeys(names, value) for value in (0.9, 0.7, 0.8)]
    for fit in fits:
        fit["forged_below"] = 1 - fit["forged_below"]

    widened = _few_references_widen(fits)

    assert [fit["genuine_from"] for fit in widened] == pytest.approx([0.9, 0.75, 0.75])
    assert [fit["forged_below"] for fit in widened] == pytest.approx([0.1, 0.25, 0.25])


def test_evidence_is_fitted_as_its_log_odds():
    (slope,), intercept = evidence([1, 1, 1, 0, 0, 0], [True, True, False, True, False, False]).fit()

    assert intercept == pytest.approx(-np.log(2), abs=1e-3)
    assert slope == pytest.approx(2 * np.log(2), abs=1e-3)

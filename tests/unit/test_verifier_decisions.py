"""Verdicts counted: what is decided, what of that is wrong, by confidence."""

from dataclasses import replace

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="training is an optional extra")

from training.verifier.decisions import decisions  # noqa: E402
from training.verifier.metrics import Trials  # noqa: E402
from worker.vision.verification.calibration import Fit  # noqa: E402

#: Genuine from 0 upwards, forged below -2 (as probabilities at equal odds); high confidence from 3 away.
FIT = Fit(
    references=1,
    slope=1,
    agreement=0,
    intercept=0,
    genuine_from=0.5,
    forged_below=1 / (1 + np.e**2),
    medium=1,
    high=3,
    medium_forged=2.5,
    high_forged=3,
)


def writer(genuine: list[float], skilled: list[float]) -> Trials:
    return Trials(np.array(genuine), np.array(skilled), np.array([-9.0]))


def test_a_verdict_is_wrong_or_right_and_inconclusive_is_neither():
    judged = decisions("set", 1, [writer([1, 4, -1, -4], [-3, 2, -1, -5])], FIT)

    assert judged.decided.value == 6 / 8
    assert judged.wrong_where_decided.value == 2 / 6
    assert judged.genuine_called_forged.value == judged.forged_called_genuine.value == 1 / 4


def test_high_confidence_is_judged_alone():
    judged = decisions("set", 1, [writer([1, 4, -1, -4], [-3, 2, -1, -5])], FIT)

    assert judged.wrong_among_high.value == 1 / 4


def test_a_fit_that_always_decides_decides_all():
    always = replace(FIT, genuine_from=0, forged_below=0)

    assert decisions("set", 1, [writer([1, -4], [2, -3])], always).decided.value == 1


def test_writers_are_pooled_and_counted():
    judged = decisions("set", 1, [writer([1], [-3]), writer([-3], [-3])], FIT)

    assert (judged.writers, judged.trials, judged.genuine_called_forged.value) == (2, 4, 0.5)

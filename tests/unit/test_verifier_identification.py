"""Searches among enrolled signers: who is found, who is named, and who is nobody."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("torch")

from training.verifier import identification
from training.verifier.identification import KINDS, _Person, _search
from training.verifier.library import Library, VerifierModels
from worker.vision.verification.calibration import Calibration, Fit, OpenSetThreshold
from worker.vision.verification.embedding import GLOBAL

FIT = Fit(
    references=1,
    slope=1.0,
    agreement=0.0,
    intercept=0.0,
    genuine_from=0.8,
    forged_below=0.2,
    medium=2.0,
    high=4.0,
    medium_forged=1.0,
    high_forged=4.0,
)
#: Among ten signers the nearest must reach a log-likelihood ratio of 1.
CALIBRATION = Calibration("made up", 0.0, (FIT,), OpenSetThreshold(level=-1.0, slope=1.0, rate=0.1))


class Likeness:
    """A matcher whose logit is 4 for the same direction and -4 for the opposite one."""

    version = "likeness"

    def logits(self, query, references):
        return 4.0 * (references @ query).astype(np.float64)


def person(axis: int, *, source: str = "CEDAR", towards: int | None = None) -> _Person:
    """Enrolled along one axis, asked about along the same or another one."""
    vectors = np.eye(GLOBAL, dtype=np.float32)
    return _Person(
        source, str(axis), vectors[[axis] * 3], vectors[[axis if towards is None else towards] * 2]
    )


@pytest.fixture
def library():
    return Library(Path(), VerifierModels(None, Likeness(), CALIBRATION, {}))


def test_everybody_is_found_and_nobody_is_named_for_the_unenrolled(library):
    search = _search(library, [person(i) for i in range(10)], [person(20), person(21)], KINDS[0])

    assert (search.enrolled, search.queries, search.unenrolled) == (10, 20, 4)
    assert search.first.value == search.among_five.value == search.named.value == 1.0
    assert search.false_alarms.value == 0.0
    assert search.composition == {"CEDAR": 10}


def test_who_writes_like_another_is_found_as_that_other(library):
    enrolled = [*(person(i) for i in range(9)), person(9, towards=3)]

    search = _search(library, enrolled, [person(20, towards=3)], KINDS[0])

    assert search.first.value == pytest.approx(0.9)
    assert search.false_alarms.value == 1.0


def test_prescribed_names_are_asked_about_apart(library):
    enrolled = [person(0), person(1, source=identification.NAMES)]
    unenrolled = [person(20), person(21, source=identification.NAMES)]

    signatures, names = (_search(library, enrolled, unenrolled, kind) for kind in KINDS)

    assert (signatures.queries, signatures.unenrolled) == (2, 2)
    assert (names.queries, names.unenrolled) == (2, 2)
    assert signatures.enrolled == names.enrolled == 2

"""What the shipped roles say of drawn pages, exactly: new weights or ways of looking change these numbers."""

from __future__ import annotations

import pytest

from training.roles.conditions import CONDITIONS, measure_conditions
from training.roles.unusual import NONE_THERE, THERE, measure_unusual
from worker.engines import build_detector
from worker.settings import Detection
from worker.vision.detection.detector import Detector
from worker.vision.weights import entry

#: The weights that these numbers belong to.
WEIGHTS = "de718d1a7961"
PAGES = 6
#: Of so many pages of a kind, the signatures found, and the unsigned ones called signed.
FOUND = {
    "under or touching a round stamp": 6,
    "light on dark": 6,
    "vertical on an upright page": 6,
    "receipt of 0.5 to 1.2 m": 6,
    "askew by 12°": 5,
}
CALLED = {"a signed back that shows through, mirrored": 4, "plots": 3, "logos": 2, "large digits": 1}
UNDER = {"200 dpi, colour": (8, 8), "askew by 6°": (8, 8), "askew by 10°": (8, 8), "photographed": (8, 8)}


@pytest.fixture(scope="module")
def detector() -> Detector:
    return build_detector(Detection(roles="on"))


def test_these_numbers_belong_to_the_weights_that_ship() -> None:
    assert entry("roles").sha256.startswith(WEIGHTS)


@pytest.mark.parametrize("name", FOUND)
def test_signatures_of_unusual_kinds_are_found_as_measured(name: str, detector: Detector) -> None:
    kinds = [kind for kind in THERE if kind.name == name]

    (measured,) = measure_unusual(kinds, detector, lambda *_: None, limit=PAGES)

    assert (measured.share.some, measured.share.many) == (FOUND[name], PAGES)


@pytest.mark.parametrize("name", CALLED)
def test_pages_that_nobody_signed_are_called_signed_as_measured(name: str, detector: Detector) -> None:
    kinds = [kind for kind in NONE_THERE if kind.name == name]

    (measured,) = measure_unusual(kinds, detector, lambda *_: None, limit=PAGES)

    assert (measured.share.some, measured.share.many) == (CALLED[name], PAGES)


def test_signatures_on_pages_askew_and_photographed_are_found_as_measured(detector: Detector) -> None:
    measured = measure_conditions(detector, lambda *_: None, limit=PAGES)

    shares = {row.condition: (row.share.some, row.share.many) for row in measured}
    assert shares == UNDER
    assert shares.keys() == set(CONDITIONS)

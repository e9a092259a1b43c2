"""The crop classifier at run time: what it sees, and what it does to a detector's answer."""

import numpy as np
import pytest

from worker.engines import result_versions
from worker.settings import Detection, Verification
from worker.vision.choices import Label
from worker.vision.detection.classifier import (
    KINDS,
    LOOK_HEIGHT,
    LOOK_WIDTH,
    MARGINS,
    Kind,
    OnnxClassifier,
    RescoringDetector,
    as_look,
    classified,
    levels_at,
)
from worker.vision.values import Box, DetectedRegion
from worker.vision.weights import entry

PAGE = np.full((200, 300, 3), 255, np.uint8)
REGIONS = [
    DetectedRegion(Box(10, 10, 80, 30), 0.9, Label.SIGNATURE),
    DetectedRegion(Box(10, 60, 80, 30), 0.8, Label.HANDWRITTEN_DATE),
    DetectedRegion(Box(10, 110, 80, 30), 0.7, Label.SIGNATURE),
]


class FixedDetector:
    """Finds the same regions on every page."""

    def detect(self, pages):
        return [list(REGIONS) for _ in pages]


class FixedClassifier:
    """Gives one row for every look at a region, region after region, and counts the looks."""

    def __init__(self, *rows: tuple[float, float, float, float]) -> None:
        self.rows = rows
        self.shown = 0

    def classify(self, looks):
        self.shown += len(looks)
        rows = np.repeat(np.array(self.rows, np.float32), len(MARGINS), axis=0)
        return rows[: len(looks)].reshape(-1, len(KINDS))


def reviewed(*rows, doubt=0.9, min_score=0.05):
    look = RescoringDetector(FixedDetector(), FixedClassifier(*rows), doubt=doubt, min_score=min_score)
    return look.detect([PAGE])[0]


def test_a_crop_is_fitted_into_the_field_with_its_aspect_kept():
    crop = np.full((100, 100), 255, np.uint8)
    crop[10:90, 10:90] = 0

    look = as_look(crop)

    rows, columns = np.flatnonzero(look.max(axis=1) > 0.5), np.flatnonzero(look.max(axis=0) > 0.5)
    assert look.shape == (LOOK_HEIGHT, LOOK_WIDTH)
    assert np.ptp(rows) == pytest.approx(np.ptp(columns), abs=1)
    assert columns.mean() == pytest.approx(LOOK_WIDTH / 2, abs=1)


def test_faint_ink_on_grey_paper_looks_like_black_on_white():
    sharp = np.full((60, 120), 255, np.uint8)
    sharp[20:40, 30:90] = 0
    faint = np.where(sharp == 0, 120, 200).astype(np.uint8)

    assert np.allclose(as_look(sharp), as_look(faint), atol=0.01)


@pytest.mark.parametrize("shape", [(1, 1), (1, 2), (3, 7), (64, 128), (61, 97)])
@pytest.mark.parametrize("levels", [1, 2, 256])
def test_levels_are_the_quantiles_that_numpy_finds(shape, levels):
    image = np.random.default_rng(levels).integers(0, levels, shape, np.uint8)
    shares = [0.0, 0.005, 0.3, 0.5, 0.9, 1.0]

    assert levels_at(image, shares).tolist() == np.quantile(image.astype(np.float32), shares).tolist()


@pytest.mark.parametrize(
    "shape", [pytest.param((1, 1), id="one pixel"), pytest.param((40, 90, 3), id="blank")]
)
def test_a_crop_without_ink_is_all_paper(shape):
    assert not as_look(np.full(shape, 230, np.uint8)).any()


def test_what_looks_like_print_or_a_stamp_is_no_signature_any_more():
    kept = reviewed((0.02, 0.02, 0.9, 0.06), (0.01, 0.01, 0.08, 0.9))

    assert [region.label for region in kept] == [
        Label.PRINTED_TEXT,
        Label.HANDWRITTEN_DATE,
        Label.STAMP_OR_LOGO,
    ]


def test_what_is_taken_back_keeps_its_place_and_its_score():
    kept = reviewed((0.0, 0.0, 1.0, 0.0), (0.0, 0.0, 1.0, 0.0))

    assert [(one.box, one.score) for one in kept] == [(one.box, one.score) for one in REGIONS]


def test_a_signature_scores_what_both_make_of_it_and_the_best_comes_first():
    kept = reviewed((0.2, 0.0, 0.3, 0.1), (0.9, 0.1, 0.0, 0.0))

    assert [(one.box.y, pytest.approx(one.score, abs=1e-6)) for one in kept] == [
        (60, 0.8),
        (110, 0.7),
        (10, 0.9 * 0.6),
    ]
    assert kept[2].label is Label.SIGNATURE


def test_a_signature_that_no_longer_reaches_the_threshold_is_not_served():
    kept = reviewed((0.2, 0.0, 0.3, 0.1), (1.0, 0.0, 0.0, 0.0), min_score=0.6)

    assert [one.box.y for one in kept] == [60, 110]


def test_handwriting_is_left_to_the_detector():
    assert reviewed((0.05, 0.95, 0.0, 0.0), (0.05, 0.95, 0.0, 0.0)) == REGIONS


def test_only_signatures_are_looked_at():
    classifier = FixedClassifier((1.0, 0.0, 0.0, 0.0), (1.0, 0.0, 0.0, 0.0))

    RescoringDetector(FixedDetector(), classifier, doubt=0.9, min_score=0.05).detect([PAGE])

    assert classifier.shown == 2 * len(MARGINS)


def test_the_looks_at_a_region_are_wider_and_wider_and_their_mean_counts():
    page = np.full((200, 300, 3), 255, np.uint8)
    page[100:140, 100:200] = 0
    rows = iter([(1.0, 0.0, 0.0, 0.0), (0.0, 0.0, 1.0, 0.0), (0.0, 0.0, 0.5, 0.5)])
    windows = []

    class TurningClassifier(FixedClassifier):
        def classify(self, looks):
            windows.extend(looks)
            return np.array([next(rows) for _ in looks], np.float32)

    answers = classified(TurningClassifier(), page, [Box(90, 90, 120, 60)])

    ink = [look.sum() for look in windows]
    assert ink == sorted(ink, reverse=True)
    assert np.allclose(answers, [[1 / 3, 0, 1 / 2, 1 / 6]])


def test_no_crops_give_no_rows():
    assert OnnxClassifier().classify([]).shape == (0, len(KINDS))


def test_the_answers_of_one_crop_sum_to_one():
    shares = OnnxClassifier().classify([as_look(PAGE)] * 3)

    assert shares.shape == (3, len(KINDS))
    assert np.allclose(shares.sum(axis=1), 1, atol=1e-5)


def test_the_catalogue_names_the_kinds_in_the_order_of_the_answers():
    assert entry("classifier").parameters["kinds"] == [kind.value for kind in Kind]


@pytest.mark.parametrize(("setting", "named"), [("on", True), ("off", False)])
def test_a_result_names_the_classifier_that_looked(setting, named):
    versions = result_versions(Detection(classifier=setting, roles="off"), Verification())

    assert (versions.get("classifier") == entry("classifier").sha256) is named
    assert ("doubt" in versions["thresholds"]) is named


def test_the_weights_decide_where_nothing_is_set():
    by_default = "classifier" in result_versions(Detection(roles="off"), Verification())

    assert by_default is entry("classifier").parameters["default"]

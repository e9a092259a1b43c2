"""What the shipped detector finds on the fixed drawn pages, and that both engines find it."""

import json
from dataclasses import asdict
from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="training is an optional extra")

from tests.evaluation_data import DATA, needs_data  # noqa: E402
from training.detector.conditions import drawn_family  # noqa: E402
from training.detector.drawn_test import (  # noqa: E402
    FEW,
    SEED,
    counts_by_label,
    drawn_cases,
    drawn_page,
    pages_digest,
    shipped_detectors,
)
from training.detector.evaluate import PARITY_DPI, PARITY_PAGES, Evaluation  # noqa: E402
from training.detector.parity import MAX_SCORE_GAP, compare_engines  # noqa: E402
from training.detector.plots import draw_plots, print_blocks  # noqa: E402
from training.detector.sheets import LABELS  # noqa: E402
from training.detector.testsets import DOCUMENT_LABELS, real_documents  # noqa: E402
from worker.errors import WrongUse  # noqa: E402
from worker.vision.choices import Label, Thresholds  # noqa: E402
from worker.vision.detection.detector import OnnxDetector  # noqa: E402
from worker.vision.detection.torch_detector import TorchDetector  # noqa: E402
from worker.vision.detection.yolo import default_thresholds  # noqa: E402
from worker.vision.weights import entry  # noqa: E402

with_data = needs_data("detection", "verification", "documents")
#: Renewed by `python -m training.detector.drawn_test tests/expected/detector.json`.
EXPECTED = json.loads((Path(__file__).parent.parent / "expected" / "detector.json").read_text())
DETECTORS = [name for name, *_ in shipped_detectors()]


@pytest.fixture(scope="module")
def pages():
    return [drawn_page(index) for index in range(FEW)]


def test_the_drawn_pages_are_the_same_for_ever(pages):
    assert pages_digest(pages) == EXPECTED["digest"]


def test_every_label_is_on_the_drawn_pages(pages):
    labels = {mark.label for page in pages for mark in page.marks}

    assert labels == {label.value for label in LABELS}


def test_every_shipped_detector_is_held_to_its_figures():
    assert set(DETECTORS) == set(EXPECTED["detectors"])


@pytest.mark.parametrize("name", DETECTORS)
def test_the_shipped_weights_find_what_they_found_when_they_were_measured(pages, name):
    weights, expected = entry(name), EXPECTED["detectors"][name]
    detector = OnnxDetector(name, thresholds=default_thresholds(weights))

    assert weights.sha256 == expected["weights"], "new weights: renew tests/expected/detector.json"
    assert counts_by_label(pages, detector) == expected["counts"]


def test_training_never_draws_a_test_page():
    # Training seeds its pages with [small number, index].
    assert SEED > 2**16


@pytest.mark.parametrize(
    ("name", "count"),
    [
        pytest.param("detector", PARITY_PAGES, id="fast"),
        # Ten times the work a page; `evaluate detector --only parity --name …` takes all of them.
        pytest.param("detector-accurate", 20, id="accurate"),
    ],
)
def test_both_engines_find_the_same_boxes(name, count):
    low = Thresholds(min_score=0.05 - 2 * MAX_SCORE_GAP)
    pixels = (drawn_page(index, dpi=PARITY_DPI).pixels for index in range(count))

    parity = compare_engines(
        pixels,
        OnnxDetector(name, thresholds=low),
        TorchDetector(f"{name}-torch", device="cpu", thresholds=low),
        min_score=0.05,
    )

    assert parity.pages == count
    assert parity.regions > count
    assert parity.holds, parity


def test_a_condition_moves_the_boxes_with_the_ink():
    (case, *_), conditions = drawn_family().cases, drawn_family().conditions
    pixels, marks = case.read()
    signatures = [mark for mark in marks if mark.label is Label.SIGNATURE]
    assert signatures

    for condition in conditions:
        if condition.name == "600 dpi":
            continue
        changed, moved = condition.change(pixels, marks)
        for mark in moved:
            box = mark.box
            rows = slice(max(0, int(box.y)), int(box.y + box.height) + 1)
            cut = changed[rows, max(0, int(box.x)) : int(box.x + box.width) + 1]
            assert cut.size, condition.name
            assert np.ptp(cut.astype(int)) > 60, condition.name


def test_hand_made_labels_lie_on_their_pages():
    documents = json.loads(DOCUMENT_LABELS.read_text())["documents"]

    for name, document in documents.items():
        for region in document["regions"]:
            assert Label(region["label"]) in LABELS
            assert 0 <= region["page"] < document["pages"], name
            assert 0 <= region["x"] < region["x"] + region["width"] <= 1
            assert 0 <= region["y"] < region["y"] + region["height"] <= 1


@with_data
def test_pages_that_training_may_have_seen_are_no_evidence():
    cases = real_documents(DATA / "documents")

    assert len(cases) == 57
    assert not any("tobacco" in case.name for case in cases)


@with_data
def test_an_evaluation_measures_what_it_is_asked_for_and_can_be_drawn(tmp_path):
    evaluation = Evaluation(DATA, limit=3)

    report = evaluation.report(["squares", "drawn", "speed"])
    drawn = draw_plots(evaluation.seen, tmp_path, min_score=0.4)

    known = entry("detector").parameters["labels"]
    assert "test-3" in report.sets
    assert report.speed is not None
    assert report.speed.pages == 3
    assert 0 < report.speed.median <= report.speed.slowest
    assert {label for label, found in report.sets["drawn"].items() if found} == set(known)
    assert not report.unsigned and report.parity is None and not report.conditions
    assert json.loads(json.dumps(asdict(report)))["weights"] == entry("detector").sha256
    assert sorted(path.name for path in drawn) == [
        "best-pages.svg",
        "precision-recall.svg",
        "worst-pages.svg",
    ]
    with pytest.raises(WrongUse, match="there is no set 'squiggles'"):
        evaluation.report(["squiggles"])


@with_data
def test_an_engine_that_does_not_serve_is_not_timed():
    report = Evaluation(DATA, engine="torch", device="cpu", limit=1).report(["speed"])

    assert report.speed is None


def test_sketches_show_blocks_of_print_and_no_strokes(pages):
    blocks = print_blocks(pages[0].pixels)

    assert blocks
    assert all(block.width >= 5 and block.height >= 5 for block in blocks)
    assert len(drawn_cases()) > FEW

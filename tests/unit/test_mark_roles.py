"""Roles of marks: which regions sign, which candidates become regions, and what the network is shown."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path

import numpy as np
import onnx
import onnx.helper
import pytest

from training.synthesis.pages import DrawnPage, blank, complete, fill
from training.synthesis.strokes import InventedSigner
from worker.engines import build_detector, result_versions
from worker.errors import WeightsError
from worker.settings import Detection, Verification
from worker.vision.choices import Label, Thresholds
from worker.vision.crops import grey
from worker.vision.detection import roles
from worker.vision.detection.classifier import OnnxClassifier
from worker.vision.detection.detector import OnnxDetector
from worker.vision.detection.surroundings import KnownLetters, read_letters
from worker.vision.values import Box, DetectedRegion, Pixels
from worker.vision.weights import CATALOGUE_NAME, WEIGHTS_DIR, entry, file_digest

PAGE = np.full((400, 300, 3), 255, np.uint8)
HERE, ELSEWHERE = Box(50, 300, 80, 30), Box(180, 40, 60, 20)
#: Every mark that signs may be added, whatever its score.
EVERY = Thresholds(min_score=0)


@dataclass
class Fixed:
    """A detector that finds the same on every page."""

    regions: Sequence[DetectedRegion]

    def detect(self, pages: Sequence[Pixels]) -> list[list[DetectedRegion]]:
        return [list(self.regions) for _ in pages]


@dataclass
class Probable:
    """Roles that are given, best candidate first."""

    answers: Sequence[float]

    def probabilities(self, page: Pixels, candidates: Sequence[roles.Candidate]) -> roles.Probabilities:
        return np.array(self.answers[: len(candidates)], np.float32)


def candidate(box: Box, score: float, label: Label = Label.SIGNATURE) -> DetectedRegion:
    return DetectedRegion(box, score, label, is_candidate=True)


def with_roles(regions: Sequence[DetectedRegion], *probabilities: float) -> list[DetectedRegion]:
    return detector_with(regions, *probabilities).detect([PAGE])[0]


def detector_with(
    regions: Sequence[DetectedRegion], *probabilities: float, added: Thresholds = EVERY
) -> roles.RoleDetector:
    return roles.RoleDetector(Fixed(regions), Probable(probabilities), min_probability=0.5, added=added)


@cache
def letter(*, signed: bool = True) -> DrawnPage:
    rng = np.random.default_rng(5)
    signer = InventedSigner.from_seed(20)
    paper = blank("letter", rng, names=[signer.name], dpi=150)
    return fill(paper, complete(paper.slots, [signer], rng) if signed else [])


def test_a_signature_that_signs_stays_as_it_is_and_says_so():
    counted = DetectedRegion(HERE, 0.8)

    (region,) = with_roles([counted, candidate(HERE, 0.8)], 0.75)

    assert region == replace(counted, signs=True, role_probability=0.75)


def test_a_signature_that_does_not_sign_stays_in_the_answer():
    (region,) = with_roles([DetectedRegion(HERE, 0.8), candidate(HERE, 0.8)], 0.25)

    assert (region.label, region.signs, region.role_probability) == (Label.SIGNATURE, False, 0.25)


@pytest.mark.parametrize("form", roles.SIGNING_FORMS)
def test_a_candidate_that_signs_becomes_a_region_of_its_likelier_form(form):
    other = next(label for label in roles.SIGNING_FORMS if label is not form)
    weak = [candidate(HERE, 0.3, form), candidate(HERE, 0.2, other)]

    (region,) = with_roles(weak, 0.75)

    assert (region.box, region.label, region.score) == (HERE, form, 0.3)
    assert region.signs and not region.is_candidate


def test_a_candidate_that_does_not_sign_is_no_region():
    assert with_roles([candidate(HERE, 0.3)], 0.25) == []


def test_handwriting_that_signs_gets_a_signature_in_its_place_and_signs_once():
    writing = DetectedRegion(HERE, 0.6, Label.HANDWRITING)

    answer = with_roles([writing, candidate(HERE, 0.6, Label.HANDWRITING), candidate(HERE, 0.1)], 0.75)

    assert [(region.label, region.signs) for region in answer] == [
        (Label.HANDWRITING, False),
        (Label.SIGNATURE, True),
    ]


def test_regions_keep_their_order_and_additions_stand_by_their_score():
    first, second = DetectedRegion(HERE, 0.8), DetectedRegion(ELSEWHERE, 0.6, Label.HANDWRITTEN_DATE)
    weak = Box(200, 350, 50, 20)
    seen = [first, second, candidate(HERE, 0.8), candidate(ELSEWHERE, 0.6, Label.HANDWRITTEN_DATE)]

    answer = with_roles([*seen, candidate(weak, 0.2)], 0.9, 0.1, 0.9)

    assert [region.box for region in answer] == [HERE, ELSEWHERE, weak]


def test_a_mark_beyond_the_last_that_is_looked_at_has_no_role():
    answer = with_roles(
        [
            DetectedRegion(HERE, 0.8),
            DetectedRegion(ELSEWHERE, 0.6),
            *map(candidate, (HERE, ELSEWHERE), (0.8, 0.6)),
        ],
        0.9,
    )

    assert [region.signs for region in answer] == [True, None]


def test_boxes_of_several_labels_in_one_place_are_one_mark():
    (mark,) = roles.merged([candidate(HERE, 0.6), candidate(replace(HERE, x=52), 0.4, Label.INITIALS)])

    assert mark.box == HERE
    assert mark.scores == (0.6, 0.4, 0.0, 0.0, 0.0)


@pytest.mark.parametrize(
    "box",
    [
        pytest.param(Box(0, 0, 40, 20), id="corner"),
        pytest.param(Box(290, 390, 10, 10), id="far corner"),
        pytest.param(Box(100.4, 100.6, 0.5, 0.5), id="less than a pixel"),
        pytest.param(Box(0, 0, 300, 400), id="whole page"),
    ],
)
def test_both_views_of_any_box_have_the_size_that_the_network_reads(box):
    marks = roles.read_marks(OnnxClassifier(), PAGE, [roles.Candidate(box, (0.5, 0, 0, 0, 0))])

    assert marks.tight.shape == (1, *roles.TIGHT)
    assert marks.near.shape == (1, roles.NEAR, roles.NEAR)
    assert marks.facts.shape == (1, 47) and np.isfinite(marks.facts).all()


def test_the_near_view_has_the_mark_in_its_middle_and_paper_beyond_the_page():
    page = np.full((100, 100), 200, np.uint8)
    page[0:10, 0:10] = 0

    view = roles.near_view(page, Box(0, 0, 10, 10), 40)

    middle = roles.NEAR // 2
    assert view[0, 0] == 255 and view[middle, middle] == 0 and view[-1, -1] == 200


def test_candidates_change_nothing_about_what_counts():
    page = letter().pixels
    alone, asked = (
        OnnxDetector("detector", thresholds=Thresholds(min_score=0.5, candidate_score=score)).detect([page])[
            0
        ]
        for score in (None, roles.CANDIDATE_SCORE)
    )

    assert [region for region in asked if not region.is_candidate] == alone
    assert alone and any(region.is_candidate for region in asked)


def test_a_letter_is_signed_where_its_signature_stands_and_not_without():
    detector = build_detector(Detection(roles="on"))

    signed, unsigned = detector.detect([letter().pixels, letter(signed=False).pixels])

    assert [region.label for region in signed if region.signs] == [Label.SIGNATURE]
    assert not any(region.signs for region in unsigned)


def test_without_roles_no_region_has_one():
    (regions,) = build_detector(Detection(roles="off")).detect([letter().pixels])

    assert regions and all(region.signs is None and not region.is_candidate for region in regions)


@pytest.mark.parametrize("switch", ["on", "off"])
def test_results_name_the_roles_weights_where_they_are_on(switch):
    versions = result_versions(Detection(roles=switch), Verification())

    assert ("roles" in versions) == (switch == "on")


def test_results_name_the_classifier_whose_shares_the_roles_read():
    versions = result_versions(Detection(classifier="off", roles="on"), Verification())

    assert versions["classifier"] == entry("classifier").sha256
    assert "doubt" not in versions["thresholds"]


#: Places on the drawn letter, each called initials at 0.5, and how probable it is that they sign.
PLACES = {
    "its signature": (Box(171, 772, 234, 114), 0.945),
    "beside the signature": (Box(560, 780, 90, 60), 0.034),
    "its first lines": (Box(150, 120, 200, 60), 0.018),
    "its text": (Box(171, 500, 234, 60), 0.008),
}


def test_the_shipped_network_answers_as_it_did_when_it_was_exported():
    places = [roles.Candidate(box, (0.1, 0.5, 0, 0, 0.2)) for box, _ in PLACES.values()]

    answers = roles.OnnxRoles(OnnxClassifier()).probabilities(letter().pixels, places)

    expected = [probability for _, probability in PLACES.values()]
    assert answers.tolist() == pytest.approx(expected, abs=0.01)


def test_the_network_reads_the_letters_that_are_known_of_a_page():
    page, known = letter().pixels, KnownLetters()
    places = [roles.Candidate(PLACES["its signature"][0], (0.1, 0.5, 0, 0, 0.2))]
    network = roles.OnnxRoles(OnnxClassifier(), known=known)
    read = network.probabilities(page, places)

    known.put(page, read_letters(grey(page)))
    assert network.probabilities(page, places) == read

    known.put(page, read_letters(np.full_like(grey(page), 255)))
    assert network.probabilities(page, places) != read


@pytest.mark.parametrize(
    ("settings", "added"),
    [
        pytest.param(Detection(), True, id="no score was set"),
        pytest.param(Detection(min_score=0.4), False, id="for all labels"),
        pytest.param(Detection(label_scores={Label.SIGNATURE: 0.4}), False, id="for signatures"),
        pytest.param(Detection(label_scores={Label.INITIALS: 0.4}), True, id="for another label"),
    ],
)
def test_a_mark_below_the_score_that_was_set_becomes_no_region(settings, added):
    detector = detector_with([candidate(HERE, 0.3)], 0.9, added=settings.set_thresholds)

    assert [region.box for region in detector.detect([PAGE])[0]] == [HERE] * added


def test_what_counts_is_asked_for_its_role_however_low_the_score_that_was_set():
    low = Detection(roles="on", min_score=0.0011, classifier="off")

    (regions,) = build_detector(low).detect([letter().pixels])

    assert regions[-1].score < roles.CANDIDATE_SCORE
    assert all(region.signs is not None for region in regions)


@pytest.fixture
def broken_weights(tmp_path: Path) -> Path:
    """A folder whose roles answer with the square root of a negative number."""
    tight, near, facts = (
        onnx.helper.make_tensor_value_info(name, onnx.TensorProto.FLOAT, shape)
        for name, shape in {
            "tight": ["n", *roles.TIGHT],
            "near": ["n", None, None],
            "facts": ["n", 47],
        }.items()
    )
    answer = onnx.helper.make_tensor_value_info("answer", onnx.TensorProto.FLOAT, ["n", 18])
    nodes = [
        onnx.helper.make_node("Abs", ["facts"], ["size"]),
        onnx.helper.make_node("Neg", ["size"], ["negative"]),
        onnx.helper.make_node("Sqrt", ["negative"], ["answer"]),
    ]
    graph = onnx.helper.make_graph(nodes, "broken", [tight, near, facts], [answer])
    opset = [onnx.helper.make_opsetid("", 17)]
    path = tmp_path / "roles.onnx"
    onnx.save(onnx.helper.make_model(graph, opset_imports=opset, ir_version=8), path)
    known = json.loads((WEIGHTS_DIR / CATALOGUE_NAME).read_text())["roles"]
    catalogue = {"roles": {**known, "sha256": file_digest(path)}}
    (tmp_path / CATALOGUE_NAME).write_text(json.dumps(catalogue))
    return tmp_path


def test_a_network_that_answers_with_no_probability_is_refused(broken_weights):
    network = roles.OnnxRoles(OnnxClassifier(), folder=broken_weights)

    with pytest.raises(WeightsError, match="does not answer with probabilities"):
        network.probabilities(PAGE, [roles.Candidate(HERE, (0.5, 0, 0, 0, 0))])


def test_a_page_without_pixels_has_no_marks():
    nothing = np.zeros((0, 0, 3), np.uint8)

    assert build_detector(Detection(roles="on")).detect([nothing]) == [[]]


def test_the_work_on_a_page_full_of_marks_is_bounded():
    apart = [candidate(Box(30.0 * number, 0, 20, 20), 0.5) for number in range(2_000)]

    marks = roles.merged([*apart, candidate(Box(0, 0, 20, 20), 0.4, Label.INITIALS)])

    assert len(marks) == 40
    assert marks[0].scores[:2] == (0.5, 0.4)


def test_a_mark_across_a_very_long_page_is_shown_without_a_square_of_its_length():
    page = np.zeros((1, 50_000_000), np.uint8)

    view = roles.near_view(page, Box(0, 0, 50_000_000, 1), 70_000_000)

    assert view.shape == (roles.NEAR, roles.NEAR)
    assert view[roles.NEAR // 2].min() < view[0].min() == 255


def test_a_large_square_shows_what_it_would_show_without_being_reduced():
    page = np.full((3000, 5000), 255, np.uint8)
    page[500:2500, 1000:2000] = 0
    box = Box(0, 0, 5000, 3000)

    large = roles.near_view(page, box, 7000)

    small = roles.near_view(page[::2, ::2], Box(0, 0, 2500, 1500), 3500)
    assert np.abs(large.astype(int) - small).mean() < 1
    assert (large < 128).mean() == pytest.approx(2000 * 1000 / 7000**2, rel=0.05)


def test_a_mark_beyond_the_page_is_seen_on_white_paper() -> None:
    black = np.zeros((400, 300), np.uint8)

    assert (roles.near_view(black, Box(1000, 1000, 20, 10), 100.0) == 255).all()

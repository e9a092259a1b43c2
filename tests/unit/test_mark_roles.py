"""Roles of marks: which regions sign, which candidates become regions, and what the network is shown."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cache

import numpy as np
import pytest

from training.synthesis.pages import DrawnPage, blank, complete, fill
from training.synthesis.strokes import InventedSigner
from worker.engines import build_detector, result_versions
from worker.settings import Detection, Verification
from worker.vision.choices import Label, Thresholds
from worker.vision.detection import roles
from worker.vision.detection.classifier import OnnxClassifier
from worker.vision.detection.detector import OnnxDetector
from worker.vision.values import Box, DetectedRegion, Pixels

PAGE = np.full((400, 300, 3), 255, np.uint8)
HERE, ELSEWHERE = Box(50, 300, 80, 30), Box(180, 40, 60, 20)


@dataclass
class Fixed:
    """A detector that finds the same on every page."""

    regions: Sequence[DetectedRegion]
    version: str = "fixed"

    def detect(self, pages: Sequence[Pixels]) -> list[list[DetectedRegion]]:
        return [list(self.regions) for _ in pages]


@dataclass
class Probable:
    """Roles that are given, best candidate first."""

    answers: Sequence[float]
    version: str = "probable"

    def probabilities(self, page: Pixels, candidates: Sequence[roles.Candidate]) -> roles.Probabilities:
        return np.array(self.answers[: len(candidates)], np.float32)


def candidate(box: Box, score: float, label: Label = Label.SIGNATURE) -> DetectedRegion:
    return DetectedRegion(box, score, label, is_candidate=True)


def with_roles(regions: Sequence[DetectedRegion], *probabilities: float) -> list[DetectedRegion]:
    detector = roles.RoleDetector(Fixed(regions), Probable(probabilities), min_probability=0.5)
    return detector.detect([PAGE])[0]


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
    assert marks.facts.shape == (1, 18) and np.isfinite(marks.facts).all()


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


#: Places on the drawn letter, each called initials at 0.5, and how probable it is that they sign.
PLACES = {
    "its signature": (Box(171, 772, 234, 114), 0.956),
    "beside the signature": (Box(560, 780, 90, 60), 0.056),
    "its first lines": (Box(150, 120, 200, 60), 0.007),
    "its text": (Box(171, 500, 234, 60), 0.009),
}


def test_the_shipped_network_answers_as_it_did_when_it_was_exported():
    places = [roles.Candidate(box, (0.1, 0.5, 0, 0, 0.2)) for box, _ in PLACES.values()]

    answers = roles.OnnxRoles(OnnxClassifier()).probabilities(letter().pixels, places)

    expected = [probability for _, probability in PLACES.values()]
    assert answers.tolist() == pytest.approx(expected, abs=0.01)


def test_a_mark_below_the_score_that_was_set_becomes_no_region():
    detector = roles.RoleDetector(
        Fixed([candidate(HERE, 0.3)]), Probable([0.9]), min_probability=0.5, min_score=0.4
    )

    assert detector.detect([PAGE]) == [[]]

"""Marks on their side: which may be, how they are laid level, and that their role is told then."""

from __future__ import annotations

import numpy as np
import pytest

from training.synthesis.pages import blank, complete, fill
from training.synthesis.strokes import InventedSigner
from worker.vision.crops import grey
from worker.vision.detection.classifier import OnnxClassifier
from worker.vision.detection.roles import Candidate, OnnxRoles
from worker.vision.detection.upended import laid_level, may_be_upended
from worker.vision.values import Box

SIZE = {"height": 1000, "width": 700}


@pytest.mark.parametrize(
    ("box", "may"),
    [
        pytest.param(Box(0, 0, 50, 120), True, id="high and narrow"),
        pytest.param(Box(0, 0, 120, 50), False, id="level"),
        pytest.param(Box(0, 0, 60, 65), False, id="hardly higher than wide"),
        pytest.param(Box(0, 0, 10, 40), False, id="as small as a letter"),
    ],
)
def test_what_is_high_narrow_and_large_may_lie_on_its_side(box: Box, *, may: bool) -> None:
    assert may_be_upended(box, **SIZE) is may


def test_a_mark_is_turned_to_either_side_in_its_place() -> None:
    page = np.full((200, 300), 250, np.uint8)
    # An ink that is dark at its foot, and a line of print behind it.
    page[60:140, 140:160], page[130:140, 140:160] = 120, 10
    page[98:102, :] = 0

    (left, box), (right, other) = laid_level(page, Box(130.5, 60, 39, 80))

    assert box == other == Box(110, 80, 80, 40)
    assert (left[95, 185], left[95, 115]) == (10, 120)
    assert (right[95, 115], right[95, 185]) == (10, 120)
    assert left[65, 150] == page[20, 20] == 250
    assert left[100, 20] == 0


def test_a_mark_at_an_edge_stays_on_the_page() -> None:
    page = np.full((300, 100), 255, np.uint8)
    page[10:290, 90:] = 0

    for level, box in laid_level(page, Box(80, 10, 60, 280)):
        assert level.shape == page.shape
        assert box.x >= 0
        assert box.x + box.width <= 100


@pytest.mark.parametrize(("pieces", "turned"), [(1, 2), (2, 2), (3, 0), (4, 0)])
def test_a_column_of_marks_is_level_already(pieces: int, turned: int) -> None:
    page = np.full((400, 200), 255, np.uint8)
    for piece in range(pieces):
        page[50 + 60 * piece : 100 + 60 * piece, 80:110] = 20

    box = Box(75, 45, 40, 60 * pieces + 10)

    assert len(list(laid_level(page, box))) == turned


def test_a_mark_beyond_the_page_is_laid_nowhere() -> None:
    assert list(laid_level(np.zeros((50, 50), np.uint8), Box(90, 90, 10, 30))) == []


@pytest.mark.parametrize("turns", [1, 3])
def test_a_signature_on_its_side_signs_as_one_that_stands_level_does(turns: int) -> None:
    rng = np.random.default_rng(5)
    signer = InventedSigner.from_seed(20)
    paper = blank("letter", rng, names=[signer.name], dpi=150)
    page = fill(paper, complete(paper.slots, [signer], rng)).pixels
    (x, y, width, height), scores = (171, 772, 234, 114), (0.8, 0.1, 0.0, 0.0, 0.1)
    upended = page.copy()
    mark, middle = np.rot90(page[y : y + height, x : x + width], turns), y + height // 2
    upended[y : y + height, x : x + width] = 255
    box = Box(x + (width - height) // 2, middle - width // 2, height, width)
    upended[int(box.y) : int(box.y) + width, int(box.x) : int(box.x) + height] = mark

    network = OnnxRoles(OnnxClassifier())
    level = network.probabilities(page, [Candidate(Box(x, y, width, height), scores)])
    assert network.probabilities(upended, [Candidate(box, scores)])[0] >= 0.9 * level[0] > 0.5
    beside = Box(600, 400, 40, 130)
    assert network.probabilities(grey(upended), [Candidate(beside, scores)])[0] < 0.3

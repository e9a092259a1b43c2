"""Where two signatures agree, and how that looks."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="training is an optional extra")

from tests.handwriting import signature  # noqa: E402
from worker.report.overlay import QUESTIONED, REFERENCE, overlay  # noqa: E402
from worker.vision.crops import HEIGHT, WIDTH, normalise  # noqa: E402
from worker.vision.values import Embedding  # noqa: E402
from worker.vision.verification.correspondence import Correspondence, correspond, is_same_ink  # noqa: E402
from worker.vision.verification.embedding import DIMENSION, GLOBAL, LEVELS, REACHES  # noqa: E402
from worker.vision.verification.encoder import load_encoder  # noqa: E402
from worker.vision.verification.network import Parts  # noqa: E402

ANN, ANN_AGAIN, BEN = (normalise(signature(seed, wobble=way)) for seed, way in ((1, 0), (1, 1), (2, 0)))


@pytest.fixture(scope="module")
def embeddings() -> list[Embedding]:
    """Of two signatures of one hand, then of one of another, then of an empty field."""
    encoder = load_encoder()
    return [*encoder.encode([ANN, ANN_AGAIN, BEN]), np.zeros(DIMENSION, np.float32)]


def matched(questioned: Embedding, reference: Embedding) -> Correspondence:
    compared = correspond(questioned, reference)
    assert compared is not None
    return compared


def test_cells_are_as_like_as_the_pair_classifier_finds_them(embeddings: list[Embedding]) -> None:
    compared = matched(embeddings[0], embeddings[1])

    level = torch.from_numpy(np.stack(embeddings[:2]))[:, GLOBAL : GLOBAL + LEVELS[0].floats]
    seen = float(Parts(LEVELS[0], REACHES[0], torch.nn.Identity())(level[:1], level[1:]))
    means = [np.nanmean(cells) for cells in (compared.questioned, compared.reference)]
    assert np.mean(means) == pytest.approx(seen, abs=1e-5)


def test_the_same_hand_agrees_in_more_cells_than_another(embeddings: list[Embedding]) -> None:
    same, other = (np.nanmean(matched(embeddings[0], row).questioned) for row in embeddings[1:3])

    assert same > other + 0.1


def test_a_signature_lies_on_itself_wherever_and_however_large_it_was_written(
    embeddings: list[Embedding],
) -> None:
    compared = matched(embeddings[0], embeddings[0])

    np.testing.assert_allclose(compared.placed, np.eye(2, 3), atol=1e-3)
    inked = ~np.isnan(compared.questioned)
    np.testing.assert_allclose(compared.questioned[inked], 1.0, atol=1e-2)


def test_a_reference_is_moved_onto_the_signature(embeddings: list[Embedding]) -> None:
    moved = np.roll(ANN, (8, 16), axis=(0, 1))
    cells = embeddings[0].copy()
    grid = cells[GLOBAL : GLOBAL + LEVELS[0].floats]
    split = LEVELS[0].cells * LEVELS[0].descriptor
    shape = (LEVELS[0].rows, LEVELS[0].columns, -1)
    for part in (grid[:split], grid[split:]):
        part[:] = np.roll(part.reshape(shape), (1, 2), axis=(0, 1)).ravel()

    placed = matched(embeddings[0], cells).placed

    back = cv2.warpAffine(moved, placed, (WIDTH, HEIGHT))
    assert np.corrcoef(back.ravel(), ANN.ravel())[0, 1] > 0.9


def test_strangers_are_laid_edge_on_edge(embeddings: list[Embedding]) -> None:
    reference = embeddings[2].copy()
    reference[GLOBAL : GLOBAL + LEVELS[0].cells * LEVELS[0].descriptor] *= -1

    np.testing.assert_array_equal(matched(embeddings[0], reference).placed, np.eye(2, 3))


def test_what_would_have_to_grow_much_is_laid_edge_on_edge() -> None:
    fine = LEVELS[0]

    def strokes(columns: range) -> Embedding:
        """Cells of one row, each with a descriptor of its own."""
        embedding = np.zeros(DIMENSION, np.float32)
        level = embedding[GLOBAL : GLOBAL + fine.floats]
        split = fine.cells * fine.descriptor
        for number, column in enumerate(columns):
            cell = 8 * fine.columns + column
            level[:split].reshape(fine.cells, fine.descriptor)[cell, number] = 1.0
            level[split + cell] = 1 / len(columns)
        return embedding

    wide, narrow = strokes(range(6, 30, 2)), strokes(range(12, 24))

    assert np.nanmin(matched(wide, narrow).questioned) > 0.7
    np.testing.assert_array_equal(matched(wide, narrow).placed, np.eye(2, 3))


def test_a_field_without_ink_and_another_form_of_embedding_agree_with_nothing(
    embeddings: list[Embedding],
) -> None:
    assert correspond(embeddings[0], embeddings[3]) is None
    assert correspond(embeddings[3], embeddings[0]) is None
    assert correspond(embeddings[0][:-1], embeddings[1]) is None
    assert correspond(embeddings[0], embeddings[1][:-1]) is None


def test_only_the_ink_that_was_compared_is_the_same(embeddings: list[Embedding]) -> None:
    compared = matched(embeddings[0], embeddings[2])
    assert is_same_ink(ANN, compared.questioned)
    assert is_same_ink(BEN, compared.reference)
    assert not is_same_ink(BEN, compared.questioned)
    assert not is_same_ink(np.zeros_like(ANN), compared.questioned)


def test_the_picture_shows_both_inks_and_where_they_agree() -> None:
    across, down = np.zeros((HEIGHT, WIDTH), np.float32), np.zeros((HEIGHT, WIDTH), np.float32)
    across[60:68], down[:, 100:108] = 1.0, 1.0
    likeness = np.full((16, 36), np.nan)
    likeness[7, :18], likeness[8, 18:] = 1.0, 0.0

    picture = overlay(across, down, Correspondence(likeness, likeness, np.eye(2, 3)))

    assert picture.shape == (4 * HEIGHT, 2 * WIDTH, 3)
    assert tuple(picture[128, 20]) == QUESTIONED
    assert tuple(picture[20, 208]) == REFERENCE
    assert tuple(picture[128, 208]) == (0, 37, 0)
    agrees, differs, paper = picture[256 + 115, 20], picture[256 + 142, 500], picture[256 + 20, 20]
    assert agrees[2] > agrees[0] + 50
    assert differs[0] > differs[2] + 50
    assert tuple(paper) == (255, 255, 255)

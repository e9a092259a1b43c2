"""References are graded, judged by each other, and asked for until there are enough."""

from __future__ import annotations

import numpy as np
import pytest

from tests.handwriting import coloured, signature
from worker.vision.choices import Cleaning
from worker.vision.cleaning.cleaner import load_cleaner
from worker.vision.cleaning.prepare import prepare
from worker.vision.crops import assess
from worker.vision.values import Embeddings, Grey
from worker.vision.verification.embedding import DIMENSION
from worker.vision.verification.enrolment import Grade, Remark, Standing, grade, lacking, standings
from worker.vision.verification.verifier import load_verifier


def graded(image: Grey) -> Grade:
    raw = coloured(image)
    prepared = prepare(raw, load_cleaner(Cleaning.CLASSICAL))
    return grade(raw, prepared.clean, prepared.quality)


def test_a_good_scan_scores_high_and_draws_no_remark() -> None:
    grade = graded(signature(3))

    assert grade.score > 0.9
    assert grade.remarks == ()


def test_a_coarse_scan_scores_less_than_a_fine_one() -> None:
    fine, coarse = graded(signature(3)), graded(signature(3, scale=0.3))

    assert coarse.score < fine.score
    assert Remark.COARSE in coarse.remarks


def test_a_signature_cut_off_at_the_edge_is_remarked() -> None:
    grade = graded(signature(3)[:, :200])

    assert Remark.CLIPPED in grade.remarks
    assert grade.score <= 0.5


def test_rough_paper_is_remarked() -> None:
    rng = np.random.default_rng(1)
    image = signature(3, paper=215)
    noisy = np.clip(image + rng.normal(0, 18, image.shape), 0, 255).astype(np.uint8)

    assert Remark.NOISY in graded(noisy).remarks


def test_an_image_without_a_piece_of_paper_is_not_called_rough() -> None:
    hatched = np.full((80, 200), 240, np.uint8)
    hatched[::4] = 20
    raw = coloured(hatched)

    grade_now = grade(raw, hatched, assess(hatched))

    assert Remark.NOISY not in grade_now.remarks


def test_nothing_written_scores_nothing() -> None:
    assert graded(np.full((80, 200), 240, np.uint8)).score == 0.0


def embeddings(*directions: int) -> Embeddings:
    """Unit vectors, most of them the same."""
    rows = np.zeros((len(directions), DIMENSION), np.float32)
    rows[np.arange(len(directions)), directions] = 1.0
    return rows


def test_two_references_cannot_judge_each_other() -> None:
    standings_now = standings(embeddings(0, 9), load_verifier())

    assert [one.llr for one in standings_now] == [None, None]
    assert not any(one.outlier for one in standings_now)


def test_the_reference_that_is_unlike_the_others_stands_lowest() -> None:
    standings_now = standings(embeddings(0, 0, 9, 0, 0), load_verifier())

    assert min(standings_now, key=lambda one: one.llr or 0.0).number == 3


@pytest.mark.parametrize(("llr", "outlier"), [(None, False), (-1.9, False), (-2.1, True)])
def test_disagreement_is_a_matter_of_the_likelihood_ratio(llr: float | None, outlier: bool) -> None:
    assert Standing(1, llr).outlier is outlier


def test_a_doubtful_reference_does_not_count_towards_enough() -> None:
    enough = load_verifier().references_wanted
    good = [Standing(number, 3.0) for number in range(1, enough + 1)]

    assert lacking(good, wanted=enough) == 0
    assert lacking([*good[1:], Standing(1, -9.0)], wanted=enough) == 1
    assert lacking([], wanted=enough) == enough

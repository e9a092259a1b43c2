"""Claims answered from whole pages: what counts as right, and the product's steps one after another."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tests.fakes import CellVerifier, DarkBlocks
from tests.handwriting import signature
from training.claims import drawn, letters
from training.claims.asked import AskedClaim, ReferenceMade, Truth
from training.claims.counting import NOT_FOUND, ClaimTrial, claim_figures, count_claims
from training.claims.product import Product
from training.synthesis.layouts import Slot
from worker.vision.choices import Cleaning, Confidence, Outcome
from worker.vision.cleaning.cleaner import load_cleaner
from worker.vision.values import Embeddings, Opinion, Pixels, Quality

GENUINE, FORGED, INCONCLUSIVE = Outcome.GENUINE, Outcome.FORGED, Outcome.INCONCLUSIVE


def answered(
    truth: Truth,
    verdict: Outcome | None,
    probability: float | None = None,
    *,
    signer: str = "ann",
    references: int = 1,
    confidence: Confidence | None = None,
) -> ClaimTrial:
    return ClaimTrial(signer, truth, references, verdict, confidence, probability)


@pytest.mark.parametrize(
    ("claim", "right", "wrong", "leans_right"),
    [
        pytest.param(answered(Truth.GENUINE, GENUINE, 0.97), True, False, True, id="genuine"),
        pytest.param(answered(Truth.GENUINE, FORGED, 0.02), False, True, False, id="called forged"),
        pytest.param(answered(Truth.OTHER, FORGED, 0.02), True, False, True, id="another's"),
        pytest.param(answered(Truth.FORGED, GENUINE, 0.97), False, True, False, id="forgery accepted"),
        pytest.param(answered(Truth.FORGED, INCONCLUSIVE, 0.3), False, False, True, id="leaning"),
        pytest.param(answered(Truth.OTHER, INCONCLUSIVE, None), False, False, False, id="no probability"),
        pytest.param(answered(Truth.OTHER, None), False, False, False, id="missed is never right"),
    ],
)
def test_an_answer_is_right_wrong_or_neither(
    claim: ClaimTrial, right: bool, wrong: bool, leans_right: bool
) -> None:
    assert (claim.right, claim.wrong, claim.leans_right) == (right, wrong, leans_right)


def test_truths_count_alike_however_often_each_was_asked() -> None:
    claims = [answered(Truth.GENUINE, GENUINE, 0.9)] * 3 + [answered(Truth.OTHER, GENUINE, 0.9, signer="ben")]

    (row,) = count_claims("pages", claims)

    assert (row.right.value, row.wrong.value, row.signers) == (0.5, 0.5, 2)
    assert row.claims == {Truth.GENUINE: 3, Truth.OTHER: 1}
    assert row.answers[Truth.OTHER]["genuine"].value == 1.0


def test_high_is_judged_by_itself_and_has_no_figure_where_it_was_never_given() -> None:
    sure = answered(Truth.FORGED, GENUINE, 0.97, confidence=Confidence.HIGH, references=3)
    claims = [sure, answered(Truth.FORGED, FORGED, 0.1, references=3), answered(Truth.GENUINE, None)]

    single, three = count_claims("pages", claims)
    figures = {figure.measure: figure for figure in claim_figures([single, three])}

    assert three.wrong_among_high.value == 1.0
    assert figures["wrong among high, 3 references"].value == 1.0
    assert figures["wrong among high, 3 references"].n == 1
    assert "wrong among high, 1 reference" not in figures
    assert figures["answered not found, the signer's, 1 reference"].value == 1.0
    assert single.answers[Truth.GENUINE][NOT_FOUND].value == 1.0


class AlikeVerifier(CellVerifier):
    """Genuine from a likeness of 0.9 on."""

    def compare(self, query: np.ndarray, references: Embeddings, *, quality: Quality) -> Opinion:
        opinion = super().compare(query, references, quality=quality)
        likeness = opinion.probability or 0.0
        llr, outcome = (3.0, GENUINE) if likeness >= 0.9 else (-3.0, FORGED)
        return Opinion(outcome, min(likeness, 1.0), llr, Confidence.MEDIUM, len(references))


@pytest.fixture
def product() -> Product:
    return Product(DarkBlocks(), load_cleaner(Cleaning.OFF), AlikeVerifier())


def block(*, wide: int, high: int) -> Pixels:
    """White with one dark block."""
    pixels = np.full((300, 500, 3), 255, np.uint8)
    pixels[100 : 100 + high, 120 : 120 + wide] = 0
    pixels[104 : 96 + high, 124 : 116 + wide] = 255
    return pixels


def reference(product: Product, image: Pixels, *, score: float = 1.0) -> ReferenceMade:
    enrolled = product.enrolled("r", image)
    assert enrolled is not None
    return ReferenceMade(enrolled[0].embedding, score)


def test_a_page_and_a_claim_go_through_the_steps(product: Product) -> None:
    page = product.read_page(block(wide=120, high=50), 200.0)
    references = (reference(product, block(wide=120, high=50)),)

    answer = product.answer(page, AskedClaim("ann", Truth.GENUINE, references))

    assert (answer.verdict, answer.confidence, answer.references) == (GENUINE, Confidence.MEDIUM, 1)
    assert answer.right


def test_a_claim_without_a_signature_on_its_page_is_not_found(product: Product) -> None:
    page = product.read_page(np.full((300, 500, 3), 255, np.uint8), 200.0)
    references = (reference(product, block(wide=120, high=50)),)

    answer = product.answer(page, AskedClaim("ann", Truth.OTHER, references))

    assert (answer.verdict, answer.word) == (None, NOT_FOUND)


def test_references_below_the_grade_hold_the_verdict_back(product: Product) -> None:
    page = product.read_page(block(wide=120, high=50), 200.0)
    weak = reference(product, block(wide=120, high=50), score=0.01)

    answer = product.answer(page, AskedClaim("ann", Truth.GENUINE, (weak,)))

    assert (answer.verdict, answer.confidence) == (INCONCLUSIVE, None)


def test_what_enrolment_refuses_is_no_reference(product: Product) -> None:
    assert product.enrolled("blank", np.full((60, 200, 3), 255, np.uint8)) is None


def test_ink_is_laid_into_its_slot_and_no_larger() -> None:
    pixels = np.full((600, 800, 3), 255, np.uint8)
    mask = np.full((40, 400), 255, np.uint8)
    slot = Slot("signature", x=72.0, y=100.0, width=100.0, height=30.0)

    drawn.lay(pixels, mask, slot, np.random.default_rng(1), ink=(0, 0, 0))

    rows, columns = np.nonzero(pixels.min(axis=2) < 128)
    scale = drawn.DPI / 72
    assert columns.min() == round(72 * scale)
    assert columns.max() - columns.min() < 100 * scale
    assert rows.min() < 100 * scale < rows.max() + 10


def write_letters(root: Path, signed: dict[str, tuple[str, int, str]]) -> None:
    """Pages named by key, each with one signature: its author, its hand's seed, and the page's split."""
    folder = root / "detection" / "tobacco800"
    (folder / "images").mkdir(parents=True)
    rows = []
    for name, (author, seed, split) in signed.items():
        ink = signature(seed, scale=0.6)
        height, width = ink.shape[:2]
        page = np.full((800, 700), 255, np.uint8)
        page[300 : 300 + height, 100 : 100 + width] = ink
        Image.fromarray(page).save(folder / "images" / f"{name}.png", dpi=(100, 100))
        box = {
            "x": 100,
            "y": 300,
            "width": width,
            "height": height,
            "label": "signature",
            "author_id": author,
        }
        rows.append(
            {
                "image": f"images/{name}.png",
                "document_group": name,
                "hlx8j_splits": [split],
                "width": 700,
                "height": 800,
                "boxes": [box],
            }
        )
    (folder / "annotations.json").write_text(json.dumps(rows))


def test_letters_are_asked_by_their_authors_with_references_of_other_documents(
    tmp_path: Path, product: Product
) -> None:
    write_letters(
        tmp_path,
        {
            "a1": ("ann", 1, "test"),
            "a2": ("ann", 11, "train"),
            "b1": ("ben", 2, "none"),
            "b2": ("ben", 12, "valid"),
            "c1": ("cy", 3, "test"),
            "c2": ("cy", 3, "none"),
        },
    )

    held_out, seen = letters.letter_sources(tmp_path, product, lambda stage, done, total: None)

    # Cy's two pages show the same ink: it is no reference for itself.
    assert [len(source.pages) for source in (held_out, seen)] == [1, 3]
    genuine, other = held_out.pages[0].claims
    assert (genuine.signer, genuine.truth, len(genuine.references)) == ("ann", Truth.GENUINE, 1)
    assert (other.signer in ("ben", "cy"), other.truth, len(other.references)) == (True, Truth.OTHER, 1)
    pixels, dpi = held_out.pages[0].read()
    assert pixels.shape[:2] == (800, 700)
    assert dpi == pytest.approx(100, abs=1)

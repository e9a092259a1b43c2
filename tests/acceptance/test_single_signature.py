"""What `countersign compare` makes of images that are no crop of one signature."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import cv2
import numpy as np
import pytest

from worker.embedded.comparison import Comparer
from worker.errors import UnusableReference
from worker.settings import Detection, Reading, Verification
from worker.vision.images import decode, encode_png

SIGNER = "elena-mulvaney"


@pytest.fixture(scope="module")
def comparer() -> Iterator[Comparer]:
    with closing(Comparer(Reading(), Verification(), Detection())) as opened:
        yield opened


def test_of_a_page_its_one_signature_is_compared_and_that_is_said(samples: Path, comparer: Comparer) -> None:
    page = samples / "documents" / "letter-claims-department.jpg"
    references = sorted((samples / "references" / SIGNER).glob("*.png"))

    answer = comparer.compare(page, references)

    assert (answer.reason, answer.verdict) == (None, "genuine")
    assert answer.detail == f"{page} is a whole page; the one signature on it was used"


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        pytest.param("side-letter-april.jpg", "whole page with 2 signatures", id="two on a page"),
        pytest.param("reminder-second-notice.jpg", "whole page with no signatures", id="none on a page"),
        pytest.param("framework-agreement-2024-031.pdf", "several pages", id="several pages"),
        pytest.param("archive-1998-box12.pdf", "damaged beyond repair", id="no page at all"),
    ],
)
def test_a_document_without_exactly_one_signature_is_refused(
    samples: Path, comparer: Comparer, name: str, reason: str
) -> None:
    reference = samples / "references" / SIGNER / f"{SIGNER}-1.png"

    answer = comparer.compare(reference, [samples / "documents" / name])

    assert (answer.verdict, answer.probability, answer.reason) == ("inconclusive", None, "unusable_image")
    assert reason in (answer.detail or "")


def test_a_card_is_cut_into_its_specimens_and_a_negative_is_inverted(
    samples: Path, comparer: Comparer, tmp_path: Path
) -> None:
    files = sorted((samples / "references" / SIGNER).glob("*.png"))
    specimens = [cv2.imread(str(file)) for file in files[:3]]
    card = np.full((900, 1200, 3), 250, np.uint8)
    cv2.putText(card, "SPECIMEN SIGNATURES - ACCOUNT 0000", (60, 60), 0, 1.0, (30, 30, 30), 2, cv2.LINE_AA)
    for image, (left, top) in zip(specimens, ((80, 150), (680, 150), (80, 550)), strict=True):
        small = cv2.resize(image, (440, round(440 * image.shape[0] / image.shape[1])))
        card[top : top + small.shape[0], left : left + 440] = np.minimum(small, 250)
    reader = comparer._reader

    cut = reader.specimens("card.png", encode_png(card))
    negative = reader.specimens("dark.png", encode_png(255 - specimens[0]))

    assert [len(cut), cut[0].note] == [3, "card.png is a card with 3 signatures; each was cut out"]
    assert [len(negative), negative[0].note] == [1, "dark.png is light on dark and was inverted"]
    assert decode(negative[0].data).mean() > 128
    with pytest.raises(UnusableReference, match="a card with 3 signatures"):
        reader.read("card.png", encode_png(card))

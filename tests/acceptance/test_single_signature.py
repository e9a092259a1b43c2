"""What `countersign compare` makes of images that are no crop of one signature."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from worker.embedded.comparison import Comparer
from worker.settings import Detection, Reading, Verification

SIGNER = "elena-mulvaney"


@pytest.fixture(scope="module")
def comparer() -> Iterator[Comparer]:
    with closing(Comparer(Reading(), Verification(), Detection())) as opened:
        yield opened


def test_of_a_page_its_one_signature_is_compared_and_that_is_said(samples: Path, comparer: Comparer) -> None:
    page = samples / "documents" / "letter-claims-department.jpg"
    reference = samples / "references" / SIGNER / f"{SIGNER}-1.png"

    answer = comparer.compare(page, reference)

    assert (answer.reason, answer.verdict) == (None, "genuine")
    assert answer.detail == f"{page} is a whole page; the one signature on it was compared"


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

    answer = comparer.compare(reference, samples / "documents" / name)

    assert (answer.verdict, answer.probability, answer.reason) == ("inconclusive", None, "unusable_image")
    assert reason in (answer.detail or "")

"""The samples of the demo that are in good order, or not."""

from __future__ import annotations

from pathlib import Path

import pytest

from producer.services.run import run_documents
from worker.result.slot import CompletenessResult


@pytest.fixture(scope="module")
def answers(samples: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, CompletenessResult]:
    """What is said of them, by name."""
    names = ("lease-mill-lane-4", "lease-mill-lane-4-no-witness", "change-of-address-0716")
    paths = [samples / "documents" / f"{name}.pdf" for name in names]
    results = run_documents(paths, tmp_path_factory.mktemp("results"), slots=True).results
    return {
        Path(result.document).stem: result.completeness
        for result in results
        if result.completeness is not None
    }


def test_a_lease_with_all_its_marks_is_complete(answers: dict[str, CompletenessResult]) -> None:
    assert (answers["lease-mill-lane-4"].answer, answers["lease-mill-lane-4"].unmet) == ("complete", ())


def test_the_same_lease_without_a_witness_is_incomplete(answers: dict[str, CompletenessResult]) -> None:
    assert answers["lease-mill-lane-4-no-witness"].answer == "incomplete"
    assert answers["lease-mill-lane-4-no-witness"].unmet == (
        "page 1: the witness’s signature is missing; the line is empty",
        "page 1: a date is missing; the line is empty",
    )


def test_a_signature_in_the_wrong_box_is_said_to_stand_there(answers: dict[str, CompletenessResult]) -> None:
    assert answers["change-of-address-0716"].answer == "incomplete"
    assert answers["change-of-address-0716"].unmet == (
        "page 1: a date is missing; a signature stands where a date is asked for",
        "page 1: the applicant’s signature is missing; the line is empty",
    )

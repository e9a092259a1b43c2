"""The report says which signatures are copies, and how the references on file stand."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from producer.printing.enrolments import warnings
from tests.results import document, page, region, verdict
from worker.report.html import write_report
from worker.report.summary import report_rows
from worker.result import EnrolmentResult, RegionResult

TWIN = {"document": 7, "key": "in/<other>.pdf", "page": 2, "region": 0, "similarity": 0.97, "kind": "ink"}
GONE = {**TWIN, "document": None, "key": None, "page": None, "region": None}
ENROLMENT = EnrolmentResult.model_validate(
    {
        "signer": "Ann <b>",
        "references": [
            {"number": 1, "sha256": "a" * 64, "score": 0.91, "remarks": [], "llr": 3.0, "outlier": False},
            {
                "number": 2,
                "sha256": "b" * 64,
                "score": 0.42,
                "remarks": ["clipped"],
                "llr": -4.2,
                "outlier": True,
            },
        ],
        "wanted": 5,
        "lacking": 4,
    }
)


def written(tmp_path: Path, region_result: RegionResult, **more: Any) -> str:
    answer = document(pages=[page(regions=[region_result])], verdicts=[verdict("Ann", "genuine", 0.9)])
    return write_report([answer], tmp_path / "r.html", load_image=lambda _: b"", **more).read_text()


@pytest.mark.parametrize(
    ("twin", "sentence"),
    [
        pytest.param(TWIN, "Same ink as on in/&lt;other&gt;.pdf, page 3", id="on file"),
        pytest.param(GONE, "Same ink as on a document that was erased since", id="erased"),
    ],
)
def test_a_copy_is_shown_beside_the_verdict(tmp_path: Path, twin: dict[str, Any], sentence: str) -> None:
    html = written(tmp_path, region(duplicate_of=twin))

    assert sentence in html
    assert "a signature shows the same ink as another" in html
    assert "0.97" in html


def test_a_copy_of_a_reference_names_it(tmp_path: Path) -> None:
    copied = region(copy_of_reference=[{"signer": "Ann", "reference": 3, "similarity": 0.99}])

    assert "Same ink as reference 3 of Ann" in written(tmp_path, copied)


def test_references_are_listed_with_their_standing(tmp_path: Path) -> None:
    html = written(tmp_path, region(), enrolments=[ENROLMENT])

    assert "Ann &lt;b&gt;" in html
    assert "disagrees" in html
    assert "4 more wanted" in html


def test_a_doubtful_reference_brings_its_document_to_the_front() -> None:
    doubtful = verdict("Ann", "genuine", 0.9, doubtful_references=(2,))

    (row,) = report_rows([document(pages=[page(regions=[region()])], verdicts=[doubtful])])

    assert row.why == ["a reference disagrees with the others"]


def test_warnings_name_the_reference_and_what_is_lacking() -> None:
    disagreement, advice = warnings(ENROLMENT)

    assert "reference 2 disagrees with the others (log-likelihood ratio -4.2)" in disagreement
    assert "4 more" in advice

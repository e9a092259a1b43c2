"""Verdicts in words: both propositions, the scale of the forensic institutes, and why nothing is decided."""

from __future__ import annotations

import math
from pathlib import Path

import pytest

from tests.results import document, page, region, verdict
from worker.report.evidence import support, why_inconclusive
from worker.report.html import write_report
from worker.result import CropQuality, VerdictResult


def judged(llr: float | None, **facts: object) -> VerdictResult:
    return verdict("ann", "inconclusive", None).model_copy(update={"llr": llr, **facts})


@pytest.mark.parametrize(
    ("ratio", "words"),
    [
        pytest.param(4, "Weak support", id="weak"),
        pytest.param(40, "Moderate support", id="moderate"),
        pytest.param(400, "Moderately strong support", id="moderately strong"),
        pytest.param(4_000, "Strong support", id="strong"),
        pytest.param(40_000, "Very strong support", id="very strong"),
    ],
)
def test_support_has_the_name_of_its_ratio_whichever_proposition_it_is_for(ratio, words):
    wrote, imitated = (support(judged(sign * math.log(ratio))) for sign in (1, -1))

    assert wrote.startswith(
        f"{words} for the proposition that ann wrote this signature, against that another"
    )
    assert imitated.startswith(f"{words} for the proposition that another person imitated it")
    assert wrote.endswith(f": {ratio} to 1.")


def test_a_ratio_near_one_supports_neither():
    assert support(judged(math.log(1.5))).startswith("The comparison supports neither that ann wrote")


def test_without_a_ratio_nothing_is_said():
    assert support(judged(None)) == ""


@pytest.mark.parametrize(
    ("facts", "expected"),
    [
        pytest.param({"references": 1}, ["one reference does not show how much its writer varies"], id="one"),
        pytest.param(
            {"references": 2}, ["few references show little of how much their writer varies"], id="few"
        ),
        pytest.param(
            {"references": 5, "doubtful_references": (2,)},
            ["the references disagree with each other"],
            id="they disagree",
        ),
        pytest.param({"references": 5}, ["verdicts at such a ratio erred too often"], id="nothing else"),
    ],
)
def test_an_inconclusive_verdict_says_why(facts, expected):
    assert why_inconclusive(judged(0.1, **facts), region(0)) == expected


def test_a_poor_crop_is_named_first():
    poor = CropQuality(ink=0.1, width=90, height=30, usable=True, issues=("clipped",))

    reasons = why_inconclusive(judged(0.1, references=1), region(0).model_copy(update={"quality": poor}))

    assert reasons[0] == "the crop is clipped"
    assert len(reasons) == 2


def test_a_report_says_what_more_references_would_bring(tmp_path: Path) -> None:
    undecided = judged(0.1, references=1, outlook="3 references would help: they decided at least 31.")
    result = document(pages=[page(regions=[region(0)])], claims=["ann"], verdicts=[undecided])

    path = write_report([result], tmp_path / "report.html", load_image=lambda key: b"")

    told = "one reference does not show how much its writer varies. 3 references would help: they decided"
    assert told in path.read_text(encoding="utf-8")


def test_a_verdict_that_decides_has_no_doubts():
    assert why_inconclusive(verdict("ann", "genuine", 0.97), region(0)) == []

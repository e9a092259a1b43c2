"""What `countersign compare` says to a person."""

from __future__ import annotations

import pytest

from producer.printing.comparison import show_comparison
from worker.result import ComparisonResult


def printed(capsys: pytest.CaptureFixture[str], **facts: object) -> str:
    given = {
        "a": "1.png", "b": "2.png", "probability": 0.5, "verdict": "inconclusive", "confidence": None,
        "llr": 0.0, "scores": None, "same_ink": False, "reason": None, "detail": None,
    }  # fmt: skip
    show_comparison(ComparisonResult.model_validate(given | facts))
    return capsys.readouterr().out


def test_an_image_that_cannot_be_read_is_no_opinion(capsys: pytest.CaptureFixture[str]) -> None:
    told = printed(capsys, probability=None, llr=None, reason="unusable_image", detail="cannot use note.txt")

    assert told == "not compared: cannot use note.txt\n"


def test_one_reference_that_decides_nothing_gets_a_word(capsys: pytest.CaptureFixture[str]) -> None:
    assert "One reference was given" in printed(capsys)
    assert "One reference was given" not in printed(capsys, references=3)
    assert "One reference was given" not in printed(capsys, verdict="genuine", confidence="high")

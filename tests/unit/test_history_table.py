"""`status DOCUMENT` says what was answered to each claim; pages and marks count from 1."""

from __future__ import annotations

import io
from datetime import UTC, datetime
from typing import Any

import pytest
from rich.console import Console

from db.states import AnswerCause, ClaimAnswer, Status
from producer.printing import documents, history
from producer.services.run import RunResult
from tests.results import document, page, region, verdict
from worker.result import AnswerResult, DocumentHistory, DocumentResult, EventResult

SIGNED = document(
    pages=[page(), page(1, regions=[region(0, on_page=1), region(1, on_page=1), region(2, on_page=1)])],
    claims=["ann", "ben", "zoe"],
    verdicts=[
        verdict("ann", "genuine", 0.97, place=0, on_page=1),
        verdict("ann", "forged", 0.02, place=2, on_page=1),
        verdict("ben", "forged", 0.01, place=0, on_page=1),
        verdict("ben", "inconclusive", 0.6, place=1, on_page=1),
    ],
)
EVENT = EventResult(at=datetime(2026, 1, 2, tzinfo=UTC), stage="render", event="closed")


def printed(result: DocumentResult, monkeypatch: pytest.MonkeyPatch) -> str:
    stream = io.StringIO()
    monkeypatch.setattr(history, "out", Console(file=stream, width=200))
    history.show_history(DocumentHistory(**dict(result), events=(EVENT,)))
    return stream.getvalue()


def row(text: str, name: str) -> list[str]:
    (line,) = [line for line in text.splitlines() if line.startswith(f"│ {name} ")]
    return [cell.strip() for cell in line.strip("│").split("│")]


def test_each_claim_has_its_answer_and_the_signature_that_gave_it(monkeypatch: pytest.MonkeyPatch) -> None:
    text = printed(SIGNED, monkeypatch)

    assert "done, signed, 3x" in text
    assert row(text, "ben") == ["ben", "inconclusive", "page 2, mark 2", "0.600", "high", "3"]
    assert row(text, "zoe") == ["zoe", "not_found", "–", "–", "–", "–"]


def test_a_contradicted_claim_names_the_signature_that_contradicts_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    cells = row(printed(SIGNED, monkeypatch), "ann")

    assert cells[1:3] == ["genuine, contradicted", "page 2, mark 1; forged: page 2, mark 3"]


def test_what_more_references_would_bring_is_told_below_the_claims(monkeypatch: pytest.MonkeyPatch) -> None:
    undecided = verdict("ben", "inconclusive", 0.6).model_copy(update={"outlook": "3 references would help."})
    result = document(pages=[page(regions=[region(0)])], claims=["ben"], verdicts=[undecided])

    assert "  ben: 3 references would help." in printed(result, monkeypatch).splitlines()
    assert "would help" not in printed(SIGNED, monkeypatch)


@pytest.mark.parametrize(
    ("facts", "words"),
    [
        pytest.param({"status": Status.WORKING}, "waiting", id="at work"),
        pytest.param({"status": Status.FAILED}, "unread", id="in quarantine"),
    ],
)
def test_a_claim_that_nobody_could_answer_is_not_called_not_found(
    facts: dict[str, Any], words: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    unanswered = document(claims=["ann"], status=facts["status"].value, signed=None)

    assert row(printed(unanswered, monkeypatch), "ann")[1] == words


def test_a_run_says_of_each_claim_what_became_of_it(monkeypatch: pytest.MonkeyPatch, tmp_path) -> None:
    stream = io.StringIO()
    monkeypatch.setattr(documents, "out", Console(file=stream, width=120))

    documents.show_run(RunResult((SIGNED,), tmp_path / "report.html", 1))

    assert "ann: genuine, contradicted" in stream.getvalue()
    assert "zoe: not_found" in stream.getvalue()


def test_an_answer_says_which_of_its_claims_are_contradicted(monkeypatch: pytest.MonkeyPatch) -> None:
    given = AnswerResult(
        number=1,
        at=datetime(2026, 1, 2, tzinfo=UTC),
        cause=AnswerCause.FIRST_READING,
        status=Status.DONE,
        claims={"ann": ClaimAnswer.GENUINE, "ben": None},
        contradicted=("ann",),
    )
    stream = io.StringIO()
    monkeypatch.setattr(history, "out", Console(file=stream, width=200))

    history.show_history(DocumentHistory(**dict(SIGNED), events=(EVENT,), answers=(given,)))

    assert "first reading: done; ann: genuine, contradicted; ben: unread" in stream.getvalue()

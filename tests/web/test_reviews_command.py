"""`countersign reviews`: what waits, known cases, and the table of decisions."""

from __future__ import annotations

import csv
from pathlib import Path

from producer.services.review import ReviewRules, decide, next_review
from producer.services.run_folder import results_folder
from tests.acceptance.commands import countersign
from tests.web.consoles import filled
from tests.web.reviewers import ANN
from training.verifier.people import read_decisions
from worker.result.decisions import DecisionOutcome


def test_known_cases_are_planted_and_decisions_are_written_down(tmp_path: Path) -> None:
    folder, table = filled(tmp_path), tmp_path / "decisions.csv"
    here = ("--run", folder)
    planted = countersign("reviews", "plant", "1", "Zoe", "forged", "--page", "1", "--region", "1", *here)
    with results_folder(folder) as opened:
        item = next_review(opened.sessions, ANN, ReviewRules(planted=1.0))
        assert item is not None
        decide(opened.sessions, ANN, item.id, fence=item.fence, answer=DecisionOutcome.GENUINE)
        assert next_review(opened.sessions, ANN, ReviewRules()) is not None
    waiting = countersign("reviews", *here)
    exported = countersign("reviews", "export", table, *here)

    assert (planted.status, waiting.status, exported.status) == (0, 0, 0), planted.err + exported.err
    assert "3 " in waiting.out or "2 " in waiting.out
    with table.open(newline="") as stream:
        (row,) = csv.DictReader(stream)
    assert (row["who"], row["answer"], row["expected"], row["document_id"]) == (
        "ann",
        "genuine",
        "forged",
        "1",
    )
    assert [decision.who for decision in read_decisions(table)] == ["ann"]


def test_wrong_words_are_refused_in_a_sentence(tmp_path: Path) -> None:
    folder = filled(tmp_path)

    answers = [
        countersign("reviews", *words, "--run", folder)
        for words in (("plant", "1"), ("plant", "1", "Zoe", "perhaps"), ("plant", "no.pdf", "Zoe", "forged"))
    ]

    assert [answer.status for answer in answers] == [2, 2, 2]
    assert "a known case is" in answers[1].err

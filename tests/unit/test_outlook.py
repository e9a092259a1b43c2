"""What more references would bring, in a sentence: from figures beside the calibration, else nothing."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from training.catalogue import set_parameter
from training.common.statistics import Estimate
from training.verifier.outlook import (
    STEPS,
    Outlook,
    outlook_counts,
    outlook_figures,
    outlook_of,
    outlook_parameters,
)
from worker.errors import WeightsError
from worker.vision.verification.calibration import load_calibration
from worker.vision.verification.outlook import (
    MORE_REFERENCES,
    MoreReferences,
    measured_with,
    outlook,
    sentence,
)

MEASURED = (
    MoreReferences(references=1, more=3, decided=0.314, wrong=0.046),
    MoreReferences(references=3, more=5, decided=0.2, wrong=0.0),
    MoreReferences(references=5, more=10, decided=0.11, wrong=0.02),
)


@pytest.mark.parametrize(
    ("references", "words"),
    [
        pytest.param(
            1,
            "3 references would help: of 100 comparisons that 1 reference left inconclusive, they decided at "
            "least 31, of which up to 5 % wrongly.",
            id="one",
        ),
        pytest.param(
            4,
            "5 references would help: of 100 comparisons that 3 references left inconclusive, they decided "
            "at least 20, of which up to 0 % wrongly.",
            id="the last step before",
        ),
        pytest.param(
            5,
            "10 references would help: of 100 comparisons that 5 references left inconclusive, they decided "
            "at least 11, of which up to 2 % wrongly.",
            id="five",
        ),
        pytest.param(
            12,
            "More than 10 references were not measured.",
            id="beyond what was measured",
        ),
        pytest.param(0, "", id="none"),
    ],
)
def test_the_sentence_is_made_of_the_step_from_so_many_references(references: int, words: str) -> None:
    assert sentence(references, MEASURED) == words


def test_nothing_is_said_for_a_calibration_that_nobody_measured() -> None:
    assert outlook(1, calibration="another") == ""


def test_the_figures_are_those_of_the_calibration_of_that_digest(tmp_path: Path) -> None:
    step = {"references": 1, "more": 3, "decided": 0.3, "wrong": 0.04}
    stored = {"file": "f.json", "sha256": "0", "bytes": 1, "licence": "MIT", "card": "c.md"}
    entries = {
        "calibration": {**stored, "parameters": {MORE_REFERENCES: [step]}},
        "other": {**stored, "sha256": "1"},
    }
    (tmp_path / "catalogue.json").write_text(json.dumps(entries))

    assert measured_with("0", tmp_path) == (MoreReferences(**step),)
    assert measured_with("1", tmp_path) == measured_with("2", tmp_path) == ()
    assert outlook(2, calibration="0", folder=tmp_path).startswith("3 references would help: of 100")


def test_the_calibration_that_ships_was_measured() -> None:
    shipped = measured_with(load_calibration().version)

    assert [(step.references, step.more) for step in shipped] == list(STEPS)
    assert all(0 < step.decided < 1 and 0 <= step.wrong < 1 for step in shipped)
    assert outlook(1, calibration=load_calibration().version).startswith("3 references would help: of 100 ")


def test_only_what_was_inconclusive_counts_and_a_verdict_is_wrong_by_who_wrote_it() -> None:
    before = np.array([0, 0, 0, 0, 1], np.int8)
    after = np.array([1, -1, 0, 1, -1], np.int8)
    genuine = np.array([True, True, True, False, True])

    counts = outlook_counts(before, after, genuine)

    assert (counts.inconclusive, counts.decided, counts.wrong) == (4, 3, 2)


def test_shares_are_of_all_writers_together() -> None:
    some = outlook_counts(
        np.zeros(4, np.int8), np.array([1, 1, -1, 0], np.int8), np.array([True, False, False, True])
    )
    none = outlook_counts(np.zeros(2, np.int8), np.zeros(2, np.int8), np.array([True, False]))

    row = outlook_of("set", 1, 3, counts=[some, none])

    assert (row.inconclusive, row.decided.value) == (6, 0.5)
    assert row.wrong.value == pytest.approx(1 / 3)


def test_the_worst_set_ships_for_each_step() -> None:
    def row(source: str, decided: float, wrong: float) -> Outlook:
        return Outlook(source, 1, 3, 200, Estimate(decided, 0.1, 0.9), Estimate(wrong, 0.0, 0.5))

    rows = [row("a", 0.4, 0.01), row("b", 0.3, 0.002), row("c", 0.5, 0.04)]

    assert outlook_parameters(rows) == [{"references": 1, "more": 3, "decided": 0.3, "wrong": 0.04}]
    first = next(outlook_figures(rows))
    assert (first.set, first.measure, first.value, first.n) == ("a", "decided, 1 to 3 references", 0.4, 200)


def test_a_parameter_is_added_to_an_entry_and_to_no_other(tmp_path: Path) -> None:
    stored = {"file": "f.json", "sha256": "0", "bytes": 1, "licence": "MIT", "card": "c.md"}
    catalogue = tmp_path / "catalogue.json"
    catalogue.write_text(json.dumps({"a": stored, "b": {**stored, "parameters": {"x": 1}}}))

    set_parameter("b", MORE_REFERENCES, [1], folder=tmp_path)

    written = json.loads(catalogue.read_text())
    assert written["b"] == {**stored, "parameters": {"x": 1, MORE_REFERENCES: [1]}}
    assert written["a"] == {**stored, "parameters": {}}
    with pytest.raises(WeightsError, match="c"):
        set_parameter("c", MORE_REFERENCES, [1], folder=tmp_path)

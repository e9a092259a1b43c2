"""What decisions of the review queue say of the machine and of people."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

import training.cli
from training.verifier.people import ErrorShare, judge_decisions, read_decisions
from worker.errors import WrongUse

HEAD = "document_id,page,region,signer,who,answer,revision,why,outcome,expected"
LINES = (
    # Three people settle one item; the second has corrected a wrong key.
    "1,0,0,Zoe,ann,genuine,0,forged,forged,",
    "1,0,0,Zoe,bob,forged,0,forged,forged,",
    "1,0,0,Zoe,bob,genuine,1,forged,forged,",
    # Two who disagree settle nothing.
    "2,0,0,Zoe,ann,genuine,0,forged,forged,",
    "2,0,0,Zoe,bob,forged,0,forged,forged,",
    "3,0,0,Zoe,ann,forged,0,sample,genuine,",
    "4,0,0,Zoe,ann,genuine,0,inconclusive,inconclusive,",
    # Known cases.
    "5,0,0,Zoe,ann,genuine,0,sample,genuine,forged",
    "5,0,0,Zoe,bob,cannot_say,0,sample,genuine,forged",
    "6,0,0,Zoe,bob,forged,0,sample,genuine,genuine",
)


@pytest.fixture
def exported(tmp_path: Path) -> Path:
    path = tmp_path / "decisions.csv"
    path.write_text("\n".join([HEAD, *LINES]) + "\n", encoding="utf-8")
    return path


def counts(rates: list[ErrorShare], of: str) -> list[tuple[int, int]]:
    return [(rate.count, rate.cases) for rate in rates if rate.of == of]


def test_far_and_frr_of_machine_and_people(exported: Path) -> None:
    rates = judge_decisions(read_decisions(exported))

    assert counts(rates, "machine, all items") == [(1, 1), (1, 2), (1, 3)]
    assert counts(rates, "machine, sample") == [(1, 1), (0, 0), (0, 1)]
    assert counts(rates, "machine, planted cases") == [(1, 1), (0, 1), (0, 2)]
    assert counts(rates, "ann") == [(1, 1), (0, 0), (0, 1)]
    assert counts(rates, "bob") == [(0, 1), (1, 1), (1, 2)]
    assert counts(rates, "people") == [(1, 3)]


def test_an_interval_is_as_wide_as_few_cases_make_it(exported: Path) -> None:
    far, frr, _ = (rate for rate in judge_decisions(read_decisions(exported)) if rate.of == "ann")

    assert (far.value, far.low, far.high) == (1.0, pytest.approx(0.025), 1.0)
    assert (frr.value, frr.low, frr.high) == (None, 0.0, 1.0)


def test_the_command_prints_a_table_or_json(exported: Path) -> None:
    command = ["evaluate", "decisions", str(exported)]

    table = CliRunner().invoke(training.cli.app, command)
    rows = json.loads(CliRunner().invoke(training.cli.app, [*command, "--json"]).stdout)

    assert "FAR: forgeries called genuine" in table.stdout
    assert rows[0]["of"] == "machine, all items"


@pytest.mark.parametrize("text", ["a,b\n1,2\n", HEAD + "\n1,0,0,Zoe,ann,genuine,x,s,genuine,\n", None])
def test_a_file_of_another_kind_is_refused(tmp_path: Path, text: str | None) -> None:
    path = tmp_path / "other.csv"
    if text is not None:
        path.write_text(text, encoding="utf-8")

    with pytest.raises(WrongUse, match="reviews export"):
        read_decisions(path)

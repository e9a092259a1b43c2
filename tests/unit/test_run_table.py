"""The table of a run: names stay whole where the terminal has room for them."""

from __future__ import annotations

import io
from pathlib import Path

import pytest
import typer
from rich.console import Console

from producer.printing import documents, run_events
from producer.services.progress import Progress, unheard
from producer.services.resume import AnswersKept, AnswersOnFile
from producer.services.run import RunResult
from tests.results import document, verdict

NAME = "framework-agreement-2024-031.pdf"


@pytest.mark.parametrize(
    ("width", "is_whole"),
    [pytest.param(80, True, id="room for it"), pytest.param(60, False, id="no room for it")],
)
def test_a_name_is_cut_only_where_there_is_no_room(
    width: int, is_whole: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    stream = io.StringIO()
    monkeypatch.setattr(documents, "out", Console(file=stream, width=width))
    claims = [verdict("elena-mulvaney", "genuine", 0.97)]
    results = (document(f"in/{NAME}", claims=["elena-mulvaney"], verdicts=claims),)

    documents.show_run(RunResult(results, Path("report.html"), 1))

    table = [line for line in stream.getvalue().splitlines() if line.startswith(("│", "┃", "┏", "┡", "└"))]
    assert (NAME in stream.getvalue()) is is_whole
    assert {len(line) <= width for line in table} == {True}
    assert {line[-1] for line in table} <= set("│┃┓┩┘"), "the border is there"


def test_the_heading_stays_whole_over_short_names(monkeypatch: pytest.MonkeyPatch) -> None:
    stream = io.StringIO()
    monkeypatch.setattr(documents, "out", Console(file=stream, width=80))

    documents.show_run(RunResult((document("in/a.pdf"),), Path("report.html"), 1))

    assert "┃ document ┃" in stream.getvalue()


def test_what_becomes_of_earlier_answers_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    stream = io.StringIO()
    monkeypatch.setattr(run_events, "err", Console(file=stream, width=80))
    tell = run_events.Teller(unheard)

    tell(AnswersOnFile(16))
    tell(AnswersKept(5, {}, unfinished=11))

    assert stream.getvalue().splitlines() == [
        "the folder has 16 answers; --resume keeps those of documents given again",
        "5 earlier answers are kept",
        "11 documents had none yet",
    ]


@pytest.mark.parametrize(
    ("progress", "words"),
    [
        pytest.param(None, "stopped: no document was begun, and nothing is lost", id="before the first"),
        pytest.param(
            Progress(2, 5), "stopped: 2 of 5 documents have their answers, and nothing is lost", id="half-way"
        ),
    ],
)
def test_a_run_that_is_stopped_says_how_far_it_came(
    progress: Progress | None, words: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    stream = io.StringIO()
    monkeypatch.setattr(run_events, "err", Console(file=stream, width=80))
    tell = run_events.Teller(unheard)
    if progress is not None:
        tell(progress)

    with pytest.raises(typer.Exit), run_events.told_when_stopped(tell):
        raise KeyboardInterrupt

    assert stream.getvalue().splitlines()[0] == words

"""The front door: version, completion, and names that mean nothing."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from db.engine import make_engine
from db.migrate import upgrade
from producer.machine.processes import child_environment
from tests.acceptance.commands import COUNTERSIGN, countersign
from worker.version import code_version


def migrated(folder: Path) -> str:
    """The URL of a new database in this folder."""
    url = f"sqlite:///{folder / 'countersign.db'}"
    engine = make_engine(url)
    upgrade(engine)
    engine.dispose()
    return url


def test_the_version_is_the_one_that_results_name() -> None:
    finished = countersign("--version")

    assert (finished.status, finished.out) == (0, f"countersign {code_version()}\n")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="the system has no /dev/full")
@pytest.mark.parametrize("words", [["--version"], ["--help"], ["backlog", "--json"]], ids=" ".join)
def test_output_that_nothing_holds_is_a_sentence_and_status_1(tmp_path: Path, words: list[str]) -> None:
    env = child_environment({"COUNTERSIGN_DATABASE_URL": migrated(tmp_path)})
    with Path("/dev/full").open("w") as full:
        finished = subprocess.run(
            [COUNTERSIGN, *words], stdout=full, stderr=subprocess.PIPE, text=True, check=False, env=env
        )

    assert (finished.returncode, finished.stderr) == (
        1,
        "the output cannot be written: No space left on device\n",
    )


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        pytest.param(["report"], "there are no documents yet", id="nothing on file"),
        pytest.param(["report", "a.pdf"], "there is no document 'a.pdf'", id="a name"),
    ],
)
def test_a_report_of_nothing_says_whether_a_name_was_wrong(
    tmp_path: Path, words: list[str], sentence: str
) -> None:
    results = f"file://{tmp_path / 'results'}"
    env = {"COUNTERSIGN_DATABASE_URL": migrated(tmp_path), "COUNTERSIGN_RESULTS_BUCKET": results}

    finished = countersign(*words, "--out", tmp_path / "report.html", env=env)

    assert finished.status == 2
    assert finished.err.startswith(sentence)


@pytest.mark.parametrize(
    ("line", "offered"),
    [
        pytest.param("countersign res", "results", id="a command"),
        pytest.param("countersign run --res", "--resume", id="an option of a command"),
    ],
)
def test_a_shell_completes_commands_and_their_options(line: str, offered: str) -> None:
    env = {"_COUNTERSIGN_COMPLETE": "complete_bash", "COMP_WORDS": line, "COMP_CWORD": str(line.count(" "))}

    assert offered in countersign(env=env).out.split()


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        pytest.param("retry --reason no_such_code", "no document in quarantine", id="retry"),
        pytest.param("erase --signer Nobody --yes", "on file nowhere", id="erase"),
        pytest.param("erase --document 999 --yes", "there is no document '999'", id="erase a document"),
        pytest.param("submit file://{}", "there are no documents at file://", id="submit"),
    ],
)
def test_a_name_that_means_nothing_is_status_1(tmp_path: Path, words: str, sentence: str) -> None:
    for folder in (
        "empty",
        "results",
    ):  # an erasure does not take a disk that is not mounted for an empty one
        (tmp_path / folder).mkdir()
    env = {
        "COUNTERSIGN_DATABASE_URL": migrated(tmp_path),
        "COUNTERSIGN_RESULTS_BUCKET": f"file://{tmp_path / 'results'}",
        "COUNTERSIGN_INTAKE_FOLDER": str(tmp_path),
    }

    finished = countersign(*words.replace("{}", str(tmp_path / "empty")).split(), env=env)

    assert finished.status == 1, finished.err
    assert sentence in finished.err

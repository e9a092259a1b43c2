"""Whatever is asked for that cannot be done: one plain line, exit status 2, no traceback."""

from __future__ import annotations

from pathlib import Path

import pytest

from db.engine import make_engine
from db.migrate import upgrade
from tests.acceptance.commands import countersign

TOO_LARGE = "9" * 23


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A migrated database, files that are not what they are given for, and an empty folder."""
    (tmp_path / "empty").mkdir()
    (tmp_path / "binary.csv").write_bytes(bytes(range(256)))
    (tmp_path / "short.csv").write_text("a,b\n1.png\n")
    (tmp_path / "page.pdf").write_bytes(b"%PDF-1.4")
    engine = make_engine(f"sqlite:///{tmp_path / 'countersign.db'}")
    upgrade(engine)
    engine.dispose()
    return tmp_path


@pytest.mark.parametrize("name", ["encoder", "detector-torch", "nope"])
def test_a_run_refuses_weights_that_are_no_detector(folder: Path, name: str) -> None:
    env = {"COUNTERSIGN_DETECTOR": name}

    finished = countersign("run", folder / "page.pdf", "--out", folder / "out", env=env)

    assert finished.status == 2, finished.err
    (line,) = finished.err.splitlines()
    assert line.startswith("COUNTERSIGN_DETECTOR: ")


@pytest.mark.parametrize("variable", ["COUNTERSIGN_DETECT_DEVICE", "COUNTERSIGN_VERIFY_DEVICE"])
def test_a_run_on_a_gpu_that_is_not_there_says_so(folder: Path, variable: str) -> None:
    pytest.importorskip("torch")
    env = {variable: "cuda", "CUDA_VISIBLE_DEVICES": ""}

    finished = countersign("run", folder / "page.pdf", "--out", folder / "out", env=env)

    assert finished.status == 2, finished.err
    (line,) = finished.err.splitlines()
    assert line.startswith("torch sees no GPU: ")
    assert variable in line


@pytest.mark.parametrize(
    ("words", "part"),
    [
        pytest.param("audit file:///%00", "null byte", id="a URL with a zero byte"),
        pytest.param(f"audit file:///{'a' * 300}", "too long", id="a URL longer than any path"),
        pytest.param("audit file://{}/page.pdf/in", "Not a directory", id="a URL below a file"),
        pytest.param("audit file://{} --all /proc/x", "/proc/x", id="a list that cannot be written"),
        pytest.param(f"results --after {TOO_LARGE}", "--after", id="an id beyond all"),
        pytest.param(f"report --newest {TOO_LARGE}", "--newest", id="a number beyond all"),
        pytest.param("enroll Anna {}/empty", "with images in it", id="a folder without images"),
        pytest.param("compare --pairs {}/short.csv", "line 2", id="a short row"),
        pytest.param("compare --pairs {}/binary.csv", "binary.csv", id="a table that is no text"),
        pytest.param("compare --pairs {}/empty", "Is a directory", id="a folder as a table"),
        pytest.param("run {}/page.pdf --out {}/o --references {}/page.pdf", "per signer", id="no references"),
        pytest.param(
            "run {}/page.pdf --out {}/o --rules {}/empty", "holds no rule files", id="a folder without rules"
        ),
        pytest.param("run {}/page.pdf --out /proc/x", "/proc/x", id="results where none can be"),
        pytest.param("signers remove Anna 1 --run {}", "no signer 'Anna'", id="nobody in a run's folder"),
        pytest.param("signers merge A Anna --run {} --json", "not take --json", id="options of others"),
        pytest.param("signers verify Anna --run {}", "no signer 'Anna'", id="a run to compare again"),
        pytest.param("signers export {}/o --csv {}/short.csv", "not take --csv", id="a table to export"),
        pytest.param("watch documents", "no bucket or folder", id="no source"),
    ],
)
def test_wrong_use_is_one_line(folder: Path, words: str, part: str) -> None:
    env = {
        "COUNTERSIGN_DATABASE_URL": f"sqlite:///{folder / 'countersign.db'}",
        "COUNTERSIGN_RESULTS_BUCKET": f"file://{folder / 'results'}",
        "COUNTERSIGN_INTAKE_FOLDER": "/",
    }

    finished = countersign(*words.replace("{}", str(folder)).split(), env=env)

    assert finished.status == 2, finished.err
    (line,) = finished.err.splitlines()
    assert part in line

"""A stage is added as `docs/architecture.md` says, and documents go through it in both forms."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest
import yaml

from deploy.servers import Servers
from producer.machine.processes import child_environment
from tests.acceptance.worked_example import changed_copy, changes
from tests.fakes import page

COMMAND = "from producer.cli import main; main()"
NOTED = """
    SELECT documents.key, events.detail FROM events JOIN documents ON documents.id = events.document_id
    WHERE events.stage = 'measure' ORDER BY events.id
"""


@pytest.fixture(scope="module")
def code(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return changed_copy(tmp_path_factory.mktemp("code"))


@pytest.fixture
def letter(tmp_path: Path) -> Path:
    path = tmp_path / "letter.png"
    path.write_bytes(page(0, marks=2).data)
    return path


def python(code: Path, *words: object, env: Mapping[str, str] | None = None) -> str:
    """What that code prints when it is run with these words."""
    done = subprocess.run(
        [sys.executable, *map(str, words)],
        env=child_environment({**(env or {}), "PYTHONPATH": str(code)}),
        cwd=code,
        capture_output=True,
        text=True,
        timeout=280,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_a_stage_is_five_files() -> None:
    assert [change.path for change in changes()] == [
        "db/states.py",
        "db/migrations/versions/NNNN_measure.py",
        "worker/steps/measure.py",
        "worker/pipeline.py",
        "docker-compose.yml",
    ]


def test_the_new_queue_has_a_task_a_process_and_a_service(code: Path) -> None:
    tasks = python(code, "-c", "import worker.tasks.stages as known; print(*known.app.tasks)")
    commands = "crew(Path(), intake=None)"
    processes = python(
        code, "-c", f"from producer.machine.crew import crew; from pathlib import Path; print(*{commands})"
    )
    services = yaml.safe_load((code / "docker-compose.yml").read_text())["services"]

    assert "pages.measure" in tasks.split()
    assert "measure" in processes.split()
    assert "measure" in services["measure"]["command"]


def test_the_embedded_form_runs_the_new_stage_and_keeps_what_was_there(
    code: Path, letter: Path, tmp_path: Path
) -> None:
    earlier, results = tmp_path / "earlier.png", tmp_path / "results"
    earlier.write_bytes(page(1, marks=1).data)
    original = Path(__file__).resolve().parents[2]
    python(original, "-c", COMMAND, "run", earlier, "--out", results)

    python(code, "-c", COMMAND, "run", letter, "--out", results)

    with sqlite3.connect(results / "countersign.db") as database:
        noted = database.execute(NOTED).fetchall()
        pages = database.execute("SELECT count(*) FROM pages").fetchone()
        statuses = database.execute("SELECT DISTINCT status FROM documents").fetchall()
    assert [key for key, _ in noted] == [str(letter)] * 2
    assert noted[1][1].startswith("page 1: ")
    assert pages == (2,)
    assert statuses == [("done",)]


def test_the_queued_form_runs_the_new_stage(
    code: Path, servers: Servers, letter: Path, tmp_path: Path
) -> None:
    script = Path(__file__).with_name("queued_example.py")

    closed, measured = python(code, script, *vars(servers).values(), letter, tmp_path / "stack").splitlines()

    assert closed == "closed None"
    assert measured.startswith("measured page 1: ")

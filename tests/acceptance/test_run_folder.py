"""After `countersign run`: what it says, how it is stopped, and which commands read its folder."""

from __future__ import annotations

import json
import re
import shutil
import signal
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from producer.machine.processes import child_environment
from tests.acceptance.commands import COUNTERSIGN, CommandResult, countersign
from tests.waiting import until

LETTER, SIGNER = "letter-claims-department.jpg", "elena-mulvaney"
LONG_NAME = "the-letter-that-somebody-gave-a-name-of-many-words-2024-03-31.jpg"


@pytest.fixture(scope="module")
def scans(samples: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A document twice, under other names, and one that cannot be read."""
    folder = tmp_path_factory.mktemp("scans")
    shutil.copy(samples / "documents" / LETTER, folder / LETTER)
    shutil.copy(samples / "documents" / LETTER, folder / LONG_NAME)
    (folder / "broken.pdf").write_bytes(b"%PDF-1.4 no more than this")
    return folder


@pytest.fixture(scope="module")
def out(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("results")


@pytest.fixture(scope="module")
def finished(scans: Path, out: Path) -> CommandResult:
    return countersign("run", scans, "--out", out)


def test_the_end_of_a_run_says_how_to_go_on(finished: CommandResult, out: Path) -> None:
    assert f"countersign status --run {out}" in finished.err
    assert f"claim, retry, signers, enroll and erase, each with --run {out}" in finished.err


def test_a_run_writes_sentences_and_no_log_lines(finished: CommandResult) -> None:
    assert '"level"' not in finished.err
    assert "quarantined" not in finished.err
    assert "broken.pdf: unreadable_document: " in finished.out


def test_names_stay_whole_and_the_same_bytes_are_pointed_out(finished: CommandResult) -> None:
    assert LONG_NAME in finished.out
    assert f"{LONG_NAME}: byte for byte the same as " in finished.out


@pytest.mark.usefixtures("finished")
def test_every_reading_command_reads_the_folder(out: Path, tmp_path: Path) -> None:
    counts = countersign("status", "--run", out, "--json")
    exported = countersign("results", "--run", out)
    report = countersign("report", "--run", out, "--out", tmp_path / "report.html")
    bundle = countersign("bundle", LETTER, "--run", out, "--out", tmp_path / "case.zip")
    replayed = countersign("replay", tmp_path / "case.zip", "--json")

    assert counts.objects[0]["documents"]["done"] == 2
    assert len(exported.objects) == 3
    assert (report.status, bundle.status) == (0, 0), report.err + bundle.err
    assert LONG_NAME in (tmp_path / "report.html").read_text()
    assert replayed.objects[0]["same"] is True


@pytest.mark.usefixtures("finished")
@pytest.mark.parametrize(
    ("words", "beginning"),
    [
        pytest.param(("report",), b"<!doctype html>", id="report"),
        pytest.param(("bundle", LETTER), b"PK", id="bundle"),
    ],
)
def test_where_nothing_can_be_written_a_command_says_so_and_hands_its_file_out_through_a_pipe(
    out: Path, words: tuple[str, ...], beginning: bytes
) -> None:
    """A container's own files cannot be written; nor can files be made in /proc."""
    refused = countersign(*words, "--run", out, cwd=Path("/proc"))
    command = [COUNTERSIGN, *words, "--run", out, "--out", "/dev/stdout"]
    piped = subprocess.run(command, cwd="/proc", capture_output=True, env=child_environment({}), check=True)

    assert refused.status == 2
    assert re.fullmatch(r"cannot write '[\w.-]+': [\w ]+; --out names another place\n", refused.err)
    assert piped.stdout.lstrip().startswith(beginning)


@pytest.mark.usefixtures("finished")
def test_the_core_alone_reads_the_folder(out: Path, tmp_path: Path) -> None:
    """Without the extra `queue`: its libraries cannot be imported."""
    absent = ("boto3", "botocore", "celery", "kombu", "redis", "psycopg2", "pyarrow")
    code = f"import sys; sys.modules.update(dict.fromkeys({absent}))\nfrom producer.cli import main; main()"
    words = (
        "results",
        "--table",
        "documents",
        "--format",
        "csv",
        "--run",
        str(out),
        "--out",
        str(tmp_path / "out.csv"),
    )
    command = [sys.executable, "-c", code, *words]

    done = subprocess.run(command, capture_output=True, text=True, check=False, env=child_environment({}))

    assert done.returncode == 0, done.stderr
    assert len((tmp_path / "out.csv").read_text().splitlines()) == 4


@pytest.mark.usefixtures("finished")
def test_a_run_leaves_the_three_tables_as_results_writes_them(out: Path, tmp_path: Path) -> None:
    for table in ("claims", "signatures", "documents"):
        exported = countersign("results", "--table", table, "--format", "csv", "--run", out)
        assert (out / f"{table}.csv").read_text() == exported.out, exported.err


@pytest.mark.usefixtures("finished")
def test_a_table_that_is_not_named_is_asked_for(out: Path) -> None:
    refused = countersign("results", "--format", "csv", "--run", out)

    assert refused.status == 2
    assert "add --table claims, signatures or documents" in refused.err


def test_a_folder_of_something_else_is_wrong_use(tmp_path: Path) -> None:
    finished = countersign("status", "--run", tmp_path)

    assert finished.status == 2
    assert "is no folder that `countersign run --out` left" in finished.err


@pytest.mark.parametrize("command", ["status", "results", "report", "migrate", "doctor"])
def test_no_command_makes_a_database_by_accident(tmp_path: Path, command: str) -> None:
    place = tmp_path / "countersign.db"

    finished = countersign(command, env={"COUNTERSIGN_DATABASE_URL": f"sqlite:///{place}"})

    assert finished.status in (1, 2)
    assert "there is no database" in (finished.err + finished.out)
    assert not place.exists()


def test_migrate_makes_a_database_when_it_is_asked_to(tmp_path: Path) -> None:
    env = {"COUNTERSIGN_DATABASE_URL": f"sqlite:///{tmp_path / 'countersign.db'}"}

    made = countersign("migrate", "--new-file", env=env)
    counted = countersign("status", "--json", env=env)

    assert (made.status, counted.status) == (0, 0)
    assert set(counted.objects[0]["documents"].values()) == {0}


#: So many that a run is still at work when its first answers are seen.
STOPPED_DOCUMENTS = 60


def test_a_run_that_is_stopped_keeps_its_answers_and_says_how_to_go_on(scans: Path, tmp_path: Path) -> None:
    for number in range(STOPPED_DOCUMENTS):
        # Decoders leave what stands behind a JPEG alone; with it no file is the copy of another.
        (tmp_path / f"{number}.jpg").write_bytes((scans / LETTER).read_bytes() + bytes([number]))
    command = [COUNTERSIGN, "run", *map(str, sorted(tmp_path.glob("*.jpg"))), "--out", str(tmp_path / "out")]
    database = tmp_path / "out" / "countersign.db"

    def answered() -> int:
        if not database.exists():
            return 0
        with closing(sqlite3.connect(database)) as connection:
            tables = connection.execute("SELECT count(*) FROM sqlite_master WHERE name = 'documents'")
            if not tables.fetchone()[0]:
                return 0
            ended = connection.execute("SELECT count(*) FROM documents WHERE status = 'done'")
            return int(ended.fetchone()[0])

    # A shell lets what runs in its background ignore Ctrl-C, and children inherit that.
    with subprocess.Popen(
        command,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=child_environment({}),
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),  # noqa: PLW1509 - one thread
    ) as running:
        until(lambda: answered() > 0, within=100)
        running.send_signal(signal.SIGINT)
        _, messages = running.communicate(timeout=100)
    before = answered()
    resumed = countersign(*command[1:], "--resume", "--json")

    assert running.returncode == 130, messages
    assert f"of {STOPPED_DOCUMENTS} documents have their answers, and nothing is lost" in messages
    assert f"to go on: {' '.join(['countersign', *command[1:]])} --resume" in messages
    assert before > 0
    assert "Traceback" not in messages
    assert [json.loads(line)["status"] for line in resumed.out.splitlines()] == ["done"] * STOPPED_DOCUMENTS

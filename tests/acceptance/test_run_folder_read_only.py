"""A results folder on a medium that takes no writes: it is read, and whatever would write says so."""

from __future__ import annotations

import os
import shutil
import sqlite3
import subprocess
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from producer.machine.processes import child_environment
from tests.acceptance.commands import COUNTERSIGN, CommandResult, countersign

LETTER = "letter-claims-department.jpg"
#: A folder as people name them; in an address each of these signs means something else.
NAME = "50%25 signed? #1"
#: Root may write what nobody may; without that right it is a user like others.
_LIKE_A_USER = (
    "setpriv",
    "--bounding-set=-dac_override,-dac_read_search",
    "--inh-caps=-dac_override,-dac_read_search",
)


def reading(*words: object) -> CommandResult:
    """Run `countersign` as somebody whom rights of files hold back."""
    prefix = _LIKE_A_USER if os.geteuid() == 0 else ()
    command = [*prefix, COUNTERSIGN, *map(str, words)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=child_environment({}))
    return CommandResult(done.returncode, done.stdout, done.stderr)


def lock(folder: Path) -> None:
    """Take the right to write from everything in the folder."""
    for path in (folder, *folder.rglob("*")):
        path.chmod(0o555 if path.is_dir() else 0o444)


@pytest.fixture(scope="module")
def written(samples: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("written") / NAME
    done = countersign("run", samples / "documents" / LETTER, "--out", folder)
    assert done.status == 0, done.err
    return folder


@pytest.fixture
def archive(written: Path, tmp_path: Path) -> Iterator[Path]:
    """A copy that nobody may write."""
    folder = tmp_path / "archive"
    shutil.copytree(written, folder)
    lock(folder)
    yield folder
    for path in (folder, *folder.rglob("*")):
        path.chmod(0o755)


@pytest.mark.parametrize("locked", [False, True])
def test_a_folder_of_any_name_is_the_one_that_is_read(written: Path, tmp_path: Path, *, locked: bool) -> None:
    folder = tmp_path / NAME
    shutil.copytree(written, folder)
    if locked:
        lock(folder)

    counts = reading("status", "--run", folder, "--json")

    assert counts.objects[0]["documents"]["done"] == 1, counts.err
    assert [path.name for path in tmp_path.iterdir()] == [NAME]
    assert [path.name for path in written.parent.iterdir()] == [NAME]


def test_a_run_into_it_says_that_it_cannot(archive: Path, samples: Path) -> None:
    refused = reading("run", samples / "documents" / LETTER, "--out", archive)

    assert refused.status == 2
    assert "cannot be written: copy it to where you may write, and work on the copy" in refused.err


def test_every_reading_command_reads_it_and_leaves_nothing_in_it(archive: Path, tmp_path: Path) -> None:
    before = sorted(path.name for path in archive.rglob("*"))

    counts = reading("status", "--run", archive, "--json")
    exported = reading("results", "--run", archive)
    report = reading("report", "--run", archive, "--out", tmp_path / "report.html")
    bundle = reading("bundle", LETTER, "--run", archive, "--out", tmp_path / "case.zip")
    signers = reading("signers", "list", "--run", archive)

    assert counts.objects[0]["documents"]["done"] == 1, counts.err
    assert [line["signed"] for line in exported.objects] == [True]
    assert (report.status, bundle.status, signers.status) == (0, 0, 0), report.err + bundle.err + signers.err
    assert LETTER in (tmp_path / "report.html").read_text()
    assert sorted(path.name for path in archive.rglob("*")) == before


@pytest.mark.parametrize(
    "words",
    [
        pytest.param(("retry", "--again", LETTER), id="retry"),
        pytest.param(("claim", "add", LETTER, "Ann"), id="claim"),
        pytest.param(("keys", "make", "desk"), id="keys"),
    ],
)
def test_a_command_that_writes_says_that_it_cannot(archive: Path, words: tuple[str, ...]) -> None:
    refused = reading(*words, "--run", archive)

    assert refused.status == 2
    assert refused.err.endswith(
        "this results folder cannot be written: copy it to where you may write, and work on the copy\n"
    )


def test_what_an_unfinished_command_left_is_not_overlooked(written: Path, tmp_path: Path) -> None:
    folder = tmp_path / "killed"
    shutil.copytree(written, folder)
    with closing(sqlite3.connect(folder / "countersign.db")) as connection:
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("UPDATE documents SET asked_by = 'ann'")
        connection.commit()
        journal = (folder / "countersign.db-wal").read_bytes()
    (folder / "countersign.db-wal").write_bytes(journal)
    assert journal
    lock(folder)

    refused = reading("status", "--run", folder)

    assert refused.status == 2
    assert "what that wrote is not in the database. Copy it to where you may write" in refused.err


def test_a_folder_of_an_older_release_must_be_brought_up_to_date_first(written: Path, tmp_path: Path) -> None:
    folder = tmp_path / "older"
    shutil.copytree(written, folder)
    with closing(sqlite3.connect(folder / "countersign.db")) as connection:
        connection.execute("UPDATE alembic_version SET version_num = '0024'")
        connection.commit()
    lock(folder)

    refused = reading("status", "--run", folder)

    assert refused.status == 2
    assert "an older release wrote it, and it must be brought up to date first" in refused.err

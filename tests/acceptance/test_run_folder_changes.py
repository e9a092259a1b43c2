"""A run's folder is changed by the core alone: claims, signers, retries and erasures, without a server."""

from __future__ import annotations

import json
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Mapping
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from producer.machine.processes import child_environment
from tests.acceptance.commands import CommandResult, countersign

LETTER, SIGNER, OTHER = "letter-claims-department.jpg", "elena-mulvaney", "flora-rowley"
#: What the extra `queue` brings cannot be imported.
CORE = """
import sys
class Absent:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in ("boto3", "botocore", "celery", "kombu", "redis", "psycopg2", "pyarrow"):
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)
sys.meta_path.insert(0, Absent())
from producer.cli import main
main()
"""


def core(*words: object, env: Mapping[str, str] | None = None) -> CommandResult:
    """A command where only the core is installed."""
    done = subprocess.run(
        [sys.executable, "-c", CORE, *map(str, words)],
        capture_output=True,
        text=True,
        check=False,
        stdin=subprocess.DEVNULL,
        env=child_environment(dict(env or {})),
    )
    return CommandResult(done.returncode, done.stdout, done.stderr)


@pytest.fixture(scope="module")
def finished(samples: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run over one document that claims a signer with references, and one that is no document."""
    base = tmp_path_factory.mktemp("run")
    (base / "scans").mkdir()
    shutil.copy(samples / "documents" / LETTER, base / "scans")
    (base / "scans" / "note.txt").write_text("no document")
    (base / "claims.csv").write_text(f"key,signer\n{LETTER},{SIGNER}\n")
    for name in (SIGNER, OTHER):
        shutil.copytree(samples / "references" / name, base / "references" / name)
    countersign(
        "run", base / "scans", "--out", base / "out", "--claims", base / "claims.csv",
        "--references", base / "references",
    )  # fmt: skip
    return base / "out"


@pytest.fixture
def out(finished: Path, tmp_path: Path) -> Path:
    """The folder of that run, to be changed."""
    return Path(shutil.copytree(finished, tmp_path / "out"))


def result_of(folder: Path) -> dict[str, Any]:
    listed = core("results", "--run", folder)
    (letter,) = (row for row in map(json.loads, listed.out.splitlines()) if row["document"].endswith(LETTER))
    return dict(letter)


def told(folder: Path) -> tuple[set[str], list[str]]:
    """What the folder's report says: the signers in its list of documents, and the table of references."""
    documents, _, rest = (folder / "report.html").read_text().partition("<article")
    _, _, references = rest.partition("References on file")
    table = references.partition("</table>")[0]
    assert table
    return {name for name in (SIGNER, OTHER) if name in documents}, table.split()


def test_a_claim_in_a_folder_is_corrected_and_compared_at_once(out: Path) -> None:
    before = result_of(out)

    corrected = core("claim", "correct", LETTER, SIGNER, OTHER, "--run", out)

    after = result_of(out)
    assert corrected.status == 0, corrected.err
    assert [claim["signer"] for claim in after["claims"]] == [OTHER]
    assert (before["answer"], after["answer"], after["status"]) == (1, 2, "done")


def test_the_tables_and_the_report_of_a_folder_follow_a_changed_claim(out: Path) -> None:
    before = (out / "documents.csv").read_text()
    names, references = told(out)

    core("claim", "correct", LETTER, SIGNER, OTHER, "--run", out)

    claims = (out / "claims.csv").read_text()
    assert OTHER in claims
    assert SIGNER not in claims
    assert (out / "documents.csv").read_text().splitlines()[0] == before.splitlines()[0]
    assert (names, told(out)) == ({SIGNER}, ({OTHER}, references))


def test_the_report_of_a_folder_follows_the_claim_of_a_document_that_cannot_be_read(out: Path) -> None:
    corrected = core("claim", "add", "note.txt", OTHER, "--run", out)

    assert corrected.status == 0, corrected.err
    assert told(out)[0] == {SIGNER, OTHER}


def test_references_in_a_folder_come_and_go_and_documents_are_compared_again(
    out: Path, samples: Path
) -> None:
    first, *_ = sorted((samples / "references" / SIGNER).iterdir())
    _, references = told(out)

    removed = core("signers", "remove", SIGNER, 1, "--run", out)
    enrolled = core("enroll", SIGNER, first, "--run", out)
    verified = core("signers", "verify", SIGNER, "--run", out)

    assert (removed.status, enrolled.status, verified.status) == (0, 0, 0), removed.err + enrolled.err
    assert f"countersign signers verify {SIGNER} --run {out}" in removed.err
    assert told(out)[1] != references
    assert result_of(out)["answer"] == 2


def test_a_document_in_a_folder_is_read_again(out: Path) -> None:
    (out / "report.html").write_text("as it was")

    retried = core("retry", LETTER, "--again", "--run", out)

    assert retried.status == 0, retried.err
    assert told(out)[0] == {SIGNER}
    assert f"{LETTER} (document 1): done; {SIGNER}: " in retried.err
    assert (result_of(out)["answer"], result_of(out)["status"]) == (2, "done")


def test_a_document_that_fails_once_more_is_told_in_a_sentence_and_no_log_line(out: Path) -> None:
    retried = core("retry", "--reason", "unknown_format", "--run", out)

    assert "note.txt (document 2): failed, unknown_format" in retried.err
    assert "quarantined" not in retried.err


def test_a_document_whose_file_is_not_there_keeps_its_answer(out: Path, tmp_path: Path) -> None:
    """Paths are as they were given to `run`: from another folder they may lead nowhere."""
    with closing(sqlite3.connect(out / "countersign.db")) as database, database:
        database.execute("UPDATE documents SET key = 'elsewhere/' || key WHERE id = 1")

    retried = core("retry", "1", "--again", "--run", out)

    assert retried.status == 1
    assert f"{LETTER}' here: call this where `countersign run` was called" in retried.err
    assert (result_of(out)["answer"], result_of(out)["status"]) == (1, "done")


def test_the_status_of_a_folder_advises_no_retry_that_ends_the_same_way(out: Path) -> None:
    told = core("status", "--run", out)

    assert "1 in quarantine: unknown_format (the same bytes end the same way: give another file)" in told.out


def test_a_signer_and_a_document_of_a_folder_are_erased(out: Path) -> None:
    signer = core("erase", "--signer", SIGNER, "--yes", "--run", out)
    document = core("erase", "--document", LETTER, "--yes", "--run", out)

    assert (signer.status, document.status) == (0, 0), signer.err + document.err
    assert SIGNER not in core("signers", "list", "--run", out).out
    assert len(core("results", "--run", out).out.splitlines()) == 1


def test_what_was_erased_leaves_the_tables_and_the_report_of_a_folder_too(out: Path) -> None:
    left = ("claims.csv", "signatures.csv", "documents.csv", "report.html")
    assert all(LETTER in (out / name).read_text() for name in left)

    core("erase", "--signer", SIGNER, "--yes", "--run", out)

    assert not any(SIGNER in (out / name).read_text() for name in left)

    core("erase", "--document", LETTER, "--yes", "--run", out)

    assert not any(LETTER in (out / name).read_text() for name in left)
    assert "note.txt" in (out / "report.html").read_text()


def test_an_erasure_brings_no_table_or_report_back_that_somebody_took_away(out: Path) -> None:
    (out / "claims.csv").unlink()
    (out / "report.html").unlink()

    erased = core("erase", "--document", LETTER, "--yes", "--run", out)

    assert erased.status == 0, erased.err
    assert not (out / "claims.csv").exists()
    assert not (out / "report.html").exists()


def test_nobody_is_asked_about_an_erasure_that_cannot_be_done(out: Path) -> None:
    env = {"COUNTERSIGN_DATABASE_URL": f"sqlite:///{out / 'countersign.db'}"}

    refused = core("erase", "--signer", SIGNER, env=env)

    assert refused.status == 2
    assert "this needs boto3" in refused.err
    assert "for good?" not in refused.err

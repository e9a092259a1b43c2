"""`countersign run --resume`: answers stay only while what they rest on stays."""

from __future__ import annotations

import json
import shutil
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from db import documents
from db.states import DocumentStage
from tests.acceptance.commands import CommandResult, countersign
from worker.embedded.inputs import Change
from worker.embedded.workspace import open_workspace

Run = Callable[..., CommandResult]
#: A document of the samples, one signer whom it claims, and one whom it does not.
LETTER, SIGNER, OTHER = "letter-claims-department.jpg", "elena-mulvaney", "flora-rowley"


@pytest.fixture
def run(samples: Path, tmp_path: Path) -> Run:
    """Runs on one sample document, into one folder."""
    references = tmp_path / "references"
    for name in (SIGNER, OTHER):
        shutil.copytree(samples / "references" / name, references / name)
    (tmp_path / "claims.csv").write_text(f"document,signer\n{LETTER},{SIGNER}\n")

    def start(*words: str) -> CommandResult:
        return countersign(
            "run", samples / "documents" / LETTER, "--references", references,
            "--claims", tmp_path / "claims.csv", "--out", tmp_path / "out", *words,
        )  # fmt: skip

    return start


def answered_at(result: CommandResult) -> str:
    (document,) = result.objects
    return str(document["finished_at"])


def test_an_answer_stays_while_nothing_it_rests_on_changes(run: Run, tmp_path: Path) -> None:
    first = run("--json")
    shutil.rmtree(tmp_path / "references" / OTHER)

    resumed = run("--json", "--resume")

    assert answered_at(resumed) == answered_at(first)
    assert "1 earlier answers are kept" in resumed.err


@pytest.mark.parametrize("change", ["claims", "references", "settings"])
def test_a_document_whose_inputs_changed_is_read_again_and_named(
    run: Run, tmp_path: Path, change: str
) -> None:
    first = run("--json")
    if change == "claims":
        (tmp_path / "claims.csv").write_text(f"document,signer\n{LETTER},{OTHER}\n")
    elif change == "references":
        min((tmp_path / "references" / SIGNER).iterdir()).unlink()

    resumed = run("--json", "--resume", *(["--min-score", "0.6"] if change == "settings" else []))
    kept = run("--json", "--resume", *(["--min-score", "0.6"] if change == "settings" else []))

    (document,) = resumed.objects
    (sentence,) = [line for line in resumed.err.splitlines() if "read again" in line]
    assert answered_at(resumed) > answered_at(first)
    assert change in sentence
    assert LETTER in sentence
    assert "0 earlier answers are kept" in resumed.err
    assert answered_at(kept) == answered_at(resumed)
    if change == "claims":
        assert [claim["signer"] for claim in document["claims"]] == [OTHER]
    if change == "references":
        assert {verdict["references"] for verdict in document["verdicts"]} == {4}


def test_without_a_claims_file_the_claims_stay(run: Run, samples: Path, tmp_path: Path) -> None:
    first = run("--json")

    resumed = countersign(
        "run", samples / "documents" / LETTER, "--out", tmp_path / "out", "--resume", "--json"
    )

    assert answered_at(resumed) == answered_at(first)
    assert json.loads(resumed.out)["claims"] == json.loads(first.out)["claims"]


def members(run_folder: Path, file: Path) -> list[str]:
    """What the bundle of the folder's one document holds."""
    packed = countersign("bundle", "1", "--run", run_folder, "--out", file)
    assert packed.status == 0, packed.err
    assert "lacking" not in packed.err
    with zipfile.ZipFile(file) as bundle:
        return bundle.namelist()


def test_a_bundle_keeps_its_references_whatever_later_runs_compare_with(run: Run, tmp_path: Path) -> None:
    run()
    whole = members(tmp_path / "out", tmp_path / "1.zip")
    run("--resume")
    resumed = members(tmp_path / "out", tmp_path / "2.zip")
    other = min((tmp_path / "references" / OTHER).iterdir())
    shutil.rmtree(tmp_path / "references" / SIGNER)
    countersign("run", other, "--references", tmp_path / "references", "--out", tmp_path / "out")

    assert len(whole) == 2 + 5
    assert resumed == whole
    assert members(tmp_path / "out", tmp_path / "3.zip") == whole


def test_references_that_are_none_take_nothing_off_file(run: Run, tmp_path: Path) -> None:
    run()
    wrong = tmp_path / "wrong"
    (wrong / SIGNER).mkdir(parents=True)

    empty = run("--resume", "--references", str(wrong))
    (wrong / SIGNER / "page.png").write_bytes(b"no image")
    unusable = run("--resume", "--references", str(wrong))

    status = countersign("status", "--run", tmp_path / "out")
    assert (empty.status, unusable.status) == (2, 2)
    assert "holds no references" in empty.err
    assert "can be used as a reference" in unusable.err
    assert "2 signers enrolled" in status.out


def test_a_document_half_way_starts_over_when_its_inputs_changed(tmp_path: Path, samples: Path) -> None:
    """Pages that were verified before would else keep verdicts on other references."""
    workspace = open_workspace(tmp_path)
    path = samples / "documents" / LETTER
    before = workspace.resume(path, [SIGNER], workspace.inputs())
    image = min((samples / "references" / SIGNER).iterdir())
    workspace.runner.run(DocumentStage.RENDER, before.id)
    workspace.enroller.enroll(SIGNER, image.name, image.read_bytes())

    after = workspace.resume(path, [SIGNER], workspace.inputs())

    with workspace.sessions() as session:
        stage = documents.get(session, after.id).stage
    workspace.close()
    assert (after.id, after.changes) == (before.id, (Change.REFERENCES,))
    assert stage is DocumentStage.RENDER


def test_an_answer_of_which_nobody_noted_the_inputs_is_not_trusted(tmp_path: Path, samples: Path) -> None:
    workspace = open_workspace(tmp_path)
    path = samples / "documents" / LETTER
    workspace.register(path, [])

    resumed = workspace.resume(path, [], workspace.inputs())

    workspace.close()
    assert resumed.changes == (Change.UNKNOWN,)

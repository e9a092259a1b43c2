"""What a user gives and nothing uses is named by `countersign run`, and the exit status says so."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

from producer.account import account
from tests.acceptance.commands import countersign

LETTER, SIGNER = "letter-claims-department.jpg", "elena-mulvaney"


def test_everything_that_is_given_in_vain_is_named(samples: Path, tmp_path: Path) -> None:
    scans, references = tmp_path / "scans", tmp_path / "references"
    shutil.copytree(samples / "references" / SIGNER, references / SIGNER)
    scans.mkdir()
    shutil.copy(samples / "documents" / LETTER, scans)
    (references / SIGNER / "seal.gif").write_bytes(b"GIF89a")
    (references / "stray.png").write_bytes(b"")
    (scans / "nowhere").symlink_to(tmp_path / "gone")
    (scans / "other.pdf.json").write_text("{}")
    claims = tmp_path / "claims.csv"
    claims.write_bytes(f"\ufeffdocument;signer\n{LETTER};{SIGNER}\n{LETTER.upper()};Bob\n".encode())

    finished = countersign(
        "run", scans, "--references", references, "--claims", claims, "--out", tmp_path / "out", "--json"
    )

    (document,) = finished.objects
    messages = finished.err
    assert finished.status == 1
    assert (document["status"], [claim["signer"] for claim in document["claims"]]) == ("done", [SIGNER])
    assert all(name in messages for name in ("seal.gif", "stray.png", "nowhere", "other.pdf.json"))
    assert (
        f"claims.csv, line 3: there is no document {LETTER.upper()!r}; did you mean {LETTER!r}?" in messages
    )


def test_a_sidecar_says_who_signed_in_a_run_too(samples: Path, tmp_path: Path) -> None:
    (tmp_path / "scans").mkdir()
    shutil.copy(samples / "documents" / LETTER, tmp_path / "scans")
    (tmp_path / "scans" / f"{LETTER}.json").write_text(json.dumps({"signers": [SIGNER, ""]}))

    finished = countersign("run", tmp_path / "scans", "--out", tmp_path / "out", "--json")

    (document,) = finished.objects
    assert [claim["signer"] for claim in document["claims"]] == [SIGNER]
    assert "an empty name" in finished.err
    assert finished.status == 1


def test_what_file_managers_leave_is_counted_and_no_failure(samples: Path, tmp_path: Path) -> None:
    scans = tmp_path / "scans"
    scans.mkdir()
    shutil.copy(samples / "documents" / LETTER, scans)
    for name in ("Thumbs.db", ".DS_Store"):
        (scans / name).write_bytes(b"")

    finished = countersign("run", scans, "--out", tmp_path / "out", "--json")

    assert finished.status == 0
    assert f"left out: {scans}: 2 hidden or left by file managers" in finished.err


def test_a_row_of_two_files_is_named_and_a_near_name_is_a_note(samples: Path, tmp_path: Path) -> None:
    scans, references = tmp_path / "scans", tmp_path / "references"
    shutil.copytree(samples / "references" / SIGNER, references / SIGNER)
    for folder in ("x", "y"):
        (scans / folder).mkdir(parents=True)
        shutil.copy(samples / "documents" / LETTER, scans / folder)
    (scans / "y" / LETTER).rename(scans / "y" / "other.jpg")
    shutil.copy(samples / "documents" / "notice-to-staff.jpg", scans / "y" / LETTER)
    claims = tmp_path / "claims.csv"
    claims.write_text(f"key,signer\n{LETTER},{SIGNER}\ny/other.jpg,elena-mulvany\n")

    finished = countersign(
        "run", scans, "--references", references, "--claims", claims, "--out", tmp_path / "out", "--json"
    )

    claimed = [[claim["signer"] for claim in document["claims"]] for document in finished.objects]
    assert (finished.status, claimed) == (1, [[], [], ["elena-mulvany"]])
    assert f"line 2: {LETTER!r} may mean" in finished.err
    assert f"note: no signer 'elena-mulvany' is enrolled; near: {SIGNER!r}" in finished.err
    history = countersign("signers", "show", SIGNER, "--run", tmp_path / "out", "--json")
    assert {event["who"] for event in history.objects[0]["events"]} == {account()}

"""`countersign signers` on a real database and store, with the shipped models."""

from __future__ import annotations

import csv
import getpass
import json
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest

from producer.machine.processes import child_environment
from tests.acceptance.commands import countersign

SIGNER, OTHER = "elena-mulvaney", "Elena M."


@pytest.fixture
def env(database_url: str, redis_url: str, s3) -> dict[str, str]:
    env = {
        "COUNTERSIGN_DATABASE_URL": database_url,
        "COUNTERSIGN_BROKER_URL": redis_url,
        "COUNTERSIGN_S3_ENDPOINT": s3.endpoint,
        "COUNTERSIGN_S3_ACCESS_KEY": s3.access_key,
        "COUNTERSIGN_S3_SECRET_KEY": s3.secret_key,
        "COUNTERSIGN_RESULTS_BUCKET": s3.name,
    }
    assert countersign("migrate", env=env).status == 0
    return env


#: Runs commands one after the other in one process, so that the models are loaded once.
COMMANDS = """
import json, sys
from producer.cli import main
for words in json.loads(sys.argv[1]):
    sys.argv = ["countersign", *words]
    try:
        main()
    except SystemExit as ended:
        print(json.dumps({"status": ended.code or 0}), flush=True)
"""


def run_all(commands: Sequence[Sequence[str]], env: Mapping[str, str]) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", COMMANDS, json.dumps(commands)],
        env=child_environment(env),
        capture_output=True,
        text=True,
        check=False,
    )


def test_signers_are_enrolled_in_bulk_looked_over_and_kept_in_order(
    samples: Path, tmp_path: Path, env: dict[str, str]
) -> None:
    images = sorted((samples / "references" / SIGNER).iterdir())
    (tmp_path / "in" / SIGNER).mkdir(parents=True)
    for image in images[:2]:
        (tmp_path / "in" / SIGNER / image.name).write_bytes(image.read_bytes())
    table = tmp_path / "more.csv"
    table.write_text(f"\ufeffsigner;image\n{OTHER};{images[2]}\n", encoding="utf-8")
    sheet = samples / "documents" / "side-letter-april.jpg"
    commands = [
        ["signers", "enroll", SIGNER, str(sheet)],
        ["signers", "enroll", str(tmp_path / "in")],
        ["signers", "enroll", "--csv", str(table)],
        ["enroll", "Bob", str(samples / "references" / SIGNER)],
        ["signers", "merge", OTHER, SIGNER],
        ["signers", "merge", OTHER, SIGNER, "--yes"],
        ["signers", "remove", SIGNER, "1", "--verify"],
        ["signers", "export", str(tmp_path / "out"), SIGNER],
        ["signers", "verify", SIGNER],
        ["signers"],
        ["signers", "show", SIGNER],
        ["signers", "list", "--json"],
        ["signers", "show", OTHER, "--json"],
    ]

    done = run_all(commands, env)

    # A question that nobody answers leaves a space before the next line.
    lines = [json.loads(line) for line in done.stdout.splitlines() if line.lstrip().startswith("{")]
    assert [line["status"] for line in lines if "status" in line] == [1, 0, 0, 0, 1] + [0] * 8, done.stderr
    assert "No command takes it back" in done.stderr
    assert "with 2 signatures" in done.stderr
    assert "Traceback" not in done.stderr
    assert done.stderr.count("0 documents are compared again") == 2
    assert done.stdout.count(getpass.getuser()) >= 3
    row, history = (line for line in lines if line.get("aliases"))
    assert (row["signer"], row["aliases"], row["references"]) == (SIGNER, [OTHER], 2)
    assert {line["enrolled_by"] for line in history["references"]} == {getpass.getuser()}
    assert [line["event"] for line in history["events"]] == ["enrolled"] * 3 + ["merged", "removed"]
    with (tmp_path / "out" / "signers.csv").open(encoding="utf-8", newline="") as file:
        written = [(tmp_path / "out" / line["image"]).read_bytes() for line in csv.DictReader(file)]
    assert written == [image.read_bytes() for image in images[1:3]]


def test_what_cannot_be_done_is_said_in_a_line(env: dict[str, str]) -> None:
    wrong = {
        "show": "name the signer",
        "show Bob": "there is no signer 'Bob'",
        "enroll": "give NAME IMAGE",
        "enroll nowhere": "there is no folder 'nowhere'",
        "merge Bob": "merge takes two names",
        "export": "name the folder",
    }

    done = run_all([["signers", *words.split()] for words in wrong], env)

    assert [json.loads(line)["status"] for line in done.stdout.splitlines()] == [2] * len(wrong)
    lines = done.stderr.splitlines()
    assert [why in line for why, line in zip(wrong.values(), lines, strict=True)] == [True] * len(wrong)

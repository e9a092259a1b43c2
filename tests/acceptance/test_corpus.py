"""Some three hundred bad documents in one batch: each gets its answer, and its neighbours get theirs."""

from __future__ import annotations

import csv
import json
import os
import shutil
import sqlite3
import subprocess
import time
import unicodedata
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from markupsafe import escape
from PIL import Image

from producer.machine.processes import child_environment
from tests.acceptance.commands import COUNTERSIGN, CommandResult
from tests.corpus import ANY, KINDS, Kind
from tests.inputs.expectations import LIMITS
from tests.inputs.images import png_claiming
from tests.results import without_ids
from worker.storage.files import path_of

#: What a run is held to here; the corpus is built around these.
SETTINGS = {
    "COUNTERSIGN_MAX_PAGES": str(LIMITS.max_pages),
    "COUNTERSIGN_MAX_PIXELS": str(LIMITS.max_pixels),
    "COUNTERSIGN_MAX_BYTES": str(LIMITS.max_bytes),
    "COUNTERSIGN_RENDER_DPI": str(LIMITS.render_dpi),
    "COUNTERSIGN_PAGE_SECONDS": "10",
    "COUNTERSIGN_RENDER_MEMORY_MB": "1024",
}
#: Seconds for the batch, seconds for any one document, and what a process of the run may hold in memory.
SECONDS, SECONDS_EACH, MEMORY = 240, 60, 2 * 1024**3
#: Sound documents of the samples, with the number of the kind that each stands before.
NEIGHBOURS = {
    "payment-order-2291.jpg": 0,
    "side-letter-april.jpg": 90,
    "letter-claims-department.jpg": 180,
    "power-of-attorney.jpg": 270,
}
UNKNOWN_SIGNERS = ["nobody we know", "<script>alert(2)</script>", "Ἀρχιμήδης", ":smile: [red]"]


@dataclass(frozen=True)
class Batch:
    """What a run over a folder came to; results by the name of the folder that a document lies in."""

    finished: CommandResult
    out: Path
    seconds: float
    memory: int
    results: dict[str, dict[str, Any]]


def countersign(folder: Path, *words: object) -> tuple[CommandResult, int]:
    """Run `countersign`; what it said, and the most memory that it or a process of its held at a time."""
    streams = folder / "stdout", folder / "stderr"
    with streams[0].open("wb") as out, streams[1].open("wb") as err:
        command = [COUNTERSIGN, *map(str, words)]
        process = subprocess.Popen(command, stdout=out, stderr=err, env=child_environment(SETTINGS))
        _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    finished = CommandResult(process.returncode, *(stream.read_text() for stream in streams))
    return finished, usage.ru_maxrss * 1024


def run(root: Path) -> Batch:
    """Read `root/documents` with the references and claims beside it."""
    started = time.monotonic()
    words = ("--references", root / "references", "--claims", root / "claims.csv", "--out", root / "out")
    finished, memory = countersign(root, "run", root / "documents", *words, "--json")
    results = {path_of(one["document"]).parent.name: one for one in finished.objects}
    return Batch(finished, root / "out", time.monotonic() - started, memory, results)


def place(folder: Path, name: bytes, data: bytes) -> None:
    """A file in a folder of its own; its name may be no text."""
    folder.mkdir(parents=True)
    Path(os.fsdecode(os.fsencode(folder) + b"/" + name)).write_bytes(data)


def lay_out(root: Path, samples: Path, claims: dict[str, list[str]]) -> None:
    """The sound documents, their references and these claims beside their own."""
    for name, before in NEIGHBOURS.items():
        place(
            root / "documents" / f"{before:03d}-before",
            name.encode(),
            (samples / "documents" / name).read_bytes(),
        )
    shutil.copytree(samples / "references", root / "references")
    head, *rows = (samples / "claims.csv").read_text().splitlines()
    # A row for a document that is not there would be named, and end the run with status 1.
    kept = [row for row in rows if row.split(",")[0] in NEIGHBOURS]
    (root / "claims.csv").write_text("\n".join([head, *kept, ""]))
    with (root / "claims.csv").open("a", newline="") as file:
        csv.writer(file).writerows((name, signer) for name in claims for signer in claims[name])


def spoil_references(references: Path) -> None:
    """Images that are nobody's signature, among those of a signer and under names that are nobody's."""
    signer = min(references.iterdir())
    (signer / "empty.png").touch()
    (signer / "broken.jpg").write_bytes(b"\xff\xd8\xff\xe0 no more of it")
    (signer / "bomb.png").write_bytes(png_claiming(60_000, 60_000))
    Image.new("RGB", (400, 150), "white").save(signer / "blank.png")
    Image.new("L", (1, 1)).save(signer / "dot.png")
    (signer / "gone.png").symlink_to("/nowhere/at/all.png")
    for name in (b"steering\x1b[2J", b"not-\xff-text"):
        place(Path(os.fsdecode(os.fsencode(references) + b"/" + name)), b"one.png", b"")


@pytest.fixture(scope="module")
def clean(samples: Path, tmp_path_factory: pytest.TempPathFactory) -> Batch:
    """The sound documents alone."""
    root = tmp_path_factory.mktemp("clean")
    lay_out(root, samples, {})
    return run(root)


@pytest.fixture(scope="module")
def batch(samples: Path, tmp_path_factory: pytest.TempPathFactory) -> Batch:
    """All kinds and the sound documents between them, in one process."""
    root = tmp_path_factory.mktemp("corpus")
    named = {kind.id: kind.file.decode() for kind in KINDS if kind.id in ("name-html", "name-newline")}
    lay_out(root, samples, dict.fromkeys(named.values(), UNKNOWN_SIGNERS))
    spoil_references(root / "references")
    for number, kind in enumerate(KINDS):
        place(root / "documents" / f"{number:03d}-{kind.id}", kind.file, kind.build())
    (root / "documents" / "000-unreadable.pdf").symlink_to("/proc/self/mem")
    return run(root)


def result(batch: Batch, kind: Kind) -> dict[str, Any]:
    return batch.results[f"{KINDS.index(kind):03d}-{kind.id}"]


@pytest.mark.parametrize("kind", [pytest.param(kind, id=kind.id) for kind in KINDS])
def test_every_kind_ends_as_it_must(batch: Batch, kind: Kind) -> None:
    answer = result(batch, kind)

    if kind.status == ANY:
        assert answer["status"] in {"done", "partial", "failed"}
        assert (answer["reason"] is None) == (answer["status"] == "done")
    else:
        assert (answer["status"], answer["reason"]) == (kind.status, kind.reason), answer["detail"]
    assert sum(answer["seconds"].values()) < SECONDS_EACH


def test_the_neighbours_get_the_answers_of_a_clean_run(batch: Batch, clean: Batch) -> None:
    assert clean.finished.status == 0
    assert len(clean.results) == len(NEIGHBOURS)
    for folder, alone in clean.results.items():
        assert comparable(batch.results[folder]) == comparable(alone)
        assert alone["signed"] is True
    verdicts = [verdict for alone in clean.results.values() for verdict in alone["verdicts"]]
    assert any(verdict["references"] for verdict in verdicts)


def comparable(result: dict[str, Any]) -> dict[str, Any]:
    """An answer without places, ids, moments and durations."""
    regions = [region for page in result["pages"] for region in page["regions"]]
    boxes = [{**region, "crop": None, "clean": None} for region in regions]
    names = ("sha256", "status", "reason", "detail", "signed", "claims", "versions")
    verdicts = without_ids(result["verdicts"])
    return {**{name: result[name] for name in names}, "regions": boxes, "verdicts": verdicts}


def test_one_process_reads_them_all_within_its_limits(batch: Batch) -> None:
    assert batch.finished.status == 1
    assert len(batch.finished.objects) == len(KINDS) + len(NEIGHBOURS)
    assert "Traceback" not in batch.finished.err
    assert batch.seconds < SECONDS
    assert batch.memory < MEMORY


def test_what_went_wrong_is_said_in_one_printable_line(batch: Batch) -> None:
    for result in batch.results.values():
        if result["status"] != "done":
            assert result["detail"]
            assert result["detail"].isprintable()


def test_every_reason_code_is_documented() -> None:
    pages = [Path(__file__).parents[2] / "docs" / name for name in ("bad-input.md", "result.md")]

    for code in {kind.reason for kind in KINDS if kind.reason}:
        assert all(f"`{code}`" in page.read_text() for page in pages), code


def test_a_file_that_cannot_be_opened_is_named_and_passed_over(batch: Batch) -> None:
    assert "document passed over:" in batch.finished.err


@pytest.mark.parametrize(
    "name",
    ["empty.png", "broken.jpg", "bomb.png", "blank.png", "dot.png", "steering", "not-"],
)
def test_a_bad_reference_is_named_and_passed_over(batch: Batch, name: str) -> None:
    passed_over = batch.finished.err.replace("\n", "").split("reference passed over:")[1:]

    assert any(name in one for one in passed_over)


def test_a_reference_that_is_a_broken_link_is_named(batch: Batch) -> None:
    not_used = batch.finished.err.replace("\n", "").split("not used:")[1:]

    assert any("gone.png" in one for one in not_used)


def test_claims_of_unknown_signers_are_kept_as_they_are(batch: Batch) -> None:
    result = next(one for name, one in batch.results.items() if name.endswith("name-html"))

    assert [claim["signer"] for claim in result["claims"]] == UNKNOWN_SIGNERS


@pytest.mark.parametrize("kind", [pytest.param(kind, id=kind.id) for kind in KINDS if kind.notes])
def test_what_a_document_carries_is_noted(batch: Batch, kind: Kind) -> None:
    with sqlite3.connect(batch.out / "countersign.db") as database:
        query = "SELECT detail FROM events WHERE document_id = ? AND event = 'noted'"
        noted = database.execute(query, (result(batch, kind)["id"],)).fetchall()

    assert noted == [(kind.notes,)]
    assert result(batch, kind)["notes"] == kind.notes.split(", ")


def test_the_report_holds_every_name_and_runs_only_its_own_script(batch: Batch) -> None:
    report = (batch.out / "report.html").read_bytes().decode()

    assert report.count("<script") == 1
    for result in batch.results.values():
        assert str(escape(Path(result["document"]).name)) in report


def test_result_files_are_json_whatever_the_document_is_called(batch: Batch) -> None:
    files = list((batch.out / "objects").rglob("result.json"))

    assert files
    for file in files:
        assert json.loads(file.read_text(), parse_constant=pytest.fail)["status"] != "working"


def test_a_table_of_them_steers_no_terminal(batch: Batch) -> None:
    root = batch.out.parent

    finished, _ = countersign(root, "run", root / "documents", "--out", batch.out, "--resume")

    assert finished.status == 1
    assert ":smile:" in finished.out
    steering = {sign for sign in finished.out if unicodedata.category(sign)[0] == "C" and sign != "\n"}
    assert not steering

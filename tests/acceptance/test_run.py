"""`countersign run` and `compare` as their users meet them."""

from __future__ import annotations

import csv
import json
import sqlite3
from pathlib import Path
from typing import Any

import pytest

from tests.acceptance.commands import CommandResult, countersign
from worker.pipeline import PIPELINE

VERDICTS = {"genuine", "forged", "inconclusive", "no_reference"}


@pytest.fixture(scope="module")
def out(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("out")


@pytest.fixture(scope="module")
def finished(samples: Path, out: Path) -> CommandResult:
    """One run on the sample documents, one of which is corrupt."""
    words = ("--references", samples / "references", "--claims", samples / "claims.csv")
    return countersign("run", samples / "documents", *words, "--out", out, "--json")


@pytest.fixture(scope="module")
def results(finished: CommandResult) -> dict[str, dict[str, Any]]:
    return {Path(result["document"]).name: result for result in finished.objects}


@pytest.fixture(scope="module")
def expected(samples: Path) -> dict[str, Any]:
    expected: dict[str, Any] = json.loads((samples / "expected.json").read_text())
    return expected


def test_stdout_holds_one_object_per_document_and_nothing_else(
    finished: CommandResult, samples: Path, results: dict[str, Any]
) -> None:
    documents = {path.name for path in (samples / "documents").iterdir()}

    assert len(finished.objects) == len(documents)
    assert results.keys() == documents


def test_a_corrupt_document_makes_the_status_1_and_names_its_reason(
    finished: CommandResult, results: dict[str, Any]
) -> None:
    failed = [result for result in results.values() if result["status"] == "failed"]

    assert finished.status == 1
    assert [result["reason"] for result in failed] == ["unreadable_document"]
    assert failed[0]["signed"] is None


def test_every_result_keeps_the_contract(results: dict[str, Any]) -> None:
    for result in results.values():
        assert {type(result[name]) for name in ("document", "sha256", "status")} == {str}
        assert len(result["sha256"]) == 64
        assert result["status"] in {"done", "partial", "failed"}
        assert result["reason"] is None or isinstance(result["reason"], str)
        assert result["signed"] in {True, False, None}
        assert {"detector", "encoder", "code"} <= result["versions"].keys()
        assert result["seconds"].keys() <= {stage.name for stage in PIPELINE}


def test_every_page_and_region_keeps_the_contract(results: dict[str, Any]) -> None:
    pages = [page for result in results.values() for page in result["pages"]]
    regions = [(page, region) for page in pages for region in page["regions"]]

    assert len(pages) > len(results)
    assert regions
    for page, region in regions:
        assert region["page"] == page["page"]
        assert 0 <= region["x"] <= region["x"] + region["width"] <= page["width"] + 1e-6
        assert 0 <= region["y"] <= region["y"] + region["height"] <= page["height"] + 1e-6
        assert 0 <= region["score"] <= 1
        assert Path(region["crop"]).is_file()
        # Signatures alone are cleaned and compared.
        assert (region["clean"] is not None) == (region["label"] == "signature")
        assert region["clean"] is None or Path(region["clean"]).is_file()


def test_points_stand_beside_pixels_for_pdfs_alone(results: dict[str, Any]) -> None:
    for name, result in results.items():
        for page in result["pages"]:
            assert (page["points"] is not None) == name.endswith(".pdf")


def test_every_verdict_keeps_the_contract(results: dict[str, Any]) -> None:
    verdicts = [verdict for result in results.values() for verdict in result["verdicts"]]

    assert verdicts
    for verdict in verdicts:
        assert verdict["verdict"] in VERDICTS
        assert verdict["probability"] is None or 0 <= verdict["probability"] <= 1
        assert verdict["confidence"] in {"high", "medium", "low", None}
        if verdict["verdict"] == "no_reference":
            assert (verdict["probability"], verdict["references"]) == (None, 0)


def test_signatures_are_found_where_they_were_drawn(
    results: dict[str, Any], expected: dict[str, Any]
) -> None:
    """The models are judged elsewhere; here most of the documents must get the right answer."""
    right = [results[truth["document"]]["signed"] == truth["signed"] for truth in expected["documents"]]

    assert sum(right) >= len(right) - 2


@pytest.mark.parametrize(
    ("document", "signed_by"),
    [
        pytest.param("memo-office-hours.png", "initials", id="a memo signed by initials"),
        pytest.param("circular-17.jpg", None, id="initials on a routing list"),
        pytest.param("film-0113.tif", "signature", id="a small page in a dark frame"),
        pytest.param("notice-to-staff.jpg", None, id="a folded corner"),
    ],
)
def test_where_a_mark_stands_says_whether_it_signs(
    results: dict[str, Any], document: str, signed_by: str | None
) -> None:
    result = results[document]

    assert (result["signed"], result["signed_by"]) == (signed_by is not None, signed_by)


def test_the_report_and_the_database_lie_in_the_folder(finished: CommandResult, out: Path) -> None:
    report = (out / "report.html").read_text()
    database = sqlite3.connect(out / "countersign.db")

    assert finished.status == 1
    assert report.count("<script") == 1
    assert "unreadable_document" in report
    assert database.execute("SELECT count(*) FROM documents").fetchone() == (len(finished.objects),)


def test_resume_keeps_answers_and_a_plain_second_run_makes_them_anew(samples: Path, tmp_path: Path) -> None:
    document = next((samples / "documents").glob("*.jpg"))
    first = countersign("run", document, "--out", tmp_path, "--json").objects[0]
    resumed = countersign("run", document, "--out", tmp_path, "--json", "--resume").objects[0]
    again = countersign("run", document, "--out", tmp_path, "--json").objects[0]

    assert resumed["finished_at"] == first["finished_at"]
    assert again["finished_at"] > first["finished_at"]
    assert again["pages"] == first["pages"]


def test_min_score_1_finds_nothing(samples: Path, tmp_path: Path) -> None:
    document = next((samples / "documents").glob("*.jpg"))

    finished = countersign("run", document, "--out", tmp_path, "--min-score", "1", "--json")

    assert finished.status == 0
    assert finished.objects[0]["signed"] is False


def test_a_document_that_cannot_be_read_is_told_in_a_sentence(tmp_path: Path) -> None:
    letter = tmp_path / "letter.docx"
    letter.write_bytes(b"PK\x03\x04 and so on")

    finished = countersign("run", letter, "--out", tmp_path / "out")

    assert finished.status == 1
    assert "letter.docx: unknown_format: the file looks like a ZIP archive or an Office file" in finished.out


def test_without_json_a_table_names_the_documents(samples: Path, tmp_path: Path) -> None:
    document = next((samples / "documents").glob("*.jpg"))

    finished = countersign("run", document, "--out", tmp_path)

    assert finished.status == 0
    assert "done" in finished.out
    assert "report.html" in finished.out.replace("\n", "")


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        pytest.param(["run", "/nowhere.pdf"], "does not exist", id="no such file"),
        pytest.param(["run"], "Missing argument", id="no argument"),
        pytest.param(["run", ".", "--min-score", "7"], "less than or equal to 1", id="score out of range"),
        pytest.param(["compare", "one.png"], "give two images", id="one image"),
    ],
)
def test_wrong_use_is_status_2_and_says_what(words: list[str], sentence: str) -> None:
    finished = countersign(*words)

    assert finished.status == 2
    assert sentence in " ".join(finished.err.split())
    assert finished.out == ""


def test_a_wrong_setting_names_the_variable_in_one_line(samples: Path, tmp_path: Path) -> None:
    document = next((samples / "documents").glob("*.jpg"))

    finished = countersign("run", document, "--out", tmp_path, env={"COUNTERSIGN_MIN_SCORE": "high"})

    assert finished.status == 2
    (line,) = finished.err.splitlines()
    assert line.startswith("COUNTERSIGN_MIN_SCORE: ")


def test_a_database_that_nobody_migrated_points_to_the_command_that_does(tmp_path: Path) -> None:
    env = {"COUNTERSIGN_DATABASE_URL": f"sqlite:///{tmp_path / 'empty.db'}"}

    finished = countersign("status", env=env)

    assert finished.status == 2
    (line,) = finished.err.splitlines()
    assert "countersign migrate" in line


def test_an_error_is_one_line_however_long(tmp_path: Path) -> None:
    place = tmp_path / "a".join(map(str, range(50)))

    finished = countersign(
        "audit", f"file://{place}", env={"COUNTERSIGN_INTAKE_FOLDER": str(tmp_path / "in")}
    )

    assert finished.status == 2
    (line,) = finished.err.splitlines()
    assert str(place) in line


@pytest.mark.parametrize(
    ("words", "variable"),
    [
        pytest.param(["status"], "COUNTERSIGN_DATABASE_URL", id="database"),
        pytest.param(["submit", "."], "COUNTERSIGN_S3_ENDPOINT", id="store"),
    ],
)
def test_a_server_that_is_away_is_a_sentence_not_a_traceback(words: list[str], variable: str) -> None:
    nowhere = {
        "COUNTERSIGN_DATABASE_URL": "postgresql+psycopg2://a:canary@127.0.0.1:9/none",
        "COUNTERSIGN_S3_ENDPOINT": "http://127.0.0.1:9",
        "COUNTERSIGN_S3_ACCESS_KEY": "key",
        "COUNTERSIGN_S3_SECRET_KEY": "canary",
    }

    finished = countersign(*words, env=nowhere)

    assert finished.status == 1
    assert variable in finished.err or "storage_unavailable" in finished.err
    assert "Traceback" not in finished.err
    assert "canary" not in finished.err


def test_compare_prints_an_object_per_pair(samples: Path, tmp_path: Path) -> None:
    first, second, *_ = sorted((samples / "references").iterdir())
    same = sorted(first.iterdir())[:2]
    broken = tmp_path / "broken.png"
    broken.write_bytes(b"not an image")
    rows = [(same[0], same[1]), (same[0], sorted(second.iterdir())[0]), (same[0], broken)]
    pairs = tmp_path / "pairs.csv"
    with pairs.open("w", newline="") as file:
        csv.writer(file).writerows([("a", "b"), *rows])

    finished = countersign("compare", "--pairs", pairs, "--json")

    assert finished.status == 1, "one image could not be compared"
    assert [(one["a"], one["b"]) for one in finished.objects] == [(str(a), str(b)) for a, b in rows]
    genuine, other, unusable = finished.objects
    assert genuine["probability"] > other["probability"]
    assert {genuine["verdict"], other["verdict"], unusable["verdict"]} <= VERDICTS
    assert (unusable["probability"], unusable["reason"]) == (None, "unusable_image")


def test_compare_takes_several_references(samples: Path, tmp_path: Path) -> None:
    query, *others = sorted(next((samples / "references").iterdir()).iterdir())
    missing = tmp_path / "missing.png"
    pairs = tmp_path / "pairs.csv"
    rows = [others[:1], others[:2], [others[0], missing]]
    with pairs.open("w", newline="") as file:
        csv.writer(file).writerows([("a", "b"), *((query, ";".join(map(str, row))) for row in rows)])

    finished = countersign("compare", "--pairs", pairs, "--json")

    alone, together, unusable = finished.objects
    assert [one["references"] for one in finished.objects] == [1, 2, 2]
    assert together["b"] == f"{others[0]};{others[1]}"
    assert together["verdict"] in VERDICTS and alone["llr"] != together["llr"]
    assert unusable["reason"] == "unusable_image" and "missing.png" in unusable["detail"]


def test_doctor_finds_the_embedded_form_in_health() -> None:
    finished = countersign("doctor", "--embedded", "--json")

    assert finished.status == 0, finished.out
    assert {one["check"]: one["ok"] for one in finished.objects}["weights"] is True

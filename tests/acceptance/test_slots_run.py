"""`countersign run --slots`: which marks a form lacks, with and without rules."""

from __future__ import annotations

from pathlib import Path

import pymupdf
import pytest
from typer.testing import CliRunner

from producer.cli import app
from producer.services.run import run_documents
from producer.services.run_folder import results_folder
from worker.result import DocumentResult
from worker.result.answers import every_answer

RULES = """
countersign: 1
type: lease
version: 1
applies: {{keys: ["{prefix}"]}}
needs:
  - {{party: tenant}}
"""


@pytest.fixture
def form(tmp_path: Path) -> Path:
    """A form with two empty lines to sign on."""
    document = pymupdf.open()
    page = document.new_page()
    page.insert_text((72, 100), "The parties agree to the lease of the house.")
    for party, y in (("tenant", 300), ("witness", 400)):
        page.insert_text((72, y), f"Signature of {party}:")
        page.draw_line((200, y + 2), (450, y + 2))
    path = tmp_path / "in" / "lease.pdf"
    path.parent.mkdir()
    document.save(path)
    return path


def test_a_run_says_which_slots_are_empty(form: Path, tmp_path: Path) -> None:
    result = run(form, tmp_path, slots=True)

    assert [(slot.party, slot.status) for slot in result.slots] == [
        ("tenant", "unsigned"),
        ("witness", "unsigned"),
    ]
    assert result.completeness is not None
    assert result.completeness.unmet == (
        "page 1: the tenant’s signature is missing; the line is empty",
        "page 1: the witness’s signature is missing; the line is empty",
    )


def test_a_folder_of_rules_says_what_a_type_needs(form: Path, tmp_path: Path) -> None:
    rules = tmp_path / "rules"
    rules.mkdir()
    (rules / "lease.yaml").write_text(RULES.format(prefix=form.parent))

    result = run(form, tmp_path, rules=rules)

    assert result.completeness is not None
    assert result.completeness.type == "lease"
    assert result.completeness.unmet == ("page 1: the tenant’s signature is missing; the line is empty",)


def test_a_run_that_does_not_ask_has_no_slots(form: Path, tmp_path: Path) -> None:
    result = run(form, tmp_path)

    assert not {"slots", "completeness"} & set(result.json_object())


def test_changed_rules_answer_stored_documents_again_without_reading_them(form: Path, tmp_path: Path) -> None:
    first = run(form, tmp_path, slots=True)
    form.unlink()
    file = tmp_path / "lease.yaml"
    file.write_text(RULES.format(prefix=form.parent))
    asked = ["rules", "apply", str(file), "--run", str(tmp_path / "out")]

    applied, again = (CliRunner().invoke(app, asked) for _ in range(2))

    assert (applied.exit_code, applied.stdout) == (0, f"document {first.id}: incomplete\n")
    assert applied.stderr.endswith("1 document judged, 1 answered again\n")
    assert (again.stdout, again.stderr) == ("", "1 document judged, 0 answered again\n")
    with results_folder(tmp_path / "out") as folder, folder.sessions() as session:
        before, after = every_answer(session, first.id, folder.store)
    assert (before.completeness, after.slots) == (first.completeness, first.slots)
    assert (after.answer, after.cause) == (2, "changed_rules")
    assert after.completeness is not None
    assert (after.completeness.type, len(after.completeness.unmet)) == ("lease", 1)


def test_rules_of_another_type_leave_stored_documents_alone(form: Path, tmp_path: Path) -> None:
    run(form, tmp_path, slots=True)
    file = tmp_path / "lease.yaml"
    file.write_text(RULES.format(prefix="elsewhere/"))

    applied = CliRunner().invoke(app, ["rules", "apply", str(file), "--run", str(tmp_path / "out")])

    assert (applied.stdout, applied.stderr) == ("", "0 documents judged, 0 answered again\n")


def test_a_check_says_what_one_document_lacks(form: Path) -> None:
    checked = CliRunner().invoke(app, ["check", str(form)])
    as_json = CliRunner().invoke(app, ["check", str(form), "--json"])

    assert (checked.exit_code, as_json.exit_code) == (1, 1)
    assert checked.stdout.splitlines() == [
        "incomplete",
        "- page 1: the tenant’s signature is missing; the line is empty",
        "- page 1: the witness’s signature is missing; the line is empty",
    ]
    assert DocumentResult.model_validate_json(as_json.stdout).completeness is not None


def test_a_check_of_what_cannot_be_read_says_why(tmp_path: Path) -> None:
    torn = tmp_path / "torn.pdf"
    torn.write_bytes(b"%PDF-1.7 torn")

    checked = CliRunner().invoke(app, ["check", str(torn)])

    assert (checked.exit_code, checked.stdout) == (1, "")
    assert "could not be read" in checked.stderr


def run(form: Path, folder: Path, *, slots: bool = False, rules: Path | None = None) -> DocumentResult:
    (result,) = run_documents([form], folder / "out", slots=slots, rules=rules).results
    return result

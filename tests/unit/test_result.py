"""The typed result: written as it always was, read with tolerance, published in step with the code."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator
from pydantic import ValidationError

from db.states import VerdictOutcome
from deploy.result_reference import RESULT_PAGE, SCHEMA, result_contract, result_page, result_schema
from tests import results
from worker.result import (
    CropQuality,
    DocumentResult,
    ReferenceCopyResult,
    SuggestionResult,
    VersionsResult,
)
from worker.result.answers import without_signer
from worker.result.base import OCCASION
from worker.result.differences import differences
from worker.vision.choices import Label, Outcome
from worker.vision.values import Quality

EXPECTED = Path(__file__).parents[1] / "expected"
#: Results of the drawn samples as the first release wrote them: a failed document, a verdict, suggestions.
RELEASED = (EXPECTED / "results.jsonl").read_text().splitlines()
#: Every field of the first release with its type.
CONTRACT: dict[str, str] = json.loads((EXPECTED / "result-contract.json").read_text())


@pytest.mark.parametrize("line", RELEASED, ids=["failed", "verdict", "suggestions"])
def test_a_released_result_is_read_and_written_again_letter_for_letter(line: str) -> None:
    assert DocumentResult.model_validate_json(line).json_line() == line


@pytest.mark.parametrize("line", RELEASED, ids=["failed", "verdict", "suggestions"])
def test_a_released_result_is_valid_by_the_published_schema(line: str) -> None:
    Draft202012Validator(json.loads(SCHEMA.read_text())).validate(json.loads(line))


def test_the_schema_refuses_what_is_no_result() -> None:
    damaged = {**json.loads(RELEASED[1]), "signed": "yes", "pages": [{"page": -1}]}

    problems = Draft202012Validator(json.loads(SCHEMA.read_text())).iter_errors(damaged)

    assert {problem.json_path for problem in problems} >= {"$.signed", "$.pages[0].page"}


def test_the_published_schema_and_page_are_those_of_the_code() -> None:
    text = RESULT_PAGE.read_text(encoding="utf-8")

    assert SCHEMA.read_text(encoding="utf-8") == result_schema(), "run `python -m deploy.result_reference`"
    assert text == result_page(text), "run `python -m deploy.result_reference`"


def _new_fields(now: Mapping[str, str]) -> set[str]:
    """Fields that models of the release got since; a model that is new may require what it likes."""
    models = {name.partition(".")[0] for name in CONTRACT}
    return {name for name in set(now) - set(CONTRACT) if name.partition(".")[0] in models}


def test_the_contract_only_grows() -> None:
    """A field of the release stays, may take more values, and may not become required of old results."""
    now = result_contract()

    assert set(CONTRACT) <= set(now)
    assert {name for name in CONTRACT if not _may_become(CONTRACT[name], now[name])} == set()
    assert {name for name in _new_fields(now) if not now[name].endswith("?")} == set()


def _may_become(then: str, now: str) -> bool:
    """Whether every type and value of a field is one still, and an optional field is still optional."""
    kept = set(re.split(" or |, ", then.removesuffix("?"))) <= set(re.split(" or |, ", now.removesuffix("?")))
    return kept and (now.endswith("?") or not then.endswith("?"))


def test_fields_of_a_newer_release_are_ignored() -> None:
    newer = json.loads(RELEASED[1])
    for place in (newer, newer["pages"][0], newer["pages"][0]["regions"][0], newer["verdicts"][0]):
        place["hologram"] = {"seen": True}

    assert DocumentResult.model_validate(newer).json_line() == RELEASED[1]


def test_versions_that_are_new_here_are_kept_and_what_had_no_part_is_absent() -> None:
    versions = VersionsResult.model_validate({"code": "2.0", "detector": "d", "reader": "r"})

    assert list(versions.named()) == [("detector", "d"), ("code", "2.0"), ("reader", "r")]
    assert VersionsResult().json_object() == {}


def test_a_result_cannot_be_changed() -> None:
    result = results.document()

    with pytest.raises(ValidationError, match="frozen"):
        result.signed = None  # type: ignore[misc]


def test_a_difference_in_the_answer_is_named_and_circumstances_are_none() -> None:
    then = results.document(pages=[results.page(regions=[results.region()])])
    moved = results.region(duplicate_of=None).model_copy(update={"x": 41.0, "crop": "elsewhere"})
    now = results.document("other.pdf", pages=[results.page(regions=[moved])], signed=None)

    differing = list(differences(then, now, tolerance=1e-3))

    assert [(one.field, one.then, one.now) for one in differing] == [
        ("signed", True, None),
        ("pages[0].regions[0].x", 40.0, 41.0),
    ]


def test_the_database_and_the_comparison_have_the_same_words_for_a_verdict() -> None:
    assert [outcome.value for outcome in VerdictOutcome] == [outcome.value for outcome in Outcome]


def test_only_when_why_and_how_fast_say_nothing_of_an_answer() -> None:
    occasion = {"answer", "cause", "asked_by", "answered_at", "seconds", "finished_at"}

    assert DocumentResult.marked(OCCASION) == occasion


def test_a_result_without_a_signer_keeps_all_else_and_what_was_never_said() -> None:
    older = DocumentResult.model_validate_json(RELEASED[1])
    hints = tuple(SuggestionResult(signer=name, probability=0.5) for name in ("Ann", "Bob"))
    copies = tuple(ReferenceCopyResult(signer=name, reference=1, similarity=0.9) for name in ("Ann", "Bob"))
    region = results.region().model_copy(update={"suggestions": hints, "copy_of_reference": copies})
    verdicts = [results.verdict(name, "genuine", 0.9) for name in ("Ann", "Bob")]
    named = results.document(pages=[results.page(regions=[region])], verdicts=verdicts)

    without = without_signer(named, "Ann")

    assert "Ann" not in without.json_line()
    (region,) = without.regions
    named_rows = (without.claims, without.verdicts, region.suggestions, region.copy_of_reference)
    assert [[row.signer for row in rows] for rows in named_rows] == [["Bob"]] * 4
    assert without_signer(older, "Ann").json_line() == older.json_line()


def test_what_an_older_release_did_not_say_is_no_difference() -> None:
    older = DocumentResult.model_validate_json(RELEASED[1])
    roles = {"signs": True, "role_probability": 0.9}
    region = older.pages[0].regions[0].model_copy(update=roles)
    page = older.pages[0].model_copy(update={"regions": (region,), "signed_by": "signature"})
    newer = older.model_copy(update={"pages": (page,), "signed_by": "signature"})
    unsigned = newer.model_copy(update={"signed": False, "signed_by": None})

    assert list(differences(older, newer)) == []
    assert [one.field for one in differences(older, unsigned)] == ["signed"]
    assert [one.field for one in differences(newer, unsigned)] == ["signed", "signed_by"]


def test_fractions_within_the_tolerance_are_the_same() -> None:
    then = results.document(verdicts=[results.verdict("Ann", "genuine", 0.9)])
    near, far = (
        results.document(verdicts=[results.verdict("Ann", "genuine", probability)])
        for probability in (0.9004, 0.92)
    )

    assert list(differences(then, near, tolerance=1e-3)) == []
    assert [one.field for one in differences(then, far, tolerance=1e-3)] == ["verdicts[0].probability"]


def test_the_result_names_every_label_and_every_fact_of_a_crop() -> None:
    described = DocumentResult.model_json_schema()["$defs"]["RegionResult"]["properties"]["label"]

    assert all(f"`{label}`" in described["description"] for label in Label)
    assert set(CropQuality.model_fields) == set(Quality.__dataclass_fields__)


def test_the_models_load_no_heavy_library() -> None:
    heavy = ("cv2", "onnxruntime", "pymupdf", "torch", "sqlalchemy")
    code = f"import sys, worker.result; print([name for name in {heavy} if name in sys.modules])"

    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert loaded.stdout.strip() == "[]"

"""Pages made from the code, and the settings themselves."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from pydantic import ValidationError

from deploy.reason_reference import reason_page
from deploy.result_reference import RESULT_PAGE
from deploy.settings_reference import TARGET, reference
from worker import errors
from worker.errors import EndReason
from worker.settings import Detection, Reading
from worker.vision.choices import Label, Thresholds

ROOT = Path(__file__).resolve().parents[2]
#: The code of a class.
CODE = re.compile(r'^    code = "(\w+)"$', re.MULTILINE)
#: Codes of classes that only gather others.
GROUPS = {"service_error", "transient", "permanent", "document_error", "page_error", "object_error"}
#: What weights bring along.
OWN = Thresholds(min_score=0.5, per_label={Label.REDACTION: 0.7})


def test_the_settings_reference_is_that_of_the_code() -> None:
    assert TARGET.read_text(encoding="utf-8") == reference(), "run `python -m deploy.settings_reference`"


def test_the_reason_codes_are_those_of_the_code() -> None:
    page = RESULT_PAGE.read_text(encoding="utf-8")

    assert page == reason_page(page), "run `python -m deploy.reason_reference`"


def test_every_code_that_is_written_down_is_explained() -> None:
    explained = set(re.findall(r"^\| `(\w+)` \|", reason_page(""), re.MULTILINE))
    sources = [path for name in ("worker", "producer", "web") for path in (ROOT / name).rglob("*.py")]
    codes = {code for path in sources for code in CODE.findall(path.read_text())}

    assert codes - explained == GROUPS | {"lease_lost"}
    assert {reason.value for reason in EndReason} <= explained


def test_the_tree_of_errors_has_every_class() -> None:
    classes = {name for name, value in vars(errors).items() if isinstance(value, type)}
    named = set(re.findall(r"[A-Z][a-z]+[A-Z]\w+", errors.__doc__ or ""))

    assert classes - named == {"EndReason", "StrEnum"}


def test_label_scores_go_before_the_general_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COUNTERSIGN_LABEL_SCORES", '{"initials": 0.4}')

    thresholds = Detection(min_score=0.2).thresholds(default=OWN)

    assert (thresholds.floor(Label.INITIALS), thresholds.floor(Label.SIGNATURE)) == (0.4, 0.2)


def test_the_weights_own_score_holds_where_none_is_set() -> None:
    thresholds = Detection(min_score=None).thresholds(default=OWN)

    assert (thresholds.floor(Label.SIGNATURE), thresholds.floor(Label.REDACTION)) == (0.5, 0.7)


@pytest.mark.parametrize("value", ["0", "-1", "many"])
def test_a_limit_that_cannot_be_is_refused(monkeypatch: pytest.MonkeyPatch, value: str) -> None:
    monkeypatch.setenv("COUNTERSIGN_MAX_PAGES", value)

    with pytest.raises(ValidationError, match="max_pages"):
        Reading()

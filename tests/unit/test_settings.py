"""Settings as the environment gives them."""

from __future__ import annotations

from contextlib import suppress

import pytest
from pydantic import ValidationError
from pydantic_settings import BaseSettings

from worker.settings import GROUPS, Intake, Retention, complaints


@pytest.mark.parametrize("group", GROUPS, ids=lambda group: group.__name__)
def test_a_variable_without_a_value_is_one_that_is_not_set(
    group: type[BaseSettings], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The reference says of many that they may be empty, and files of settings list variables so."""
    for name in group.model_fields:
        monkeypatch.delenv(f"COUNTERSIGN_{name.upper()}", raising=False)
    unset = group()

    for name in group.model_fields:
        monkeypatch.setenv(f"COUNTERSIGN_{name.upper()}", "")

    assert group() == unset


@pytest.mark.parametrize("value", ["nonsense", "[1", "-1", "{}", "1e400", "\u203d"])
@pytest.mark.parametrize("group", GROUPS, ids=lambda group: group.__name__)
def test_a_wrong_value_is_a_complaint_and_nothing_else(
    group: type[BaseSettings], value: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in group.model_fields:
        monkeypatch.setenv(f"COUNTERSIGN_{name.upper()}", value)

    with suppress(ValidationError):  # many take any text
        group()


def test_a_list_that_is_no_json_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COUNTERSIGN_CLAIM_SOURCES", "sidecar")

    with pytest.raises(ValidationError) as refused:
        Intake()

    assert complaints(refused.value)[0].startswith("COUNTERSIGN_CLAIM_SOURCES: Value error, not JSON")


def test_json_of_another_kind_is_answered_with_an_example(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COUNTERSIGN_RETAIN_DAYS", "30")

    with pytest.raises(ValidationError) as refused:
        Retention()

    assert complaints(refused.value) == ['COUNTERSIGN_RETAIN_DAYS: give a JSON object, such as {"name": 1}']

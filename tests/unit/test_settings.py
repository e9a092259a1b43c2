"""Settings as the environment gives them."""

from __future__ import annotations

import pytest
from pydantic_settings import BaseSettings

from worker.settings import GROUPS


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

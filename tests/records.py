"""Log records that a test has caught, counted by their sentence and their facts."""

from __future__ import annotations

import pytest


def times(caplog: pytest.LogCaptureFixture, sentence: str, **facts: object) -> int:
    """How many caught records have this sentence and these facts."""
    return sum(
        record.getMessage() == sentence and facts.items() <= vars(record).items() for record in caplog.records
    )

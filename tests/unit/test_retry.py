"""The moment since which documents are tried again."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest

from producer.services.retry import parse_time
from worker.errors import WrongUse


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        pytest.param("2026-11-20", datetime(2026, 11, 20, tzinfo=UTC), id="a day in UTC"),
        pytest.param("2026-11-20T08:00:00", datetime(2026, 11, 20, 8, tzinfo=UTC), id="a time in UTC"),
        pytest.param("2026-11-20 08:00:00Z", datetime(2026, 11, 20, 8, tzinfo=UTC), id="UTC by its letter"),
        pytest.param(
            "2026-11-20T08:00:00+01:00",
            datetime(2026, 11, 20, 8, tzinfo=timezone(timedelta(hours=1))),
            id="an offset",
        ),
    ],
)
def test_a_time_is_taken_with_its_offset(text, meant):
    assert parse_time(text) == meant


def test_what_is_no_time_is_wrong_use():
    with pytest.raises(WrongUse, match="'yesterday' is no time"):
        parse_time("yesterday")

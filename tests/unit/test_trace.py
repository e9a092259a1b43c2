"""A failure is told with its places and without what the document holds."""

from __future__ import annotations

from worker.errors import StorageUnavailable
from worker.trace import describe_error


def test_an_error_raised_on_purpose_is_its_code_and_its_sentence():
    assert (
        describe_error(StorageUnavailable("k", "down"))
        == "storage_unavailable: storage did not serve 'k': down"
    )


def _deep(level: int, secret: str) -> int:
    return _deep(level - 1, secret) if level else int("x")


def caught(level: int) -> Exception:
    try:
        _deep(level, "kanarienvogel")
    except ValueError as error:
        return error
    raise AssertionError


def test_an_unexpected_error_names_the_places_it_came_through():
    description = describe_error(caught(0))

    assert description.startswith(
        "ValueError: invalid literal for int() with base 10: 'x' [tests/unit/test_trace.py:"
    )
    assert description.endswith(" _deep]")


def test_neither_values_nor_source_are_told():
    description = describe_error(caught(2))

    assert "kanarienvogel" not in description
    assert "int(" not in description.partition("[")[2]


def test_a_deep_or_talkative_error_stays_short_and_on_one_line():
    description = describe_error(caught(100))

    assert description.count(" > ") == 3
    assert len(describe_error(RuntimeError("a\n" * 10_000))) < 600
    assert "\n" not in describe_error(RuntimeError("a\nb"))

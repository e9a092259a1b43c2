"""What commands print holds together whatever names they print."""

from __future__ import annotations

import json
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.text import Text

from producer.console import plain, print_json

ODD = [
    "a\nb",
    "\x1b[2J",
    "\u009b31m",
    "a\u2028b",
    ":smile:",
    "[red]x[/]",
    "[/]",
    "\ud800",
    "a" * 3000,
    "Zoë",
    "\\[",
]


@pytest.mark.parametrize("name", ODD, ids=ascii)
def test_a_json_line_is_one_line_and_comes_back(capsys: pytest.CaptureFixture[str], name: str) -> None:
    print_json({"document": name, name: 1})

    (line,) = capsys.readouterr().out.splitlines()
    assert line.isascii()
    assert json.loads(line) == {"document": name, name: 1}


@given(st.text() | st.sampled_from(ODD))
def test_a_name_is_shown_on_one_line_without_markup(name: str) -> None:
    printed = Text.from_markup(plain(name), emoji=False).plain

    assert not any(unicodedata.category(sign)[0] == "C" or sign in "\n\u2028\u2029" for sign in printed)
    assert name not in ("Zoë", "[red]x[/]", ":smile:") or printed == name

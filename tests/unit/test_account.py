"""Who runs a command, and names in a sentence."""

from __future__ import annotations

import getpass
import os

import pytest

from producer.account import account
from producer.text import listed


@pytest.mark.parametrize("missing", [KeyError, OSError])
def test_an_account_without_a_name_is_its_number(
    monkeypatch: pytest.MonkeyPatch, missing: type[Exception]
) -> None:
    named = account()

    def nameless() -> str:
        raise missing("uid not found")

    monkeypatch.setattr(getpass, "getuser", nameless)

    assert (bool(named), account()) == (True, f"uid {os.getuid()}")


def test_names_in_a_sentence_are_no_list_of_python() -> None:
    assert (listed({"Bob", "Ann"}), listed(())) == ("'Ann', 'Bob'", "nobody")

"""The file that holds the token of an export of changes."""

from __future__ import annotations

import pytest

from producer.commands.results import results
from worker.errors import WrongUse


@pytest.mark.parametrize("content", [b"", b"\n", b"\xff\xfe"])
def test_a_token_file_without_a_token_is_refused_by_name(tmp_path, content):
    path = tmp_path / "token.txt"
    path.write_bytes(content)

    with pytest.raises(WrongUse, match=r"token\.txt' holds no token"):
        results(table=None, status=None, after=None, all_answers=False, since=None, token_file=path)

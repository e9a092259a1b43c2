"""Tables on Markdown pages are whole: every block of rows has its header, and each row its cells."""

from __future__ import annotations

import re
from itertools import groupby
from pathlib import Path

import pytest

from tests.unit.test_links import pages

ROOT = Path(__file__).parents[2]
_FENCED = re.compile(r"^ *```.*?^ *```$", re.MULTILINE | re.DOTALL)
_RULE = re.compile(r"\|(?: *:?-+:? *\|)+")
#: What parts cells: GitHub takes a bar in code for one, too, unless it is escaped.
_BAR = re.compile(r"(?<!\\)\|")


def broken_tables(text: str) -> list[str]:
    """The first row of each block of table rows without a header, and each row of another width than it."""
    broken: list[str] = []
    for in_table, block in groupby(_FENCED.sub("", text).splitlines(), lambda line: line.startswith("|")):
        rows = list(block) if in_table else []
        if rows and not (len(rows) > 1 and _RULE.fullmatch(rows[1].strip())):
            broken.append(rows[0])
        elif rows:
            width = len(_BAR.findall(rows[1]))
            broken += [row for row in rows if len(_BAR.findall(row)) != width]
    return broken


@pytest.mark.parametrize("page", pages(), ids=lambda page: str(page.relative_to(ROOT)))
def test_tables_of_a_page_are_whole(page: Path) -> None:
    assert broken_tables(page.read_text(encoding="utf-8")) == []


def test_a_split_table_is_noticed() -> None:
    table = "| a | b |\n| --- | --- |\n| 1 | 2 |\n"

    assert broken_tables(table) == []
    assert broken_tables(f"{table}\n| 3 | 4 |\n") == ["| 3 | 4 |"]
    assert broken_tables(f"{table}| 3 |\n") == ["| 3 |"]

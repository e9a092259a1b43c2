"""What commands say: results on stdout, everything else on stderr."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from producer.text import visible
from worker.log_lines import configure_command
from worker.settings import Logging

if TYPE_CHECKING:
    from worker.result import ResultModel

#: Characters of a text from outside that are shown: more than any key has.
_LONGEST = 1500

# Names may hold what Rich would take for the code of an emoji.
out = Console(emoji=False)
err = Console(stderr=True, emoji=False)
for _console in (out, err):
    if not _console.is_terminal:
        # A file or a pipe has no edge: what is searched in it must not be broken into lines.
        _console.width = max(_console.width, 400)

#: How a status or verdict looks in a table.
WORD_COLOURS = {
    "done": "green",
    "partial": "yellow",
    "failed": "red",
    "quarantined": "red",
    "unknown": "red",
    "waiting": "dim",
    "working": "cyan",
    "genuine": "green",
    "forged": "red",
    "inconclusive": "yellow",
    "complete": "green",
    "incomplete": "red",
    "review": "yellow",
    "no_reference": "dim",
    "not_found": "dim",
    "unread": "red",
    "contradicted": "red",
}


def sentences_only() -> None:
    """Log no more than errors, unless the settings say so: the command tells in sentences what fails."""
    configure_command(Logging(), level="ERROR")


def print_json(value: ResultModel | Mapping[str, object]) -> None:
    """One JSON object on one line of stdout, in ASCII: names may contain line breaks."""
    line = json.dumps(value) if isinstance(value, Mapping) else value.json_line()
    out.print(line, markup=False, highlight=False, soft_wrap=True)


def plain(text: str) -> str:
    """Text from outside for a table or a message: one line, no markup, no control characters."""
    return escape(visible(text, most=_LONGEST))


def coloured(word: str) -> str:
    """A status or verdict in its colour, as Rich markup."""
    colour = WORD_COLOURS.get(word)
    return word if colour is None else f"[{colour}]{word}[/]"


def empty_table(title: str, *columns: str) -> Table:
    """An empty table."""
    made = Table(title=title, title_justify="left", header_style="bold")
    for column in columns:
        made.add_column(column, overflow="fold")
    return made

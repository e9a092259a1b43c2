"""What commands say: results on stdout, everything else on stderr."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

out = Console()
err = Console(stderr=True)

#: How a status or verdict looks in a table.
COLOURS = {
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
    "no_reference": "dim",
}


def print_json(value: Mapping[str, Any]) -> None:
    """One JSON object on one line of stdout, whatever the width of the terminal."""
    out.print(json.dumps(value, ensure_ascii=False), markup=False, highlight=False, soft_wrap=True)


def progress() -> Progress:
    """A progress bar on stderr."""
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    return Progress(*columns, console=err)


def coloured(word: str) -> str:
    """A status or verdict in its colour, as Rich markup."""
    colour = COLOURS.get(word)
    return word if colour is None else f"[{colour}]{word}[/]"


def table(title: str, *columns: str) -> Table:
    """An empty table."""
    made = Table(title=title, title_justify="left", header_style="bold")
    for column in columns:
        made.add_column(column, overflow="fold")
    return made

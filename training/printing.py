"""Where reports are printed."""

from __future__ import annotations

from rich.console import Console

#: Columns where the output is a file or a pipe.
WIDTH = 200


def output() -> Console:
    """Standard output; wide enough for every column of a table where it is no terminal."""
    found = Console()
    if not found.is_terminal:
        found.width = WIDTH
    return found

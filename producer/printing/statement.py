"""The completeness statement for a person."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path

from producer.console import coloured, empty_table, out, plain
from producer.services.audit import UNKNOWN, Loose, Statement
from producer.services.output import whole_file

#: Unknown versions that are named when no file takes them all.
VERSIONS_LISTED = 20


@contextmanager
def noted(file: Path | None) -> Iterator[tuple[Callable[[Loose], None], Sequence[Loose]]]:
    """A listener that writes every version to the file, or keeps the first unknown ones; and what it kept."""
    first: list[Loose] = []
    with ExitStack() as exits:
        path = None if file is None else exits.enter_context(whole_file(file))
        lines = None if path is None else exits.enter_context(path.open("w", encoding="utf-8"))

        def note(version: Loose) -> None:
            if lines is not None:
                facts = {"key": version.key, "version": version.version, "state": version.state}
                lines.write(json.dumps(facts) + "\n")
            elif version.state == UNKNOWN and len(first) < VERSIONS_LISTED:
                first.append(version)

        yield note, first


def show_statement(statement: Statement, unknown: Sequence[Loose]) -> None:
    """Versions by what became of them, those nobody knows by their keys, and the answer in a sentence."""
    gone = statement.gone_counts
    rows = empty_table(statement.url, "versions", "in the bucket", "gone from it")
    for state, number in statement.there_counts.items():
        rows.add_row(coloured(state), str(number), str(gone.get(state, "")))
    rows.add_row("all", str(statement.versions), str(statement.gone.total()))
    out.print(rows)
    for version in unknown:
        out.print(f"unknown: {plain(version.key)} ({plain(version.version)})", soft_wrap=True)
    out.print(
        "every version is accounted for" if statement.complete else "not every version is accounted for"
    )

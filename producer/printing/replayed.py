"""What came of reading a bundle's document again, for a person."""

from __future__ import annotations

from rich.markup import escape

from producer.console import empty_table, out
from worker.result import ReplayResult


def show_replayed(replayed: ReplayResult) -> None:
    """What differs, then whether the answer does."""
    for title, differences in (("The answer", replayed.differences), ("The versions", replayed.versions)):
        if differences:
            rows = empty_table(f"{title} then and now", "field", "then", "now")
            for difference in differences:
                rows.add_row(
                    escape(difference.field), escape(str(difference.then)), escape(str(difference.now))
                )
            out.print(rows)
    out.print("the answer is the same" if replayed.same else "the answer is another one")

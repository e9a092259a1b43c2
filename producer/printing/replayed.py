"""What came of reading a bundle's document again, for a person and as JSON."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from rich.markup import escape

from producer.console import out, table

if TYPE_CHECKING:
    from producer.services.replay import Difference, Replayed


def show_replayed(replayed: Replayed) -> None:
    """What differs, then whether the answer does."""
    for title, differences in (("The answer", replayed.answer), ("The versions", replayed.versions)):
        if differences:
            rows = table(f"{title} then and now", "field", "then", "now")
            for difference in differences:
                rows.add_row(
                    escape(difference.field), escape(str(difference.then)), escape(str(difference.now))
                )
            out.print(rows)
    out.print("the answer is another one" if replayed.answer else "the answer is the same")


def as_json(replayed: Replayed) -> dict[str, Any]:
    """The JSON object."""
    return {
        "same": not replayed.answer,
        "differences": _listed(replayed.answer),
        "versions": _listed(replayed.versions),
        "result": dict(replayed.result),
    }


def _listed(differences: Sequence[Difference]) -> list[dict[str, Any]]:
    return [{"field": one.field, "then": one.then, "now": one.now} for one in differences]

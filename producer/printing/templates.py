"""Templates for a person."""

from __future__ import annotations

from producer.console import empty_table, out, plain
from producer.services.templates import NewTemplate


def show_template(made: NewTemplate) -> None:
    """The places that a form asks for, page by page."""
    rows = empty_table(made.file.name, "page", "kind", "party", "named by", "x", "y", "width", "height")
    for number, page in enumerate(made.file.pages, start=1):
        for slot in page.slots:
            edges = (f"{edge:.0f}" for edge in (slot.x, slot.y, slot.width, slot.height))
            rows.add_row(str(number), slot.kind.value, slot.party or "", plain(slot.text), *edges)
    out.print(rows)

"""What the roles are trained on: public pages, copies of them, and drawn pages, source by source."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

from training.roles.pages import DECOYS, DRAWN, RolePage, drawn_role_pages, read_role_pages
from training.roles.variants import variants


def role_sources(data: Path, *, drawn: int, decoys: int) -> Iterator[tuple[str, Iterable[RolePage], int]]:
    """Every source that trains: its name, its pages, and how many they are.

    So many pages of DRAWN and of DECOYS are drawn.
    """
    public = read_role_pages(data / "detection")
    by_source: dict[str, list[RolePage]] = {}
    for page in (*public, *variants(public)):
        by_source.setdefault(page.truth.source, []).append(page)
    yield from ((source, pages, len(pages)) for source, pages in by_source.items())
    for source, count in ((DRAWN, drawn), (DECOYS, decoys)):
        yield source, drawn_role_pages(data, count, source=source), count

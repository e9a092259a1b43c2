"""What the roles train on: every source by itself, and copies in the folds of their documents."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.unit.test_role_variants import page
from training.roles import sources
from training.roles.crossvalidate import LEFT_OUT, TRAINING
from training.roles.pages import RolePage
from training.roles.variants import VARIANTS


def test_public_pages_their_copies_and_drawn_pages_come_source_by_source(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    public = [page("memos"), page(LEFT_OUT, number=1)]
    monkeypatch.setattr(sources, "read_role_pages", lambda _: public)

    by_source = dict[str, list[RolePage]]()
    for source, pages, count in sources.role_sources(tmp_path, drawn=2, decoys=1):
        by_source[source] = list(pages)
        assert len(by_source[source]) == count

    assert [len(pages) for pages in by_source.values()] == [1, 1, 1, 1, 2, 1]
    assert set(by_source) - set(VARIANTS) <= set(TRAINING)
    documents = {member.truth.document for source in VARIANTS for member in by_source[source]}
    assert documents == {"memos:0"}

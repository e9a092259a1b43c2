"""The tables and the report of a run's folder say what its database says."""

from __future__ import annotations

from pathlib import Path

import pytest

from db import signers
from db.engine import make_engine
from db.migrate import upgrade
from producer.services.erase import Target, erase_target
from producer.services.run_outputs import REPORT, rewrite_report, rewrite_tables
from tests.erasures import signed
from tests.world import World

TABLES = ("claims.csv", "signatures.csv", "documents.csv")


@pytest.fixture
def world(tmp_path: Path) -> World:
    """Two documents that claim Ann, answered, on SQLite; the folder has empty tables and an empty report."""
    engine = make_engine(f"sqlite:///{tmp_path}/countersign.db")
    upgrade(engine)
    world = World(engine)
    for key in ("first.pdf", "second.pdf"):
        world.through(signed(world, key, claims=("Ann",)))
    for name in (*TABLES, REPORT):
        (tmp_path / name).touch()
    return world


def rewrite(world: World, folder: Path) -> dict[str, str]:
    rewrite_tables(world.sessions, folder)
    rewrite_report(world.sessions, world.store, folder)
    return {path.name: path.read_text() for path in folder.iterdir() if path.name in (*TABLES, REPORT)}


def test_what_was_erased_stands_in_no_table_and_no_report(world: World, tmp_path: Path) -> None:
    before = rewrite(world, tmp_path)
    erase_target(world.sessions, world.store, Target((1,), "Ann", ("Ann",)), who="Eve")

    after = rewrite(world, tmp_path)

    assert [name for name, text in before.items() if "first.pdf" not in text] == []
    assert [name for name, text in after.items() if "first.pdf" in text or "Ann" in text] == []
    assert "second.pdf" in after["documents.csv"]
    assert "second.pdf" in after[REPORT]


def test_a_folder_without_documents_has_tables_and_a_report_without_rows(
    world: World, tmp_path: Path
) -> None:
    erase_target(world.sessions, world.store, Target((1, 2)), who="Eve")

    after = rewrite(world, tmp_path)

    assert [len(after[name].splitlines()) for name in TABLES] == [1, 1, 1]
    assert "0 documents" in after[REPORT]


def test_the_report_says_how_the_references_on_file_stand(world: World, tmp_path: Path) -> None:
    before = rewrite(world, tmp_path)
    with world.sessions() as session:
        facts = {
            "image_key": "k",
            "quality": {"score": 0.8},
            "embedding": b"",
            "encoder": "e",
            "strokes": b"",
        }
        signers.add_reference(session, signers.signer_id(session, "Ben"), "ab" * 32, **facts)

    after = rewrite(world, tmp_path)

    _, _, table = after[REPORT].partition("References on file")
    assert "References on file" not in before[REPORT]
    assert "<td>Ben</td>" in table
    assert "4 more wanted" in table


def test_what_somebody_took_away_does_not_come_back(world: World, tmp_path: Path) -> None:
    (tmp_path / "claims.csv").unlink()
    (tmp_path / REPORT).unlink()

    assert sorted(rewrite(world, tmp_path)) == ["documents.csv", "signatures.csv"]

"""The views say of each claim and each document what its newest answer says."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Engine, text

from db.guards.views import VIEWS
from db.migrate import upgrade
from db.roles import READER, grant
from producer.tables import joined_names, parted_names
from tests.fakes import page
from tests.world import World


def rows(engine: Engine, view: str) -> list[dict[str, Any]]:
    with engine.connect() as connection:
        result = connection.execute(text(f"SELECT * FROM {view} ORDER BY document_id"))
        return [dict(row) for row in result.mappings()]


def test_a_claim_on_an_unsigned_document_has_its_row(world: World) -> None:
    world.through(world.arrive("a.pdf", [page(0)], claims=("Ann",)))
    world.through(world.arrive("b.pdf", [page(0, marks=1)], claims=("Ben",)))

    unsigned, signed = rows(world.engine, "claim_answers")

    assert (unsigned["key"], unsigned["signer"], unsigned["answer"]) == ("a.pdf", "Ann", "not_found")
    assert (signed["signer"], signed["answer"], signed["page"]) == ("Ben", "no_reference", 0)
    assert (signed["answer_number"], signed["cause"], signed["detector"]) == (1, "first_reading", "d")


def test_a_document_has_a_row_before_and_after_its_answer(world: World) -> None:
    document_id = world.arrive("a.pdf", [page(0)])
    (waiting,) = rows(world.engine, "documents_current")
    world.through(document_id)
    (done,) = rows(world.engine, "documents_current")

    assert (waiting["status"], waiting["answer_number"]) == ("waiting", None)
    assert (done["status"], done["answer_number"], done["answer_status"]) == ("done", 1, "done")
    assert done["result_key"] == world.document(document_id).result_key


def test_a_name_with_a_semicolon_is_not_two_names(world: World) -> None:
    world.arrive("a.pdf", [page(0)], claims=("Ann; Ben", "Cay 100%"))

    (row,) = rows(world.engine, "documents_current")

    assert row["signers"] == joined_names(("Ann; Ben", "Cay 100%")) == "Ann%3B Ben; Cay 100%25"
    assert parted_names(row["signers"]) == ["Ann; Ben", "Cay 100%"]


def test_the_reader_reads_the_views(postgres: Engine) -> None:
    world = World(postgres)
    world.through(world.arrive("a.pdf", [page(0, marks=1)], claims=("Ann",)))
    grant(postgres, {})

    with postgres.connect() as connection:
        connection.execute(text(f"SET ROLE {READER}"))
        read = {view: connection.scalar(text(f"SELECT count(*) FROM {view}")) for view in VIEWS}
    assert read == {"claim_answers": 1, "signatures": 1, "documents_current": 1}


def test_a_second_migration_leaves_them(world: World) -> None:
    upgrade(world.engine)

    assert rows(world.engine, "claim_answers") == []

"""The three tables: the same words in every form and in the views, unsigned claims included."""

from __future__ import annotations

import csv
import io
import json
from typing import Any

import pyarrow.parquet as pq
import pytest
from sqlalchemy import text

from db.guards.views import VIEWS
from producer.services.amend_claims import Amendment, ClaimAction, amend_claims
from producer.services.results import Selection
from producer.services.table_rows import Format
from producer.services.tables import TableName, export_table, export_table_changes, table_columns
from tests.erasures import erased_document, erased_signer, everything
from tests.fakes import page
from tests.world import World
from worker.errors import EncryptedDocument, WrongUse
from worker.result.backfill import fill_tables

VIEW = {
    TableName.CLAIMS: "claim_answers",
    TableName.SIGNATURES: "signatures",
    TableName.DOCUMENTS: "documents_current",
}


@pytest.fixture
def told(world: World) -> World:
    """A signed, an unsigned, a failed and a waiting document, and one with the bytes of the first."""
    world.arrive("waiting.pdf", [page(0)], claims=("Ann",))
    for document_id in (
        world.arrive("signed.pdf", [page(0), page(1, marks=2)], claims=("Ann", "Bob"), data=b"same"),
        world.arrive("blank.pdf", [page(0)], claims=("Cay",)),
        world.arrive("locked.pdf", EncryptedDocument("needs a password"), claims=("=Dan",)),
        world.arrive("copy.pdf", [page(0), page(1, marks=2)], claims=("Ann", "Bob"), data=b"same"),
    ):
        world.through(document_id)
    return world


def exported(world: World, table: TableName, form: Format = Format.CSV) -> list[dict[str, Any]]:
    out = io.BytesIO()
    export_table(world.sessions, table, form, Selection(), out)
    return read(out, form)


def read(out: io.BytesIO, form: Format) -> list[dict[str, Any]]:
    if form is Format.CSV:
        return list(csv.DictReader(io.StringIO(out.getvalue().decode())))
    if form is Format.JSONL:
        return [json.loads(line) for line in out.getvalue().splitlines()]
    return pq.read_table(io.BytesIO(out.getvalue())).to_pylist()


def changed(world: World, table: TableName, token: str = "start") -> tuple[str, list[dict[str, Any]]]:
    out = io.BytesIO()
    counted = export_table_changes(world.sessions, table, Format.JSONL, token, out)
    return counted.token, read(out, Format.JSONL)


@pytest.mark.parametrize("table", VIEW)
def test_the_columns_of_a_table_are_those_of_its_view(world: World, table: TableName) -> None:
    with world.engine.connect() as connection:
        columns = list(connection.execute(text(f"SELECT * FROM {VIEW[table]}")).keys())

    out = io.BytesIO()
    export_table(world.sessions, table, Format.CSV, Selection(), out)
    assert out.getvalue().decode().strip().split(",") == columns == list(table_columns(table))


def test_every_view_is_a_table() -> None:
    assert set(VIEW.values()) == set(VIEWS)


def test_a_claimed_but_unsigned_document_has_its_signer_in_its_row(told: World) -> None:
    rows = {(row["key"], row["signer"]): row for row in exported(told, TableName.CLAIMS)}

    assert rows["blank.pdf", "Cay"]["answer"] == "not_found"
    assert (rows["waiting.pdf", "Ann"]["answer"], rows["waiting.pdf", "Ann"]["status"]) == ("", "waiting")
    assert rows["locked.pdf", "'=Dan"]["reason"] == "encrypted_document"
    assert len(rows) == 7
    signers = {row["key"]: row["signers"] for row in exported(told, TableName.DOCUMENTS)}
    assert (signers["blank.pdf"], signers["signed.pdf"]) == ("Cay", "Ann; Bob")


def test_an_honest_contract_of_two_has_two_rows_and_none_of_the_other_party(told: World) -> None:
    claims = [row for row in exported(told, TableName.CLAIMS) if row["key"] == "signed.pdf"]
    marks = [row for row in exported(told, TableName.SIGNATURES) if row["key"] == "signed.pdf"]

    assert [row["signer"] for row in claims] == ["Ann", "Bob"]
    assert sorted((row["page"], row["region"]) for row in claims) == [("1", "0"), ("1", "1")]
    assert sorted(row["signer"] for row in marks) == ["Ann", "Bob"]
    assert {row["verdict"] for row in marks} == {"no_reference"}


def test_the_three_forms_say_the_same(told: World) -> None:
    for table in VIEW:
        lines, cells = exported(told, table, Format.JSONL), exported(told, table)
        assert [list(map(as_cell, row.values())) for row in lines] == [list(row.values()) for row in cells]
        arrow = exported(told, table, Format.PARQUET)
        assert [as_json(row) for row in arrow] == lines


def as_cell(value: object) -> str:
    if isinstance(value, str) and value.startswith("="):
        return f"'{value}"
    return "" if value is None else str(value).lower() if isinstance(value, bool) else str(value)


def as_json(row: dict[str, Any]) -> dict[str, Any]:
    return {name: value.isoformat() if hasattr(value, "isoformat") else value for name, value in row.items()}


def test_times_have_their_zone_and_keys_lead_to_the_crops(told: World) -> None:
    mark = next(row for row in exported(told, TableName.SIGNATURES) if row["key"] == "copy.pdf")

    assert mark["answered_at"].endswith("+00:00")
    assert mark["crop_key"] in told.store.objects
    assert mark["crop_link"] == f"/v1/documents/{mark['document_id']}/pages/1/regions/0/crop"
    assert (mark["detector"], mark["code"], mark["answer_number"]) == ("d", "c", "1")


def test_a_claim_by_hand_says_so_and_has_no_answer_until_the_next(told: World) -> None:
    amendment = Amendment(action=ClaimAction.ADD, signer="Eve", who="ann@desk", why="misread")
    amend_claims(told.sessions, lambda *_: None, "blank.pdf", amendment)

    rows = {row["signer"]: row for row in exported(told, TableName.CLAIMS) if row["key"] == "blank.pdf"}

    assert (rows["Eve"]["source"], rows["Eve"]["answer"]) == ("operator", "")
    assert (rows["Cay"]["answer"], rows["Cay"]["status"]) == ("not_found", "working")


def test_a_document_at_work_again_keeps_the_marks_of_its_answer(told: World) -> None:
    before = exported(told, TableName.SIGNATURES)
    amendment = Amendment(action=ClaimAction.WITHDRAW, signer="Bob", who="ann@desk", why="misread")
    amend_claims(told.sessions, lambda *_: None, "signed.pdf", amendment)

    after = exported(told, TableName.SIGNATURES)

    assert [row["verdict"] for row in after] == [row["verdict"] for row in before]


def test_what_changed_since_a_token_comes_by_document_with_all_its_rows(told: World) -> None:
    token, rows = changed(told, TableName.CLAIMS)
    answered = [row["place"] for row in rows]
    assert answered == sorted(answered)
    assert {row["key"] for row in rows} == {"signed.pdf", "blank.pdf", "locked.pdf", "copy.pdf"}
    assert changed(told, TableName.CLAIMS, token) == (token, [])

    told.through(1)
    later, rows = changed(told, TableName.CLAIMS, token)

    assert [(row["key"], row["signer"], row["change"]) for row in rows] == [
        ("waiting.pdf", "Ann", "answered")
    ]
    assert changed(told, TableName.SIGNATURES, token) == (
        later,
        [
            {
                **dict.fromkeys(rows_of(TableName.SIGNATURES)),
                "place": 5,
                "change": "answered",
                "document_id": 1,
            }
        ],
    )


def rows_of(table: TableName) -> list[str]:
    return ["place", "change", *table_columns(table)]


@pytest.mark.parametrize("form", Format)
def test_an_erased_document_is_a_row_that_holds_its_id_alone(told: World, form: Format) -> None:
    token, _ = changed(told, TableName.DOCUMENTS)
    erased_document(told, 3)

    out = io.BytesIO()
    export_table_changes(told.sessions, TableName.DOCUMENTS, form, token, out)

    (row,) = read(out, form)
    assert {name: str(value) for name, value in row.items() if value not in (None, "")} == {
        "place": "5",
        "change": "erased",
        "document_id": "3",
    }


def test_verdicts_have_no_changes(told: World) -> None:
    with pytest.raises(WrongUse, match="has no changes"):
        changed(told, TableName.VERDICTS)


def test_an_erased_name_stands_in_no_row(told: World) -> None:
    erased_signer(told, "Ann")

    assert "Ann" not in json.dumps([exported(told, table) for table in VIEW])
    assert "Ann" not in everything(told)


def test_an_earlier_document_that_is_erased_leaves_the_finding_and_not_the_place(world: World) -> None:
    first = world.arrive("first.pdf", [page(0, marks=1)], claims=("Ann",))
    second = world.arrive("second.pdf", [page(0, marks=1), page(1)], claims=("Ann",))
    for document_id in (first, second):
        world.through(document_id)
    (mark,) = [row for row in exported(world, TableName.SIGNATURES) if row["key"] == "second.pdf"]
    assert mark["duplicate_of"] == str(first)

    erased_document(world, first)

    (mark,) = exported(world, TableName.SIGNATURES)
    assert (mark["duplicate_of"], mark["duplicate_kind"]) == ("", "page")
    with world.engine.connect() as connection:
        places = connection.execute(text("SELECT duplicate_of FROM answered_marks")).scalars()
        assert set(places) == {None}


def test_answers_of_an_older_release_get_their_rows_from_what_they_rest_on(told: World) -> None:
    before = {table: exported(told, table) for table in VIEW}
    with told.engine.begin() as connection:
        connection.execute(text("DELETE FROM answered_marks"))
        connection.execute(text("DELETE FROM answered_claims WHERE signer <> 'Cay'"))
    assert [row["answer"] for row in exported(told, TableName.CLAIMS) if row["signer"] == "Ann"] == [""] * 3

    filled = [fill_tables(told.sessions), fill_tables(told.sessions)]

    assert filled == [2, 0]
    assert {table: exported(told, table) for table in VIEW} == before

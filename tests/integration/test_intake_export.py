"""Exports of documents that went through the stages, on both databases."""

from __future__ import annotations

import csv
import io

import pyarrow.parquet as pq
import pytest

from db import documents
from producer.services.results import Exported, Selection, export_results
from producer.services.table_rows import Format
from producer.services.tables import TableName, export_table, table_columns
from tests.fakes import page
from tests.world import World
from worker.errors import EncryptedDocument
from worker.result.rows import document_result


@pytest.fixture
def told(world: World) -> dict[str, int]:
    """Ids of a signed, an unsigned, a failed and a linked document."""
    signed = world.arrive("signed.pdf", [page(0), page(1, marks=2)], claims=("Ann", "Bob"), data=b"same")
    unsigned = world.arrive("blank.pdf", [page(0)])
    failed = world.arrive("locked.pdf", EncryptedDocument("needs a password"))
    linked = world.arrive("copy.pdf", [page(0), page(1, marks=2)], claims=("Ann", "Bob"), data=b"same")
    ids = {"signed": signed, "unsigned": unsigned, "failed": failed, "linked": linked}
    for document_id in ids.values():
        world.through(document_id)
    return ids


def rows(world: World, form: Format) -> list[dict[str, object]]:
    out = io.BytesIO()
    assert export_table(world.sessions, TableName.VERDICTS, form, Selection(), out) == Exported(4, 4)
    if form is Format.CSV:
        return list(csv.DictReader(io.StringIO(out.getvalue().decode())))
    return pq.read_table(io.BytesIO(out.getvalue())).to_pylist()


def test_json_lines_are_the_documents_results(world: World, told: dict[str, int]) -> None:
    out = io.BytesIO()

    export_results(world.sessions, Selection(), out)

    with world.sessions() as session:
        expected = [document_result(session, one).json_line(ascii_only=False) for one in told.values()]
    assert out.getvalue().decode().splitlines() == expected


def test_there_is_a_row_per_verdict_and_one_for_a_document_without(
    world: World, told: dict[str, int]
) -> None:
    exported = rows(world, Format.PARQUET)

    by_key = {key: [row for row in exported if row["key"] == key] for key in {row["key"] for row in exported}}
    assert {key: len(some) for key, some in by_key.items()} == {
        "signed.pdf": 4,
        "blank.pdf": 1,
        "locked.pdf": 1,
        "copy.pdf": 4,
    }
    assert [(row["page"], row["region"], row["signer"]) for row in by_key["signed.pdf"]] == [
        (1, 0, "Ann"),
        (1, 0, "Bob"),
        (1, 1, "Ann"),
        (1, 1, "Bob"),
    ]


def test_a_flat_row_says_what_the_whole_document_says(world: World, told: dict[str, int]) -> None:
    row = next(row for row in rows(world, Format.PARQUET) if row["key"] == "signed.pdf")

    with world.sessions() as session:
        result = document_result(session, told["signed"]).json_object()
    region, verdict = result["pages"][1]["regions"][0], result["verdicts"][0]
    expected = {
        "document": result["id"],
        "key": result["document"],
        **{
            name: result[name]
            for name in ("bucket", "version", "sha256", "status", "reason", "signed", "signed_by")
        },
        "page": 1,
        "region": 0,
        **{
            name: region[name]
            for name in ("x", "y", "width", "height", "score", "label", "signs", "role_probability")
        },
        **{
            name: verdict[name]
            for name in verdict
            if name not in ("page", "region", "doubtful_references", "assigned")
        },
        **dict.fromkeys(
            name for name in table_columns(TableName.VERDICTS) if name.startswith(("duplicate_", "copy_of_"))
        ),
        **{name: result["versions"].get(name) for name in ("detector", "encoder", "code")},
        "notes": ", ".join(result["notes"]) or None,
        "signer_id": verdict.get("signer_id"),
    }
    assert row == expected
    assert row["verdict"] == "no_reference"
    assert row["detector"] == "d"
    assert list(row) == list(table_columns(TableName.VERDICTS))


def test_a_linked_document_has_the_verdicts_of_its_original(world: World, told: dict[str, int]) -> None:
    exported = rows(world, Format.PARQUET)

    identity = ("document", "key")
    signed, linked = (
        [{name: row[name] for name in row if name not in identity} for row in exported if row["key"] == key]
        for key in ("signed.pdf", "copy.pdf")
    )
    assert linked == signed
    with world.sessions() as session:
        assert documents.get(session, told["linked"]).original_id == told["signed"]


def test_csv_says_the_same_as_parquet(world: World, told: dict[str, int]) -> None:
    def as_text(value: object) -> str:
        return "" if value is None else str(value).lower() if isinstance(value, bool) else str(value)

    expected = [{name: as_text(row[name]) for name in row} for row in rows(world, Format.PARQUET)]
    assert rows(world, Format.CSV) == expected

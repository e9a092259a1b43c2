"""Cells, schemas and files of the exports."""

from __future__ import annotations

import io
import json

import pyarrow.parquet as pq
import pytest

from db import chunks, documents
from db.documents import Object
from db.engine import make_engine, make_sessions
from db.migrate import upgrade
from db.states import ChunkStage, ClaimSource, PageStatus, Status
from producer.services import results
from producer.services.parquet import parquet_schema
from producer.services.results import Exported, Selection, export_results
from producer.services.table_rows import Format, guarded
from producer.services.tables import TableName, export_table, table_columns
from producer.tables import read_csv
from worker.errors import WrongUse


@pytest.fixture
def sessions(tmp_path):
    engine = make_engine(f"sqlite:///{tmp_path / 'test.db'}")
    upgrade(engine)
    yield make_sessions(engine)
    engine.dispose()


@pytest.fixture
def seven(sessions):
    """Seven documents; the even ones failed."""
    with sessions() as session:
        for number in range(1, 8):
            source = Object("intake", f"=é{number}.pdf", f"v{number}", 10)
            documents.register(session, source, {"Ann": ClaimSource.FILE})
            if number % 2 == 0:
                documents.quarantine(session, number, reason="unknown_format", detail="no format")
    return sessions


class Pipe(io.RawIOBase):
    """A stream that cannot say where it is, as a pipe."""

    def __init__(self):
        self.data = bytearray()

    def writable(self):
        return True

    def write(self, data):
        self.data += data
        return len(data)

    def tell(self):
        raise OSError("illegal seek")


@pytest.mark.parametrize(
    ("value", "cell"),
    [
        pytest.param("=1+1", "'=1+1", id="equals"),
        pytest.param("+49", "'+49", id="plus"),
        pytest.param("-x", "'-x", id="minus"),
        pytest.param("@SUM(A1)", "'@SUM(A1)", id="at"),
        pytest.param("\t=1", "'\t=1", id="tab"),
        pytest.param("'=1", "''=1", id="an apostrophe of its own"),
        pytest.param("'x", "'x", id="a harmless apostrophe"),
        pytest.param("a=1", "a=1", id="harmless"),
        pytest.param("", "", id="empty"),
        pytest.param(-1.5, -1.5, id="a negative number"),
        pytest.param(True, "true", id="true"),
        pytest.param(False, "false", id="false"),
        pytest.param(None, None, id="nothing"),
    ],
)
def test_no_cell_is_a_formula(value, cell):
    assert guarded(value) == cell


@pytest.mark.parametrize("name", ["=1+1", "'=1+1", "''+49", "'x", "'", "x"])
def test_a_guarded_name_is_read_back_as_it_was(tmp_path, name):
    (tmp_path / "signers.csv").write_text(f"signer\n{guarded(name)}\n")
    assert [row["signer"] for _, row in read_csv(tmp_path / "signers.csv", ("signer",), "signers")] == [name]


@pytest.mark.parametrize("table", TableName)
def test_every_column_has_its_type_whatever_the_rows_hold(sessions, tmp_path, table):
    target = tmp_path / "none.parquet"
    assert export_table(sessions, table, Format.PARQUET, Selection(), target) == Exported(0, 0)

    assert pq.read_schema(target).equals(parquet_schema(table_columns(table)))
    assert pq.read_schema(target).names == list(table_columns(table))


@pytest.mark.parametrize(
    ("selection", "expected"),
    [
        pytest.param(Selection(), [1, 2, 3, 4, 5, 6, 7], id="all"),
        pytest.param(Selection(statuses=(Status.FAILED,)), [2, 4, 6], id="one status"),
        pytest.param(Selection(statuses=(Status.FAILED, Status.WAITING), after=5), [6, 7], id="two, since"),
        pytest.param(Selection(after=7), [], id="nothing new"),
    ],
)
@pytest.mark.parametrize("page", [2, 500])
def test_documents_are_selected_by_status_and_id(seven, monkeypatch, selection, expected, page):
    monkeypatch.setattr(results, "DOCUMENTS_TOGETHER", page)
    out = io.BytesIO()

    written = export_results(seven, selection, out)

    assert [json.loads(line)["id"] for line in out.getvalue().splitlines()] == expected
    assert written == Exported(len(expected), expected[-1] if expected else selection.after)


def test_json_lines_hold_text_as_it_is(seven):
    out = io.BytesIO()

    export_results(seven, Selection(after=6), out, locate=lambda key: f"s3://results/{key}")

    assert '"document": "=é7.pdf"' in out.getvalue().decode()


def test_csv_opens_with_the_columns_and_is_guarded(seven):
    out = io.BytesIO()

    export_table(seven, TableName.DOCUMENTS, Format.CSV, Selection(after=6), out)

    header, row = out.getvalue().decode().splitlines()
    assert header == ",".join(table_columns(TableName.DOCUMENTS))
    assert row.startswith("7,intake,'=é7.pdf,v7,,,waiting,,,,,Ann,,,")
    assert row.count(",") == len(table_columns(TableName.DOCUMENTS)) - 1
    assert not out.closed


def test_parquet_goes_through_a_pipe(seven, monkeypatch):
    monkeypatch.setattr(results, "DOCUMENTS_TOGETHER", 3)
    pipe = Pipe()

    export_table(seven, TableName.DOCUMENTS, Format.PARQUET, Selection(), pipe)

    file = pq.ParquetFile(io.BytesIO(pipe.data))
    assert file.num_row_groups == 3
    assert file.read().column("reason").to_pylist() == [None, "unknown_format"] * 3 + [None]


def test_a_file_appears_only_when_it_is_complete(seven, tmp_path):
    (tmp_path / "out").mkdir()
    target = tmp_path / "out" / "results.csv"
    target.write_text("the last export")

    def fail(_key):
        raise KeyboardInterrupt

    with_image(seven)
    with pytest.raises(KeyboardInterrupt):
        export_results(seven, Selection(), target, locate=fail)

    assert target.read_text() == "the last export"
    assert list(target.parent.iterdir()) == [target]


def with_image(sessions):
    """Give the first document a page, so that there is something to locate."""
    row = {"index": 0, "status": PageStatus.RENDERED, "image_key": "p/0.png"}
    with sessions() as session:
        chunks.add(session, 1, 0, [row], stage=ChunkStage.DETECT)


def test_a_folder_that_is_not_there_is_wrong_use(sessions, tmp_path):
    with pytest.raises(WrongUse, match="cannot write"):
        export_table(sessions, TableName.CLAIMS, Format.CSV, Selection(), tmp_path / "none" / "a.csv")

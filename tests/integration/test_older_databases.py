"""A database that an older release has filled: migrated, it has every answer, claim and change, each once."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from alembic import command
from alembic.config import Config
from sqlalchemy import Engine, select, text

from db import migrate
from db.engine import make_engine, make_sessions
from db.models import DocumentChange
from db.states import AnswerCause
from producer.services.feed import START, export_changes
from producer.services.migrate import upgrade_database
from producer.services.results import Selection, export_results
from producer.services.status import histories, overview
from producer.services.table_rows import Format
from producer.services.tables import TableName, export_table
from tests.fakes import MemoryStore

#: A result as the first release wrote it: the same as its rows below, as far as the test looks.
RELEASED = (Path(__file__).parents[1] / "expected" / "results.jsonl").read_text().splitlines()[1]
RESULT = "documents/1/result.json"
FILLED = (
    """INSERT INTO signers (id, name, enrolled_at) VALUES (1, 'Ann', '2026-01-01 00:00:00+00:00')""",
    """INSERT INTO versions (id, digest, content) VALUES (1, 'd', '{"detector": "w", "code": "0.0.1"}')""",
    """INSERT INTO documents (id, bucket, key, version, sha256, status, stage, reason, signed, pages_total,
        original_id, result_key, versions_id, registered_at, finished_at, fence, deliveries)
    VALUES
    (1, 'b', 'signed.pdf', 'v', 'aa', 'done', 'closed', NULL, true, 1, NULL, 'documents/1/result.json', 1,
        '2026-01-01 00:00:00+00:00', '2026-01-01 00:00:09+00:00', 3, 0),
    (2, 'b', 'corrupt.pdf', 'v', 'bb', 'failed', 'closed', 'unreadable_document', NULL, NULL, NULL, NULL,
        NULL, '2026-01-01 00:00:00+00:00', '2026-01-01 00:00:05+00:00', 1, 0),
    (3, 'b', 'twin.pdf', 'v', 'aa', 'done', 'closed', NULL, true, NULL, 1, 'documents/1/result.json', 1,
        '2026-01-01 00:00:00+00:00', '2026-01-01 00:00:10+00:00', 1, 0),
    (4, 'b', 'waits.pdf', 'v', NULL, 'waiting', 'render', NULL, NULL, NULL, NULL, NULL, NULL,
        '2026-01-01 00:00:00+00:00', NULL, 0, 0),
    (5, 'b', 'torn.pdf', 'v', 'cc', 'partial', 'closed', 'page_failed', NULL, 1, NULL, NULL, 1,
        '2026-01-01 00:00:00+00:00', '2026-01-01 00:00:11+00:00', 3, 0)""",
    """INSERT INTO claims (id, document_id, signer, source)
    VALUES (1, 1, 'Ann', 'file'), (2, 1, 'Bob', 'file'),
        (3, 2, 'Ann', 'metadata'), (4, 3, 'Ann', 'file'), (5, 3, 'Bob', 'file'),
        (6, 4, 'Ann', 'key'), (7, 5, 'Bob', 'sidecar')""",
    """INSERT INTO chunks (id, document_id, "index", stage, fence, deliveries)
    VALUES (1, 1, 0, 'closed', 3, 0), (2, 5, 0, 'closed', 3, 0)""",
    """INSERT INTO pages (id, document_id, chunk_id, "index", status, reason, image_key, width, height, dpi)
    VALUES (1, 1, 1, 0, 'detected', NULL, 'documents/1/pages/0.png', 400, 600, 200.0),
        (2, 5, 2, 0, 'failed', 'unreadable_page', NULL, NULL, NULL, NULL)""",
    """INSERT INTO regions (id, page_id, "index", label, score, x, y, width, height, crop_key)
    VALUES (1, 1, 0, 'signature', 0.9, 1, 2, 30, 40, 'documents/1/crops/0.png')""",
    """INSERT INTO verdicts (id, region_id, signer, outcome, probability, "references", versions_id)
    VALUES (1, 1, 'Ann', 'genuine', 0.9, 3, 1), (2, 1, 'Bob', 'no_reference', NULL, 0, 1)""",
    """INSERT INTO events (id, document_id, at, stage, event, seconds)
    VALUES (1, 1, '2026-01-01 00:00:08+00:00', 'verify', 'closed', 0.5)""",
)
#: What became of each claim, by key and signer.
CLAIMS = {
    ("signed.pdf", "Ann"): "genuine",
    ("signed.pdf", "Bob"): "not_found",
    ("corrupt.pdf", "Ann"): None,
    ("twin.pdf", "Ann"): "genuine",
    ("twin.pdf", "Bob"): "not_found",
    ("waits.pdf", "Ann"): None,
    ("torn.pdf", "Bob"): "inconclusive",
}


def url_of(engine: Engine) -> str:
    return engine.url.render_as_string(hide_password=False)


@pytest.fixture(params=["postgres", "sqlite"])
def empty(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Engine]:
    """A database without a table."""
    url = f"sqlite:///{tmp_path / 'old.db'}"
    if request.param == "postgres":
        url = request.getfixturevalue("database_url")
    engine = make_engine(url)
    yield engine
    engine.dispose()


def fill(engine: Engine, revision: str) -> None:
    """The schema of that revision, with rows as releases of that time left them."""
    with engine.connect() as connection, connection.begin():
        config = Config()
        config.set_main_option("script_location", str(migrate._SCRIPTS))
        config.attributes["connection"] = connection
        command.upgrade(config, revision)
        for statement in FILLED:
            connection.execute(text(statement))


#: The first tables; the newest without answers; those without marks, which answers have had since.
@pytest.mark.parametrize("revision", ["0001", "0009"])
def test_a_migrated_database_has_everything_once(empty: Engine, revision: str) -> None:
    fill(empty, revision)
    store = MemoryStore({RESULT: RELEASED.encode()})

    for _ in range(2):
        upgrade_database(url_of(empty))

    sessions = make_sessions(empty)
    with sessions() as session:
        changes = session.execute(select(DocumentChange).order_by(DocumentChange.id)).scalars().all()
    assert [(row.id, row.document_id, row.answer) for row in changes] == [
        (1, 2, 1),
        (2, 1, 1),
        (3, 3, 1),
        (4, 5, 1),
    ]
    feed = io.BytesIO()
    read = export_changes(sessions, store, START, feed)
    assert (read.changes, read.unreadable, len(feed.getvalue().splitlines())) == (4, 0, 4)
    table = io.BytesIO()
    export_table(sessions, TableName.CLAIMS, Format.JSONL, Selection(), table)
    rows = [json.loads(line) for line in table.getvalue().splitlines()]
    assert sorted((row["key"], row["signer"]) for row in rows) == sorted(CLAIMS)
    assert {(row["key"], row["signer"]): row["answer"] for row in rows} == CLAIMS


def test_status_and_results_read_it(empty: Engine) -> None:
    fill(empty, "0009")
    upgrade_database(url_of(empty))
    sessions = make_sessions(empty)
    lines = io.BytesIO()

    exported = export_results(sessions, Selection(), lines)

    results = [json.loads(line) for line in lines.getvalue().splitlines()]
    assert exported.documents == 5
    assert [(row["document"], row["status"]) for row in results] == [
        ("signed.pdf", "done"),
        ("corrupt.pdf", "failed"),
        ("twin.pdf", "done"),
        ("waits.pdf", "waiting"),
        ("torn.pdf", "partial"),
    ]
    assert "compared_with" not in results[0]["verdicts"][0]
    assert overview(sessions).documents == {"waiting": 1, "working": 0, "done": 2, "partial": 1, "failed": 1}
    for number, answers in {"1": 1, "2": 1, "3": 1, "4": 0, "5": 1}.items():
        (history,) = histories(sessions, number)
        assert len(history.answers) == answers
        assert all(answer.cause is AnswerCause.FIRST_READING for answer in history.answers)

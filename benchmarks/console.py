"""Lists and the review queue over many documents: `python -m benchmarks.console 1000000`.

Fills a Postgres of its own with that many documents, a signature and a verdict on each, and measures what the
console asks for. Prints the 95th percentile of each question and every table that is read from end to end.
"""

from __future__ import annotations

import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

from sqlalchemy import Engine, event, text

from db.engine import make_engine, make_sessions
from db.migrate import upgrade
from db.states import ClaimAnswer, Priority, Status
from deploy.servers import postgres_somewhere
from deploy.settings import GivenServers
from producer.machine.postgres_server import create_database
from producer.services.browse import ListFilter, list_documents
from producer.services.keys import Caller, Right
from producer.services.review import ReviewRules, decide, next_review
from worker.result.decisions import DecisionOutcome

#: How often each question is asked.
TIMES = 40
# What holds answers to their order is not asked: a million rows are filled in at once.
ROWS = """
SET LOCAL session_replication_role = replica;
INSERT INTO versions (id, digest, content) VALUES (1, 'd', '{}');
INSERT INTO documents (id, bucket, key, version, sha256, status, stage, fence, deliveries, registered_at,
    finished_at, signed, pages_total, reason, cause, answer)
SELECT n, 'b', 'in/' || (n % 1000) || '/' || n || '.pdf', 'v', md5(n::text) || md5((-n)::text),
    CASE WHEN n % 100 = 0 THEN 'failed' ELSE 'done' END, 'closed', 1, 0,
    now() - (:count - n) * interval '1 second', now(), n % 3 > 0, 1,
    CASE WHEN n % 100 = 0 THEN 'unreadable_document' END, 'first_reading', 1
FROM generate_series(1, :count) n;
INSERT INTO answers (id, document_id, number, at, cause, status, signed, reason)
SELECT id, id, 1, now(), cause, status, signed, reason FROM documents;
INSERT INTO answered_claims (answer_id, signer, source, outcome, page, region, contradicted)
SELECT n, 'signer ' || (n % 20000), 'key', CASE WHEN n % 100 = 7 THEN 'inconclusive'
    WHEN n = :count / 2 THEN 'forged' WHEN n % 3 = 0 THEN 'not_found' ELSE 'genuine' END,
    0, 0, n = :count / 2
FROM generate_series(1, :count) n;
INSERT INTO claims (document_id, signer, source)
SELECT n, 'signer ' || (n % 20000), 'key' FROM generate_series(1, :count) n;
INSERT INTO chunks (id, document_id, index, stage, fence, deliveries)
SELECT n, n, 0, 'closed', 1, 0 FROM generate_series(1, :count) n;
INSERT INTO pages (id, document_id, chunk_id, index, status, image_key, width, height, dpi)
SELECT n, n, n, 0, 'detected', 'k', 100, 100, 100 FROM generate_series(1, :count) n;
INSERT INTO regions (id, page_id, index, label, score, x, y, width, height, crop_key)
SELECT n, n, 0, 'signature', 0.9, 1, 1, 10, 10, 'k' FROM generate_series(1, :count) n;
INSERT INTO verdicts (region_id, signer, outcome, probability, "references", versions_id)
SELECT n, 'signer ' || (n % 20000),
    CASE WHEN n % 100 = 7 THEN 'inconclusive' WHEN n = :count / 2 THEN 'forged' ELSE 'genuine' END, 0.9, 3, 1
FROM generate_series(1, :count) n;
INSERT INTO duplicates (region_id, of_region_id, similarity, kind)
SELECT n, n - 1, 0.95, 'ink' FROM generate_series(2, :count) n WHERE n % 50 = 3;
INSERT INTO events (document_id, at, stage, event, detail)
SELECT n, now(), 'finish', 'closed', NULL FROM generate_series(1, :count) n;
UPDATE documents SET priority = 1 WHERE id % 500 = 9;
UPDATE documents SET type = 'loan', amount = id % 100000 WHERE id % 50 = 11;
"""
LONG_AGO = datetime.now(UTC) - timedelta(days=5)
QUESTIONS: dict[str, ListFilter] = {
    "newest": ListFilter(),
    "failed": ListFilter(status=Status.FAILED),
    "unsigned": ListFilter(signed="false"),
    "one signer": ListFilter(signer="signer 77"),
    "nobody": ListFilter(signer="nobody"),
    "key prefix": ListFilter(prefix="in/77/"),
    "search: key": ListFilter(text="in/123/"),
    "search: digest": ListFilter(text="c4ca4238a0b9"),
    "search: nothing": ListFilter(text="nothing like it"),
    "reason": ListFilter(reason="unreadable_document"),
    "an inconclusive verdict": ListFilter(verdict="inconclusive"),
    "a genuine verdict": ListFilter(verdict="genuine"),
    "a rare verdict": ListFilter(verdict="forged"),
    "no verdict like that": ListFilter(verdict="no_reference"),
    "claim: genuine": ListFilter(claim=ClaimAnswer.GENUINE),
    "claim: inconclusive": ListFilter(claim=ClaimAnswer.INCONCLUSIVE),
    "claim: forged": ListFilter(claim=ClaimAnswer.FORGED),
    "claim: no reference": ListFilter(claim=ClaimAnswer.NO_REFERENCE),
    "contradicted": ListFilter(contradicted=True),
    "not contradicted": ListFilter(contradicted=False),
    "copied": ListFilter(duplicate=True),
    "not copied": ListFilter(duplicate=False),
    "signed unknown": ListFilter(signed="unknown"),
    "one day": ListFilter(
        since=datetime.now(UTC) - timedelta(days=5), until=datetime.now(UTC) - timedelta(days=4)
    ),
    "failed, of a signer": ListFilter(status=Status.FAILED, signer="signer 77"),
    "of high priority": ListFilter(priority=Priority.HIGH),
    "of a type": ListFilter(type="loan"),
    "of an amount": ListFilter(least=99_000.0),
    "a key's own": ListFilter(submitter="key:1"),
}
#: Rows of a table that nobody should read from end to end.
LARGE = 10_000
#: Where the questions are asked again: as by who has turned many pages.
DEEP = 0.3


def fill(engine: Engine, count: int) -> None:
    """All rows, in a few statements."""
    with engine.begin() as connection:
        for statement in filter(str.strip, ROWS.split(";\n")):
            connection.execute(text(statement), {"count": count} if ":count" in statement else {})
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text("VACUUM ANALYZE"))


def percentile(took: Sequence[float], share: float) -> float:
    """What that share of these took at most."""
    return sorted(took)[int(share * (len(took) - 1))]


def p95(ask: Callable[[], object], times: int = TIMES) -> float:
    """Milliseconds that 95 of 100 answers take at most."""
    took = []
    for _ in range(times):
        start = time.perf_counter()
        ask()
        took.append(1000 * (time.perf_counter() - start))
    return percentile(took, 0.95)


def scanned(engine: Engine, ask: Callable[[], object]) -> list[str]:
    """The large tables that a question reads from end to end."""
    statements: list[tuple[str, object]] = []

    def note(_connection: object, _cursor: object, statement: str, values: object, *_: object) -> None:
        statements.append((statement, values))

    event.listen(engine, "before_cursor_execute", note)
    ask()
    event.remove(engine, "before_cursor_execute", note)
    plans: list[str] = []
    with engine.connect() as connection:
        for statement, values in statements:
            if statement.lstrip().upper().startswith(("SELECT", "WITH")):
                plans += [row[0] for row in connection.exec_driver_sql(f"EXPLAIN {statement}", values)]
        rows = f"SELECT relname FROM pg_class WHERE reltuples > {LARGE}"
        large = set(connection.exec_driver_sql(rows).scalars())
        scans = {line.split(" on ")[1].split()[0] for line in plans if "Seq Scan on" in line}
        return sorted(scans & large)


def main(count: int) -> None:
    """Fill, ask, print."""
    with tempfile.TemporaryDirectory() as folder, postgres_somewhere(Path(folder), GivenServers()) as server:
        engine = make_engine(create_database(server, "console"))
        upgrade(engine)
        fill(engine, count)
        sessions = make_sessions(engine)
        for name, chosen in QUESTIONS.items():

            def ask(chosen: ListFilter = chosen, before: int | None = None) -> object:
                return list_documents(sessions, chosen, before=before)

            deep = partial(ask, before=int(DEEP * count))
            tables = sorted({*scanned(engine, ask), *scanned(engine, deep)})
            print(f"{name:24} {p95(ask):8.1f} ms {p95(deep):8.1f} ms  {', '.join(tables)}", flush=True)
        reviewer = Caller("r", "key:1", frozenset({Right.REVIEW}))

        def answer() -> None:
            item = next_review(sessions, reviewer, ReviewRules())
            assert item is not None
            decide(sessions, reviewer, item.id, fence=item.fence, answer=DecisionOutcome.GENUINE)

        print(f"{'first item, queue filled':22} {p95(answer, 1):8.1f} ms")
        print(f"{'next item and decision':22} {p95(answer, 100):8.1f} ms")
        engine.dispose()


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000)

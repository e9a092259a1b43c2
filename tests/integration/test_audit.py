"""The completeness statement against a real bucket and a real database."""

from __future__ import annotations

import json
import tracemalloc
from itertools import chain, islice

import pytest
from sqlalchemy import text, update

from db import documents, erase
from db.answers import Given
from db.documents import Object
from db.engine import make_sessions
from db.guards.views import drop_views
from db.models import Document
from db.states import Status
from producer.services.audit import Loose, Statement, audit_source
from producer.sources.listing import list_pages
from producer.sources.s3 import S3Source
from tests.acceptance.commands import countersign
from worker.errors import StorageUnavailable

#: A collation in which letters stand as in a dictionary.
_OF_A_LANGUAGE = text(
    "SELECT collname FROM pg_collation WHERE collname IN ('en-x-icu', 'en_US.utf8', 'en_US')"
    " ORDER BY collname LIMIT 1"
)


@pytest.fixture
def sessions(postgres):
    return make_sessions(postgres)


def put(s3, *keys, data=b"%PDF-1.4"):
    for key in keys:
        s3.client.put_object(Bucket=s3.name, Key=key, Body=data)


def register(sessions, s3, status=Status.DONE, *, prefix=""):
    """Every object of the bucket becomes a document with that status."""
    for listed in chain.from_iterable(list_pages(s3.client, s3.name, prefix)):
        with sessions() as session:
            document_id, new = documents.register(session, listed, {})
            if new and status is Status.WORKING:
                session.execute(
                    update(Document).where(Document.id == document_id).values(status=Status.WORKING)
                )
            elif new and status.final:
                given = Given(status=status, reason="test", detail="a test")
                documents.close(session, document_id, given)


def stated(sessions, s3, prefix="") -> tuple[Statement, list[Loose]]:
    loose: list[Loose] = []
    return audit_source(sessions, S3Source(s3.client, s3.name, prefix), on_loose=loose.append), loose


def test_a_bucket_whose_documents_all_ended_is_complete(sessions, s3):
    put(s3, "a.pdf", "b.pdf")
    register(sessions, s3, Status.DONE)
    put(s3, "c.pdf")
    register(sessions, s3, Status.FAILED)
    put(s3, "d.pdf")
    register(sessions, s3, Status.PARTIAL)

    statement, loose = stated(sessions, s3)

    printed = statement.result.json_object()
    numbers = [printed[name] for name in ("versions", "done", "quarantined", "partial")]
    assert numbers == [4, 2, 1, 1]
    assert statement.complete
    assert loose == []


@pytest.mark.parametrize("status", [Status.WAITING, Status.WORKING])
def test_a_document_that_has_not_ended_leaves_the_statement_open(sessions, s3, status):
    put(s3, "a.pdf")
    register(sessions, s3, status)

    statement, _ = stated(sessions, s3)

    assert statement.there == {status: 1}
    assert not statement.complete


def test_a_version_that_nobody_registered_is_named(sessions, s3):
    put(s3, "a.pdf", "c.pdf")
    register(sessions, s3)
    put(s3, "b.pdf", "é &.pdf")

    statement, loose = stated(sessions, s3)

    assert statement.there == {"done": 2, "unknown": 2}
    assert [one.key for one in loose] == ["b.pdf", "é &.pdf"]
    assert not statement.complete


def test_what_left_the_bucket_is_counted_by_its_status(sessions, s3):
    put(s3, "a.pdf", "b.pdf")
    register(sessions, s3)
    s3.client.delete_object(Bucket=s3.name, Key="a.pdf")

    statement, loose = stated(sessions, s3)

    assert (statement.there, statement.gone) == ({"done": 1}, {"done": 1})
    assert [(one.key, one.state) for one in loose] == [("a.pdf", "gone")]
    assert statement.complete


def test_a_document_that_left_the_bucket_before_it_was_read_leaves_the_statement_open(sessions, s3):
    put(s3, "a.pdf")
    register(sessions, s3, Status.WAITING)
    s3.client.delete_object(Bucket=s3.name, Key="a.pdf")

    assert not stated(sessions, s3)[0].complete


def test_every_version_of_a_key_counts(sessions, s3):
    s3.client.put_bucket_versioning(Bucket=s3.name, VersioningConfiguration={"Status": "Enabled"})
    put(s3, "a.pdf", data=b"one")
    register(sessions, s3)
    put(s3, "a.pdf", data=b"two")

    statement, loose = stated(sessions, s3)

    assert statement.there == {"done": 1, "unknown": 1}
    (newest,) = loose
    assert newest.version == s3.client.head_object(Bucket=s3.name, Key="a.pdf")["VersionId"]


def test_only_the_prefix_and_the_bucket_that_were_asked_for_count(sessions, s3):
    put(s3, "in/a.pdf", "In/b.pdf", "in_c.pdf", "out/d.pdf")
    register(sessions, s3)
    with sessions() as session:
        documents.register(session, Object("elsewhere", "in/a.pdf", "v"), {})

    statement, _ = stated(sessions, s3, "in/")

    assert (statement.there, statement.gone) == ({"done": 1}, {})


def test_an_erased_document_is_accounted_for(sessions, s3):
    put(s3, "a.pdf")
    register(sessions, s3)
    with sessions() as session:
        erase.delete_document(session, documents.get(session, 1), who="test", objects=0)

    statement, _ = stated(sessions, s3)

    assert statement.there == {"erased": 1}
    assert statement.complete


def test_what_is_registered_while_the_audit_runs_is_not_called_unknown(sessions, s3):
    put(s3, "a.pdf")

    class Late:
        """A client during whose listing somebody else registers what it lists."""

        def __getattr__(self, name):
            if name == "list_objects_v2":
                register(sessions, s3)
            return getattr(s3.client, name)

    statement = audit_source(sessions, S3Source(Late(), s3.name), on_loose=lambda one: None)

    assert statement.there == {"done": 1}


def test_keys_are_matched_in_the_order_of_their_bytes(sessions, s3, postgres):
    """The order of the store, not that of a language, in which a, B and ä stand elsewhere."""
    put(s3, "B", "a", "ä", "Z/1", "z", "a-b", "a b", "a/b", "😀", "\uffee")
    register(sessions, s3)
    with postgres.begin() as connection:  # as a server with a language has it
        # No view may read a column whose type changes.
        drop_views(connection)
        order = connection.execute(_OF_A_LANGUAGE).scalar() or "default"  # some servers know no language
        connection.execute(text(f'ALTER TABLE documents ALTER COLUMN key TYPE varchar COLLATE "{order}"'))

    statement, loose = stated(sessions, s3)

    assert (statement.there, loose) == ({"done": 10}, [])


class Endless:
    """A store that lists keys as it likes, without having them."""

    def __init__(self, keys, page=1000):
        self.keys, self.page = iter(keys), page

    def get_bucket_versioning(self, **_):
        return {}

    def list_objects_v2(self, **_):
        keys = list(islice(self.keys, self.page))
        entries = [{"Key": key, "ETag": '"e"', "Size": 1} for key in keys]
        return {"Contents": entries, "IsTruncated": bool(keys), "NextContinuationToken": "x"}


def test_a_listing_out_of_order_is_refused_rather_than_misread(sessions):
    with pytest.raises(StorageUnavailable, match="order"):
        audit_source(sessions, S3Source(Endless(["b", "a"]), "b"), on_loose=lambda one: None)


def test_memory_does_not_grow_with_the_bucket(sessions, postgres):
    """Sixty thousand keys on both sides; a row held for each would be many times this bound."""
    number = 60_000
    with postgres.begin() as connection:
        connection.execute(
            text(
                "INSERT INTO documents"
                " (bucket, key, version, status, stage, fence, deliveries, registered_at)"
                " SELECT 'b', to_char(n, 'FM000000000'), 'etag:e', 'working', 'finish', 0, 0, now()"
                f" FROM generate_series(1, {number}) n"
            )
        )
    client = Endless(f"{n:09d}" for n in range(1, number + 1))

    tracemalloc.start()
    statement = audit_source(sessions, S3Source(client, "b"), on_loose=lambda one: None)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()

    assert statement.there == {"working": number}
    assert peak < 8 * 2**20


@pytest.fixture
def env(s3, database_url, postgres):
    return {"COUNTERSIGN_DATABASE_URL": database_url, **s3.env}


def test_the_command_says_it_in_json_and_by_its_exit_status(sessions, s3, env, tmp_path):
    put(s3, "in/a.pdf")
    register(sessions, s3)
    complete = countersign("audit", f"s3://{s3.name}/in/", "--json", env=env)
    put(s3, "in/b.pdf", "in/[c].pdf")
    everything = tmp_path / "all.jsonl"
    open_ended = countersign("audit", f"s3://{s3.name}/in/", "--all", everything, env=env)
    named = countersign("audit", f"s3://{s3.name}/in/", env=env)

    assert (complete.status, complete.objects[0]["complete"]) == (0, True)
    assert open_ended.status == 1
    assert [json.loads(line)["key"] for line in everything.read_text().splitlines()] == [
        "in/[c].pdf",
        "in/b.pdf",
    ]
    assert "unknown: in/[c].pdf (etag:" in named.out


def test_a_bucket_that_is_not_there_is_no_complete_one(s3, env):
    assert countersign("audit", f"s3://{s3.name}-not/", "--json", env=env).status == 1

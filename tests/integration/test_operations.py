"""The operators' commands on the queued form: what they pack, what they show."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import update

from db.models import Document
from db.states import Status
from producer.services.report import report_documents
from tests.acceptance.commands import countersign
from tests.fakes import page
from tests.world import World
from worker.embedded.bundle import read_bundle
from worker.errors import EmptyDocument, UnreadablePage, WrongUse
from worker.log import Actor, actor
from worker.settings import Attempts
from worker.steps.render import render_document
from worker.storage.s3 import S3


def test_the_commands_pack_a_queued_document_without_secrets_and_replay_it(
    postgres, s3, database_url: str, redis_url: str, tmp_path: Path
) -> None:
    world = World(postgres)
    world.through(world.arrive("in/a.pdf", [page(0, marks=1)], claims=("Ann",), data=b"no document at all"))
    key = world.document(1).result_key or ""
    S3(s3.client, s3.name).put(key, world.store.objects[key])
    s3.client.put_object(Bucket=s3.name, Key="in/a.pdf", Body=b"no document at all")
    etag = s3.client.head_object(Bucket=s3.name, Key="in/a.pdf")["ETag"].strip('"')
    with postgres.begin() as connection:
        connection.exec_driver_sql(
            "UPDATE documents SET bucket = %s, version = %s", (s3.name, f"etag:{etag}")
        )
    env = {
        "COUNTERSIGN_DATABASE_URL": database_url,
        "COUNTERSIGN_BROKER_URL": redis_url,
        "COUNTERSIGN_S3_ENDPOINT": s3.endpoint,
        "COUNTERSIGN_S3_ACCESS_KEY": "canary-access",
        "COUNTERSIGN_S3_SECRET_KEY": "canary-secret",
        "COUNTERSIGN_RESULTS_BUCKET": s3.name,
    }

    packed = countersign("bundle", "in/a.pdf", "--out", tmp_path / "b.zip", env=env)
    replayed = countersign("replay", tmp_path / "b.zip", "--json")
    unknown = countersign("bundle", "nowhere.pdf", env=env)

    assert (packed.status, replayed.status, unknown.status) == (0, 1, 2), packed.err + replayed.err
    text = str(read_bundle(tmp_path / "b.zip"))
    assert "canary" not in text
    assert database_url.rpartition("@")[0].rpartition(":")[2] not in text
    fields = {one["field"]: one["now"] for one in replayed.objects[0]["differences"]}
    assert fields["status"] == "failed"
    assert fields["reason"] == "unknown_format"


def test_the_history_of_a_document_is_found_by_its_task_and_names_the_page_that_failed(
    postgres, database_url: str
) -> None:
    world, task = World(postgres), "1b4e28ba-2fa1-11d2-883f-0016d3cca427"
    token = actor.set(Actor("render@host", task))
    try:
        world.through(world.arrive("a.pdf", [page(0, marks=1), UnreadablePage(1, "torn [bold]apart")]))
    finally:
        actor.reset(token)
    world.through(world.arrive("b.pdf", [page(0)]))

    finished = countersign("status", task, env={"COUNTERSIGN_DATABASE_URL": database_url, "COLUMNS": "200"})

    assert finished.status == 0, finished.err
    assert "a.pdf (document 1): partial" in finished.out
    assert "page 2: unreadable_page: torn [bold]apart" in finished.out
    assert "read with" in finished.out
    assert "code c" in finished.out
    assert "b.pdf" not in finished.out


def test_quarantined_documents_are_sent_again_by_the_time_they_failed(
    postgres, database_url: str, redis_url: str
) -> None:
    world = World(postgres)
    old, new = (world.arrive(name, EmptyDocument("no bytes")) for name in ("old.pdf", "new.pdf"))
    for document_id in (old, new):
        world.through(document_id)
    with world.sessions() as session:
        long_ago = datetime(2020, 1, 1, tzinfo=UTC)
        session.execute(update(Document).where(Document.id == old).values(finished_at=long_ago))
    env = {"COUNTERSIGN_DATABASE_URL": database_url, "COUNTERSIGN_BROKER_URL": redis_url}

    finished = countersign("retry", "--since", "2020-01-02T00:00:00", "--reason", "empty_document", env=env)

    assert "1 document sent again" in finished.err
    assert [world.document(one).status for one in (old, new)] == [Status.FAILED, Status.WAITING]


def test_a_quarantine_for_too_many_attempts_says_where_the_last_one_failed(postgres) -> None:
    """An error that nobody foresaw: its class, its sentence and its places stand in the document's row."""

    class Broken:
        def open(self, data, *, limits, first=0):
            raise ZeroDivisionError("division by zero")

    world = World(postgres, attempts=Attempts(max_deliveries=1))
    world.arrive("a.pdf", [page(0)])
    deps = replace(world.render_deps, renderer=Broken())

    with pytest.raises(ZeroDivisionError):
        render_document(1, deps)
    render_document(1, deps)

    document = world.document(1)
    assert document.reason == "too_many_deliveries"
    assert "ZeroDivisionError: division by zero" in document.detail
    assert "worker/steps/render.py:" in document.detail
    assert document.versions_id is not None


def test_a_report_without_names_shows_the_documents_that_came_last(world: World, tmp_path: Path) -> None:
    for name in ("first.pdf", "second.pdf", "third.pdf"):
        world.through(world.arrive(name, [page(0)]))

    written = report_documents(world.sessions, world.store, tmp_path / "report.html", newest=2)

    text = written.path.read_text()
    assert written.documents == 2
    assert [name in text for name in ("first.pdf", "second.pdf", "third.pdf")] == [False, True, True]


def test_a_report_has_every_named_document_once_or_says_which_name_is_wrong(
    world: World, tmp_path: Path
) -> None:
    for name in ("first.pdf", "second.pdf"):
        world.through(world.arrive(name, [page(0)]))
    path = tmp_path / "report.html"

    with pytest.raises(WrongUse, match=r"there is no document 'gone\.pdf'"):
        report_documents(world.sessions, world.store, path, names=("first.pdf", "gone.pdf"))
    assert not path.exists()

    written = report_documents(world.sessions, world.store, path, names=("first.pdf", "1"))

    assert written.documents == 1


def test_a_report_makes_no_folder(world: World, tmp_path: Path) -> None:
    world.through(world.arrive("a.pdf", [page(0)]))

    with pytest.raises(WrongUse, match="No such file or directory; --out names another place"):
        report_documents(world.sessions, world.store, tmp_path / "gone" / "report.html")

    assert not (tmp_path / "gone").exists()

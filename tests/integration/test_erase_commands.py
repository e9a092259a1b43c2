"""The commands that erase: they ask first, and mean one document or none."""

from __future__ import annotations

from datetime import timedelta

import pytest

from db import documents, events
from db.engine import now
from db.states import DocumentStage
from producer.services.selection import find_only
from tests.acceptance.commands import countersign
from tests.erasures import finished_days_ago, lines, signed
from tests.world import World
from worker.errors import WrongUse
from worker.storage.s3 import S3


@pytest.fixture
def queued(postgres, s3, database_url, redis_url):
    """A world whose results lie in a real bucket, and the environment in which commands find both."""
    world = World(postgres)
    results = S3(s3.client, s3.name)
    for key in ("a.pdf", "b.pdf", "c.pdf"):
        world.through(signed(world, key, claims=("Ann",)))
    for key, data in world.store.objects.items():
        results.put(key, data)
    env = {
        "COUNTERSIGN_DATABASE_URL": database_url,
        "COUNTERSIGN_BROKER_URL": redis_url,
        **s3.env,
        "COUNTERSIGN_RESULTS_BUCKET": s3.name,
        "COUNTERSIGN_RETAIN_DAYS": '{"done": 30}',
    }
    return world, env


def test_the_commands_erase_what_they_are_told_and_ask_first(queued, s3):
    world, env = queued
    refused = countersign("erase", "--document", "a.pdf", env=env)
    agreed = countersign("erase", "--document", "a.pdf", "--yes", env=env)
    again = countersign("erase", "--document", "a.pdf", "--yes", env=env)
    finished_days_ago(world, 2, 31)
    rehearsed = countersign("retain", "--dry-run", env=env)
    retained = countersign("retain", env=env)
    signer = countersign("erase", "--signer", "Ann", "--documents-too", "--yes", env=env)

    assert (refused.status, agreed.status, again.status) == (1, 0, 1)
    assert "erase 1 document [1] for good?" in refused.err
    assert "1 document erased" in agreed.err
    assert again.err.splitlines() == ["there is no document 'a.pdf'"]
    assert "1 document would be erased" in rehearsed.err
    assert "1 document erased" in retained.err
    assert "1 document erased" in signer.err
    assert [(line.kind, line.who == "retention") for line in lines(world)] == [
        ("document", False),
        ("document", True),
        ("document", False),
    ]
    left = s3.client.list_objects_v2(Bucket=s3.name, Prefix="documents/").get("Contents", [])
    assert left == []


def test_what_cannot_be_undone_meets_one_document_or_none(world: World):
    signed(world, "in/2")
    signed(world, "a/same.pdf")
    signed(world, "b/same.pdf")

    with world.sessions() as session:
        assert find_only(session, "2") == [2]
        assert find_only(session, "99") == []
        assert find_only(session, "a/same.pdf") == [2]
        with pytest.raises(WrongUse, match=r"3, 2: give an id"):
            find_only(session, "same.pdf")


def test_a_document_is_found_by_its_task_and_retried_by_time(world: World):
    document_id = signed(world, "a.pdf")
    task = "1b4e28ba-2fa1-11d2-883f-0016d3cca427"
    with world.sessions() as session:
        events.record(session, document_id, DocumentStage.RENDER, "failed", task=task)
        documents.quarantine(session, document_id, reason="x", detail="y")
        moment = now(session)

        assert [found.id for found in documents.find(session, task)] == [document_id]
        assert documents.find(session, task.replace("1", "2")) == []
        assert documents.find(session, "no UTF-8: \udcff") == documents.find(session, "a\0b") == []
        assert documents.failed(session, since=moment - timedelta(minutes=1)) == [document_id]
        assert documents.failed(session, since=moment + timedelta(minutes=1)) == []

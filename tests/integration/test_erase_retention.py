"""Retention: what may be erased by its age and status."""

from __future__ import annotations

import pytest

from db.states import Status
from producer.services import retain
from producer.services.retain import expired_documents
from tests.erasures import finished_days_ago, signed
from tests.world import World


def test_retention_is_counted_by_status_from_the_end_of_the_work(world: World):
    old, young = signed(world, "old.pdf"), signed(world, "young.pdf")
    for document_id, days in ((old, 31), (young, 29)):
        world.through(document_id)
        finished_days_ago(world, document_id, days)
    waiting = signed(world, "waiting.pdf")

    due = list(expired_documents(world.sessions, {Status.DONE: 30}))

    assert due == [old]
    assert list(expired_documents(world.sessions, {Status.FAILED: 1})) == []
    assert list(expired_documents(world.sessions, {})) == []
    assert waiting not in due


def test_more_documents_than_are_looked_up_at_a_time_are_all_due(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(retain, "_BATCH", 2)
    ids = [signed(world, f"{number}.pdf") for number in range(5)]
    for document_id in ids:
        world.through(document_id)
        finished_days_ago(world, document_id, 31)

    assert list(expired_documents(world.sessions, {Status.DONE: 30})) == ids[::-1]


def test_an_answer_that_younger_documents_share_is_retained_as_long_as_theirs(world: World):
    first, second = signed(world, "a.pdf", data=b"same"), signed(world, "b.pdf", data=b"same")
    world.through(first)
    world.through(second)
    finished_days_ago(world, first, 40)
    early = list(expired_documents(world.sessions, {Status.DONE: 30}))
    finished_days_ago(world, second, 40)

    assert early == []
    assert list(expired_documents(world.sessions, {Status.DONE: 30})) == [second, first]

"""The feed of changes: no hole and none too many, whatever is at work while it is read."""

from __future__ import annotations

import io
import json
import re
import threading
from typing import Any

import pytest
from sqlalchemy import Engine, select

from db import documents
from db.answers import Given
from db.feed import feed_head
from db.models import ChangesHead, DocumentChange
from db.states import Status
from producer.services.feed import START, ChangesRead, current_token, export_changes
from producer.services.retry import retry_documents
from tests.erasures import erased_document, erased_signer
from tests.fakes import page
from tests.world import World
from worker.errors import WrongUse

DONE = Given(status=Status.DONE)


def read(world: World, token: str = START) -> tuple[ChangesRead, list[dict[str, Any]]]:
    out = io.BytesIO()
    counted = export_changes(world.sessions, world.store, token, out)
    return counted, [json.loads(line) for line in out.getvalue().splitlines()]


def told(world: World, token: str = START) -> list[tuple[str, int, int | None]]:
    return [(line["change"], line["document_id"], line["answer"]) for line in read(world, token)[1]]


def unsent(document_id: int) -> None:
    """The stages are called by hand."""


def registered(world: World, number: int) -> list[int]:
    return [world.arrive(f"{count}.pdf", [page(0)]) for count in range(number)]


@pytest.fixture
def queue(postgres: Engine) -> World:
    return World(postgres)


def test_a_document_that_was_at_work_comes_with_the_next_export(world: World) -> None:
    first, second = registered(world, 2)
    world.through(second)
    counted, lines = read(world)
    assert [line["document_id"] for line in lines] == [second]

    world.through(first)

    assert told(world, counted.token) == [("answered", first, 1)]


def test_a_line_says_what_the_answer_says(world: World) -> None:
    document_id = world.arrive("a.pdf", [page(0, marks=1)], claims=("Ann",))
    world.through(document_id)

    _, (line,) = read(world)

    assert (line["place"], line["answer"], line["cause"]) == (1, 1, "first_reading")
    assert (line["result"]["signed"], line["result"]["claims"][0]["answer"]) == (True, "no_reference")
    assert line["at"].endswith("+00:00")


def test_retries_late_copies_and_erasures_each_take_a_place(world: World) -> None:
    first = world.arrive("first.pdf", [page(0, marks=1)], claims=("Ann",))
    second = world.arrive("second.pdf", [page(0, marks=2)], claims=("Ann",))
    world.through(second)
    world.through(first)
    retry_documents(world.sessions, unsent, names=["first.pdf"], again=True)
    world.through(first)
    erased_document(world, first)

    assert told(world) == [
        ("answered", second, 1),
        ("answered", second, 2),  # the earlier document shows the same ink
        ("answered", first, 1),
        ("reopened", first, 1),
        ("answered", first, 2),
        ("erased", first, 2),
        ("answered", second, 3),  # the copy's place is gone from it
    ]


def test_a_document_that_is_reopened_says_why_and_for_whom(world: World) -> None:
    document_id = world.arrive("a.pdf", [page(0, marks=1)], claims=("Ann",))
    world.through(document_id)
    before, _ = read(world)
    retry_documents(world.sessions, unsent, names=["a.pdf"], again=True, who="ann@desk")

    (at_work,) = read(world, before.token)[1]
    world.through(document_id)
    retry_documents(world.sessions, unsent, names=["a.pdf"], again=True, who="bob@desk")
    reopened, answered, again = read(world, before.token)[1]

    assert (at_work["change"], at_work["answer"], at_work["result"]) == ("reopened", 1, None)
    assert (at_work["cause"], at_work["asked_by"]) == ("retry", "ann@desk")
    assert (reopened, answered["asked_by"]) == (at_work, "ann@desk")
    assert (again["change"], again["answer"], again["asked_by"]) == ("reopened", 2, "bob@desk")


def test_what_was_erased_since_says_nothing_any_more(world: World) -> None:
    document_id = world.arrive("a.pdf", [page(0, marks=1)], claims=("Ann",))
    world.through(document_id)
    erased_document(world, document_id)

    _, (answered, erased) = read(world)

    assert (answered["change"], answered["result"], answered["problem"]) == ("answered", None, None)
    assert (erased["change"], erased["cause"]) == ("erased", None)


def test_an_erased_name_takes_a_place_and_is_in_no_line(world: World) -> None:
    world.through(world.arrive("a.pdf", [page(0, marks=1)], claims=("Ann",)))
    before, _ = read(world)

    erased_signer(world, "Ann")

    assert told(world, before.token) == [("answered", 1, 2)]
    assert "Ann" not in json.dumps(read(world)[1])


def test_transactions_that_end_out_of_order_leave_no_hole(queue: World) -> None:
    """Two writers at once, both held open; the later one commits first, and is read before the other ends."""
    first, second = registered(queue, 2)
    with queue.sessions() as early:
        documents.close(early, first, DONE)
        with queue.sessions() as late:
            documents.close(late, second, DONE)
        seen, lines = read(queue)
        assert [line["document_id"] for line in lines] == [second]

    assert told(queue, seen.token) == [("answered", first, 1)]
    assert [line["place"] for line in read(queue)[1]] == [1, 2]


def test_commits_at_the_same_moment_take_one_place_after_the_other(queue: World) -> None:
    """Both wait for their places; who reads meanwhile sees neither."""
    ids = registered(queue, 2)
    with queue.sessions() as holder:
        holder.execute(select(ChangesHead).with_for_update())
        writers = [threading.Thread(target=close, args=(queue, document_id)) for document_id in ids]
        for writer in writers:
            writer.start()
        assert told(queue) == []
    for writer in writers:
        writer.join(60)

    counted, lines = read(queue)
    assert [line["place"] for line in lines] == [1, 2]
    assert sorted(line["document_id"] for line in lines) == ids
    assert told(queue, counted.token) == []


def close(world: World, document_id: int) -> None:
    with world.sessions() as session:
        documents.close(session, document_id, DONE)


def test_a_transaction_that_is_rolled_back_leaves_its_place_to_the_next(queue: World) -> None:
    first, second = registered(queue, 2)

    with pytest.raises(RuntimeError), queue.sessions() as session:
        documents.close(session, first, DONE)
        raise RuntimeError
    close(queue, second)

    assert [(line["place"], line["document_id"]) for line in read(queue)[1]] == [(1, second)]


def test_a_reader_beside_many_writers_misses_nothing(queue: World) -> None:
    ids = registered(queue, 24)
    shares = [ids[start::4] for start in range(4)]
    writers = [threading.Thread(target=close_all, args=(queue, share)) for share in shares]
    for writer in writers:
        writer.start()
    seen: list[dict[str, Any]] = []
    token = START
    while any(writer.is_alive() for writer in writers) or len(seen) < len(ids):
        counted, lines = read(queue, token)
        token = counted.token
        seen += lines

    assert [line["place"] for line in seen] == list(range(1, len(ids) + 1))
    assert sorted(line["document_id"] for line in seen) == ids


def close_all(world: World, document_ids: list[int]) -> None:
    for document_id in document_ids:
        close(world, document_id)


def test_a_token_is_that_of_this_database_and_of_no_earlier_backup(world: World) -> None:
    close(world, *registered(world, 1))
    token = current_token(world.sessions)
    feed, _, place = token.rpartition("-")
    assert re.fullmatch(r"[0-9a-f]{8}-1", token)

    with pytest.raises(WrongUse, match="of another database"):
        read(world, f"{'0' * 7}{'1' if feed[-1] == '0' else '0'}-{place}")
    with pytest.raises(WrongUse, match="restored from a backup"):
        read(world, f"{feed}-2")
    with pytest.raises(WrongUse, match="is no token"):
        read(world, "53")


def test_a_result_that_is_gone_from_the_store_is_named_and_hinders_no_other(world: World) -> None:
    ids = registered(world, 2)
    for document_id in ids:
        world.through(document_id)
    del world.store.objects[world.document(ids[0]).result_key or ""]

    counted, lines = read(world)

    assert [line["problem"] for line in lines] == ["object_missing", None]
    assert (counted.changes, counted.unreadable) == (2, 1)


def test_the_last_place_is_the_number_of_changes(world: World) -> None:
    for document_id in registered(world, 3):
        world.through(document_id)

    with world.sessions() as session:
        places = session.execute(select(DocumentChange.id).order_by(DocumentChange.id)).scalars().all()
        assert (list(places), feed_head(session).place) == ([1, 2, 3], 3)

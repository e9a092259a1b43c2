"""Every key may make so many requests a minute, whichever process answers, and is told how many are left."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest
from fastapi.testclient import TestClient
from redis import Redis

from producer.services.keys import Right, make_key
from tests.web.conftest import BASE
from tests.world import World
from web.app import guarded_app, make_web_app
from web.deps import WebDeps
from web.guard import Bounds
from web.rates import MemoryCounter, RateLimit, RequestCounter
from worker import connections
from worker.request_counter import RedisCounter

NOON = 1_700_000_040.0


@contextmanager
def serving(world: World, counter: RequestCounter, clock: Callable[[], float]) -> Iterator[TestClient]:
    """The app where each key may make two requests a minute."""
    deps = WebDeps(world.sessions, world.store, rates=RateLimit(2, counter, clock))
    bounds = Bounds(direct_only=False)
    with TestClient(guarded_app(make_web_app(deps), bounds), BASE, raise_server_exceptions=False) as client:
        yield client


def holder(world: World, name: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {make_key(world.sessions, name, [Right.READ], days=1)}"}


def test_a_key_is_told_what_is_left_and_refused_when_nothing_is(documents: World) -> None:
    moment = [NOON]
    with serving(documents, MemoryCounter(), lambda: moment[0]) as http:
        ann, bob = holder(documents, "ann"), holder(documents, "bob")
        answers = [http.get("/v1/documents", headers=ann) for _ in range(3)]
        other = http.get("/v1/documents/99", headers=bob)
        moment[0] += 15
        late = http.get("/v1/documents", headers=ann)
        moment[0] += 60
        fresh = http.get("/v1/documents", headers=ann)
        nobody = http.get("/v1/health")

    assert [answer.status_code for answer in answers] == [200, 200, 429]
    assert [answer.headers["ratelimit"] for answer in answers] == [
        '"key";r=1;t=60',
        '"key";r=0;t=60',
        '"key";r=0;t=60',
    ]
    assert answers[0].headers["ratelimit-policy"] == '"key";q=2;w=60'
    assert (answers[2].json()["code"], answers[2].headers["retry-after"]) == ("too_often", "60")
    assert (late.status_code, late.headers["retry-after"]) == (429, "45")
    assert (other.status_code, other.headers["ratelimit"]) == (404, '"key";r=1;t=60')
    assert (fresh.status_code, fresh.headers["ratelimit"][:9]) == (200, '"key";r=1')
    assert "ratelimit" not in nobody.headers


def test_without_a_limit_nothing_is_counted_and_a_wrong_key_is_nobody(documents: World) -> None:
    deps = WebDeps(documents.sessions, documents.store)
    with TestClient(guarded_app(make_web_app(deps), Bounds(direct_only=False)), BASE) as http:
        free = http.get("/v1/documents", headers=holder(documents, "ann"))
    with serving(documents, MemoryCounter(), lambda: NOON) as http:
        wrong = [http.get("/v1/documents", headers={"Authorization": "Bearer cs_no"}) for _ in range(4)]

    assert (free.status_code, "ratelimit" in free.headers) == (200, False)
    assert {answer.status_code for answer in wrong} == {401}


def test_processes_count_together(documents: World, redis_url: str) -> None:
    ann = holder(documents, "ann")
    statuses = []
    for _ in range(3):
        counter = RedisCounter(Redis.from_url(redis_url))
        with serving(documents, counter, lambda: NOON) as http:
            statuses.append(http.get("/v1/documents", headers=ann).status_code)

    keys = list(Redis.from_url(redis_url).scan_iter("countersign:rate:*"))
    assert statuses == [200, 200, 429]
    assert len(keys) == 1
    assert 0 < Redis.from_url(redis_url).ttl(keys[0]) <= 120


def test_while_redis_is_away_requests_are_answered_and_not_counted(
    documents: World, caplog: pytest.LogCaptureFixture
) -> None:
    moment = [0.0]
    # Nothing listens there.
    counter = RedisCounter(Redis.from_url("redis://127.0.0.1:1/0"), clock=lambda: moment[0])
    with serving(documents, counter, lambda: NOON) as http:
        ann = holder(documents, "ann")
        answers = [http.get("/v1/documents", headers=ann) for _ in range(4)]
        moment[0] += 10
        answers.append(http.get("/v1/documents", headers=ann))

    assert {answer.status_code for answer in answers} == {200}
    assert not any("ratelimit" in answer.headers for answer in answers)
    # It rests before it is asked again: not every request waits for it.
    assert len(re.findall("requests are not counted", caplog.text)) == 2


def test_the_counter_is_on_the_redis_of_the_queues(redis_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COUNTERSIGN_BROKER_URL", redis_url)

    assert [connections.request_counter().count("key:1", 7) for _ in range(3)] == [1, 2, 3]

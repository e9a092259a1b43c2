"""Whom the deliverer calls, how long it listens, and what it makes of answers."""

from __future__ import annotations

import logging

import pytest
from sqlalchemy import update

from db.models import Webhook
from producer.services.deliver import DelivererDeps
from producer.services.keys import LOCAL
from producer.services.outgoing import OutgoingCalls
from producer.services.webhooks import (
    remove_webhook,
)
from tests.receiver import Receiver, raw, receiving, status
from tests.webhooks import AT_ONCE, deps_of, done, ended, hook
from tests.world import World
from worker.settings import Webhooks


def test_a_slow_head_is_given_up_and_a_slow_body_is_not_waited_for(
    world: World, receiver: Receiver, run
) -> None:
    endless = b"HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\nx"

    def slow_body(request) -> None:
        request.wfile.write(endless)
        receiver.stand_still(request)

    receiver.conducts = [receiver.drip, receiver.stand_still, slow_body]
    made = hook(world, receiver)
    done(world)
    run(deps_of(world, seconds=0.5))
    (row,) = ended(world, made, 1)

    assert [attempt.status for attempt in row.attempts] == [None, None, 200]
    assert [attempt.problem for attempt in row.attempts[:2]] == ["no answer within 0.5 s"] * 2


def test_a_head_without_end_is_no_answer(world: World, receiver: Receiver, run) -> None:
    receiver.conducts = [
        raw(b"HTTP/1.1 200 OK\r\nX: " + b"x" * 100_000),
        raw(b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 204 OK\r\n\r\n"),
    ]
    made = hook(world, receiver)
    done(world)
    run(deps_of(world))
    (row,) = ended(world, made, 1)

    assert [attempt.status for attempt in row.attempts] == [None, 204]
    assert "the answer is not HTTP" in (row.attempts[0].problem or "")


@pytest.mark.parametrize("host", ["localhost", "127.1", "2130706433", "[::ffff:127.0.0.1]"])
def test_a_name_that_leads_to_this_machine_is_not_called(
    world: World, receiver: Receiver, run, host: str
) -> None:
    """However it is written; and a name may lead elsewhere than when it was added."""
    made = hook(world, receiver)
    with world.sessions() as session:
        session.execute(update(Webhook).values(url=f"https://{host}:{receiver.port}/"))
    done(world)
    run(deps_of(world, networks=[], most_tries=1))
    (row,) = ended(world, made, 1)

    assert row.attempts[0].problem == "the name leads to an address that is not allowed"
    assert receiver.told == []


@pytest.mark.parametrize(
    ("url", "problem"),
    [
        ("http://a.invalid/", "name"),
        (f"http://{'a' * 70}.invalid/", "no host name"),
        ("nonsense", "a webhook is an address"),
        ("http://127.0.0.1:9/", "refused"),
    ],
)
def test_an_address_that_cannot_be_called_says_why(
    world: World, receiver: Receiver, run, url: str, problem: str
) -> None:
    made = hook(world, receiver)
    with world.sessions() as session:
        session.execute(update(Webhook).values(url=url))
    done(world)
    run(deps_of(world, most_tries=1))
    (row,) = ended(world, made, 1)

    assert problem in (row.attempts[0].problem or "").lower()


def test_a_certificate_that_nobody_vouches_for_is_no_tls(world: World, receiver: Receiver, run) -> None:
    made = hook(world, receiver)
    with world.sessions() as session:
        session.execute(update(Webhook).values(url=receiver.url.replace("http:", "https:")))
    done(world)
    run(deps_of(world, most_tries=1))
    (row,) = ended(world, made, 1)

    assert (row.attempts[0].problem or "").startswith("TLS failed")


def test_an_attempt_that_fails_in_an_unforeseen_way_is_one_more_attempt(
    world: World, receiver: Receiver, run
) -> None:
    class Broken(OutgoingCalls):
        async def post(self, url: str, body: bytes, headers: object) -> int:
            raise RuntimeError("x")

    made = hook(world, receiver)
    done(world)
    run(DelivererDeps(world.sessions, Broken(), Webhooks(), AT_ONCE, 2))
    (row,) = ended(world, made, 1)

    assert [attempt.problem for attempt in row.attempts] == ["unexpected: RuntimeError"] * 2


def test_a_slow_address_holds_up_no_other(world: World, receiver: Receiver, run) -> None:
    with receiving() as slow:
        slow.otherwise = slow.stand_still
        stuck, quick = hook(world, slow), hook(world, receiver)
        for number in range(12):
            done(world, f"{number}.pdf")
        run(deps_of(world, seconds=5))
        ended(world, quick, 12)

        assert len(set(receiver.messages)) == 12
        slow.ending.set()
    remove_webhook(world.sessions, LOCAL, stuck.id)


def test_no_secret_and_no_address_stands_in_the_log(
    world: World, receiver: Receiver, run, caplog: pytest.LogCaptureFixture
) -> None:
    receiver.conducts = [status(500)]
    made = hook(world, receiver)
    done(world)
    with caplog.at_level(logging.DEBUG, "countersign"):
        run(deps_of(world))
        ended(world, made, 1)

    text = " ".join(str(vars(record)) for record in caplog.records)
    assert "a message was not taken" in text
    assert made.secret not in text
    assert "/hook" not in text

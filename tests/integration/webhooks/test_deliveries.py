"""Each end state is delivered, signed, under one id, until it was taken."""

from __future__ import annotations

import base64
import hashlib
import hmac
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import update

from db import webhooks
from db.engine import now
from db.models import WebhookSecret
from producer.services.erase import erase_document
from producer.services.feed import current_token
from producer.services.keys import LOCAL
from producer.services.missing import NotFound
from producer.services.retry import retry_documents
from producer.services.webhook_messages import make_secret, message_headers, signature
from producer.services.webhooks import (
    rotate_secret,
    send_again,
    show_webhook,
)
from tests.checkout import ROOT
from tests.receiver import Receiver, raw, status
from tests.waiting import until
from tests.webhooks import deps_of, done, ended, hook, log_of
from tests.world import World
from worker.errors import EmptyDocument, WrongUse


def test_each_end_state_is_told_and_says_where_to_look(world: World, receiver: Receiver, run) -> None:
    before = done(world, "before.pdf")
    made = hook(world, receiver)
    first = done(world)
    failed = world.through(world.arrive("b.pdf", EmptyDocument("no bytes"))).id
    run(deps_of(world))
    rows = ended(world, made, 2)

    told = {one.content["data"]["document"]: one.content for one in receiver.told}
    assert sorted(told) == sorted([first, failed])
    assert before not in told
    assert (told[first]["type"], told[failed]["type"]) == ("document.done", "document.failed")
    assert told[first]["data"] == {
        "document": first,
        "status": "done",
        "answer": 1,
        "token": told[first]["data"]["token"],
        "link": f"https://scans.example/v1/documents/{first}/result",
    }
    assert {row.message for row in rows} == set(receiver.messages)
    assert told[first]["id"] in receiver.messages
    assert told[failed]["data"]["token"] == current_token(world.sessions)
    assert [attempt.status for row in rows for attempt in row.attempts] == [204, 204]


def test_a_message_is_signed_as_standard_webhooks_has_it(world: World, receiver: Receiver, run) -> None:
    made = hook(world, receiver)
    done(world)
    run(deps_of(world))
    ended(world, made, 1)

    (told,) = receiver.told
    key = base64.b64decode(made.secret.removeprefix("whsec_"))
    signed = f"{told.headers['webhook-id']}.{told.headers['webhook-timestamp']}.".encode() + told.body
    expected = base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()
    assert told.headers["webhook-signature"] == f"v1,{expected}"
    assert told.headers["content-type"] == "application/json"


def test_the_signature_is_that_of_the_specification() -> None:
    """The example of https://www.standardwebhooks.com and its reference libraries."""
    secret, body = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", b'{"test": 2432232314}'

    made = signature(secret, "msg_p5jXN8AQM9LWM0D4loKWxJek", "1614265330", body)

    assert made == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


def test_with_a_new_secret_the_earlier_one_signs_on_for_a_while(
    world: World, receiver: Receiver, run
) -> None:
    made = hook(world, receiver)
    second = rotate_secret(world.sessions, LOCAL, made.id)
    third = rotate_secret(world.sessions, LOCAL, made.id)
    done(world)
    run(deps_of(world))
    ended(world, made, 1)

    (told,) = receiver.told
    signatures = [
        signature(secret, told.message, told.headers["webhook-timestamp"], told.body)
        for secret in (third.secret, second.secret)
    ]
    assert told.headers["webhook-signature"] == " ".join(signatures)
    with world.sessions() as session:
        session.execute(
            update(WebhookSecret)
            .where(WebhookSecret.ends_at.is_not(None))
            .values(ends_at=now(session) - timedelta(seconds=1))
        )
        assert webhooks.secrets_of(session, made.id) == [third.secret]


def test_what_is_not_taken_comes_again_under_its_id(world: World, receiver: Receiver, run) -> None:
    receiver.conducts = [status(500), status(302, Location="http://127.0.0.1/x"), raw(b""), raw(b"nonsense")]
    made = hook(world, receiver)
    done(world)
    run(deps_of(world))
    (row,) = ended(world, made, 1)

    assert receiver.messages == [row.message] * 5
    assert len({one.body for one in receiver.told}) == 1
    assert {one.path for one in receiver.told} == {"/hook"}
    assert [attempt.status for attempt in row.attempts] == [500, 302, None, None, 204]
    assert [bool(attempt.problem) for attempt in row.attempts] == [True] * 4 + [False]
    assert row.delivered_at is not None


def test_an_address_that_never_takes_it_is_given_up_and_can_be_asked_again(
    world: World, receiver: Receiver, run
) -> None:
    receiver.otherwise = status(503)
    made = hook(world, receiver)
    done(world)
    end = run(deps_of(world, most_tries=3))
    (row,) = ended(world, made, 1)
    end()
    assert (row.given_up, len(row.attempts)) == (True, 3)
    assert show_webhook(world.sessions, LOCAL, made.id).waiting == 0

    receiver.otherwise = status(200)
    assert send_again(world.sessions, LOCAL, made.id) == 1
    run(deps_of(world))
    until(lambda: log_of(world, made)[0].delivered_at)

    assert set(receiver.messages) == {row.message}
    assert send_again(world.sessions, LOCAL, made.id) == 0


def test_an_address_that_is_gone_is_asked_nothing_more_until_somebody_starts_it(
    world: World, receiver: Receiver, run
) -> None:
    receiver.conducts = [status(410)]
    made = hook(world, receiver)
    done(world)
    end = run(deps_of(world))
    until(lambda: show_webhook(world.sessions, LOCAL, made.id).stopped_at)
    done(world, "b.pdf")
    other = hook(world, receiver)
    done(world, "c.pdf")
    ended(world, other, 1)
    end()

    stopped = show_webhook(world.sessions, LOCAL, made.id)
    assert (stopped.stopped_why, len(receiver.told)) == ("gone", 2)

    send_again(world.sessions, LOCAL, made.id)
    run(deps_of(world))
    ended(world, made, 3)
    assert show_webhook(world.sessions, LOCAL, made.id).stopped_at is None
    assert len(receiver.told) == 5


def test_reopened_and_erased_documents_are_told_and_an_erased_answer_is_not(
    world: World, receiver: Receiver, run
) -> None:
    made = hook(world, receiver)
    gone = done(world)
    erase_document(world.sessions, world.store, gone, who="ann")
    run(deps_of(world))
    ended(world, made, 1)

    (told,) = receiver.told
    assert told.content["type"] == "document.erased"
    assert told.content["data"]["link"] is None


def test_only_messages_that_are_wanted_come(world: World, receiver: Receiver, run) -> None:
    made = hook(world, receiver, "document.failed")
    done(world)
    failed = world.through(world.arrive("b.pdf", EmptyDocument("no bytes"))).id
    run(deps_of(world))
    ended(world, made, 1)

    assert [one.content["data"]["document"] for one in receiver.told] == [failed]


def test_everything_behind_a_token_is_sent_again_and_what_is_older_than_the_webhook_too(
    world: World, receiver: Receiver, run
) -> None:
    old = done(world, "old.pdf")
    made = hook(world, receiver)
    new = done(world)
    end = run(deps_of(world))
    ended(world, made, 1)
    end()

    assert send_again(world.sessions, LOCAL, made.id, since="start") == 1
    run(deps_of(world))
    rows = ended(world, made, 2)

    documents = [one.content["data"]["document"] for one in receiver.told]
    assert sorted(documents) == sorted([new, old, new])
    assert len({row.message for row in rows}) == 2
    assert send_again(world.sessions, LOCAL, made.id, delivery=rows[0].id) == 1
    until(lambda: len(receiver.told) == 4)


def test_what_cannot_be_sent_again_is_refused(world: World, receiver: Receiver) -> None:
    made = hook(world, receiver)

    for wrong in ({"since": "x"}, {"since": "start", "delivery": 1}):
        with pytest.raises(WrongUse):
            send_again(world.sessions, LOCAL, made.id, **wrong)
    for missing in (
        lambda: send_again(world.sessions, LOCAL, made.id, delivery=7),
        lambda: send_again(world.sessions, LOCAL, 9),
    ):
        with pytest.raises(NotFound):
            missing()


def test_a_document_that_is_read_once_more_is_told_twice(world: World, receiver: Receiver, run) -> None:
    made = hook(world, receiver)
    number = done(world)
    retry_documents(world.sessions, lambda _: None, names=["a.pdf"], again=True)
    world.through(number)
    run(deps_of(world))
    ended(world, made, 3)

    told = {one.content["data"]["token"]: one.content for one in receiver.told}
    assert [told[token]["type"] for token in sorted(told)] == [
        "document.done",
        "document.reopened",
        "document.done",
    ]
    assert [told[token]["data"]["answer"] for token in sorted(told)] == [1, 1, 2]


def test_a_receiver_checks_messages_as_the_page_says(world: World, receiver: Receiver, run) -> None:
    page_text = (ROOT / "docs" / "api.md").read_text(encoding="utf-8")
    code = next(block for block in page_text.split("```python\n")[1:] if "def verify" in block)
    names: dict[str, Any] = {}
    exec(code.partition("```")[0], names)
    made = hook(world, receiver)
    done(world)
    run(deps_of(world))
    ended(world, made, 1)

    (told,) = receiver.told
    assert names["verify"](made.secret, told.headers, told.body)
    assert not names["verify"](make_secret(), told.headers, told.body)
    assert not names["verify"](made.secret, told.headers, told.body + b" ")
    old = dict(
        message_headers(told.message, told.body, [made.secret], moment=datetime(2026, 1, 1, tzinfo=UTC))
    )
    assert not names["verify"](made.secret, old, told.body)

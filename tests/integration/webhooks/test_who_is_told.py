"""Who may have an address told, of what; and which process does which part of it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from sqlalchemy import Engine, select, update
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ProgrammingError

from db import access, deliveries, webhooks
from db.engine import make_engine, make_sessions, now
from db.models import Delivery, DeliveryAttempt, Webhook, WebhookSecret
from db.roles import DELIVERER, ROLES, WEB, grant
from producer.services.deliver import DelivererDeps
from producer.services.erase import erase_document
from producer.services.keys import LOCAL, Caller, Right, make_key, withdraw_key
from producer.services.missing import NotFound
from producer.services.outgoing import OutgoingCalls
from producer.services.webhooks import (
    MESSAGE_TYPES,
    MOST_WEBHOOKS,
    add_webhook,
    list_deliveries,
    list_webhooks,
    remove_webhook,
    rotate_secret,
    send_again,
    show_webhook,
)
from tests.fakes import page
from tests.receiver import Receiver, status
from tests.waiting import until
from tests.webhooks import AT_ONCE, LOOPBACK, deps_of, done, ended, hook, log_of
from tests.world import World
from worker.errors import WrongUse
from worker.settings import Webhooks


def test_two_deliverers_send_each_message_once(world: World, receiver: Receiver, run) -> None:
    made = hook(world, receiver)
    for number in range(10):
        done(world, f"{number}.pdf")
    for _ in range(2):
        run(deps_of(world))
    ended(world, made, 10)

    assert len(receiver.told) == len(set(receiver.messages)) == 10


def test_an_attempt_that_was_taken_over_writes_nothing(world: World, receiver: Receiver) -> None:
    made = hook(world, receiver)
    done(world)
    with world.sessions() as session:
        assert deliveries.webhooks_behind(session) == [made.id]
        assert deliveries.write_deliveries(session, made.id, limit=9) == 1
        assert deliveries.write_deliveries(session, made.id, limit=9) == 0
        (late,) = deliveries.claim_deliveries(session, made.id, limit=9, seconds=-1)
        (newer,) = deliveries.claim_deliveries(session, made.id, limit=9, seconds=60)
        outcome = {"seconds": 0.1, "status": 500, "problem": "no", "again_in": None}
        assert not deliveries.end_attempt(session, late, **outcome)
        assert deliveries.claim_deliveries(session, made.id, limit=9, seconds=60) == []
        assert deliveries.end_attempt(session, newer, **outcome)
        webhooks.stop_webhook(session, made.id, why=webhooks.GONE)
        assert deliveries.write_deliveries(session, made.id, limit=9) == 0


def test_old_deliveries_are_forgotten_with_their_attempts(world: World, receiver: Receiver, run) -> None:
    made = hook(world, receiver)
    done(world)
    end = run(deps_of(world))
    ended(world, made, 1)
    end()
    with world.sessions() as session:
        session.execute(update(Delivery).values(ended_at=now(session) - timedelta(days=31)))

    end = run(deps_of(world))
    until(lambda: log_of(world, made) == [])
    end()
    with world.sessions() as session:
        assert session.execute(select(DeliveryAttempt)).all() == []
    assert len(receiver.told) == 1


def test_wrong_webhooks_are_refused(world: World, receiver: Receiver) -> None:
    with pytest.raises(WrongUse, match="private network"):
        add_webhook(world.sessions, LOCAL, "https://127.0.0.1/")
    with pytest.raises(WrongUse, match=MESSAGE_TYPES[0]):
        hook(world, receiver, "document.lost")
    for _ in range(MOST_WEBHOOKS):
        hook(world, receiver)
    with pytest.raises(WrongUse, match="already"):
        hook(world, receiver)


def test_a_key_sees_its_own_webhooks_and_is_told_of_its_own_documents(world: World) -> None:
    ann = Caller("ann", "key:1", frozenset({Right.SUBMIT}), own_only=True)
    boss = Caller("boss", "key:2", frozenset(Right))
    url = "https://example.org/"
    made = add_webhook(world.sessions, ann, url)
    add_webhook(world.sessions, boss, url)

    assert [row.id for row in list_webhooks(world.sessions, ann)] == [made.id]
    assert len(list_webhooks(world.sessions, boss)) == 2
    assert made.own_only
    with pytest.raises(NotFound):
        show_webhook(world.sessions, Caller("bob", "key:3", frozenset({Right.SUBMIT})), made.id)


def test_a_webhook_for_own_documents_is_told_of_no_others(world: World, receiver: Receiver, run) -> None:
    ann = Caller("ann", "key:1", frozenset({Right.SUBMIT}), own_only=True)
    made = hook(world, receiver, caller=ann)
    mine = world.arrive("mine.pdf", [page(0)])
    with world.sessions() as session:
        access.note_submission(session, submitter=ann.submitter, document_id=mine, digest="d")
    done(world, "other.pdf")
    world.through(mine)
    run(deps_of(world))
    ended(world, made, 1)
    erase_document(world.sessions, world.store, mine, who="ann")
    ended(world, made, 2)

    assert [one.content["data"]["document"] for one in receiver.told] == [mine, mine]


def test_a_key_that_is_withdrawn_takes_its_webhooks_along(world: World) -> None:
    make_key(world.sessions, "ann", [Right.SUBMIT], days=1)
    ann = Caller("ann", "key:1", frozenset({Right.SUBMIT}))
    made = add_webhook(world.sessions, ann, "https://example.org/")

    withdraw_key(world.sessions, "ann")

    assert show_webhook(world.sessions, ann, made.id).stopped_why == "revoked"


def test_a_webhook_that_is_removed_leaves_nothing_and_is_not_called(world: World, receiver: Receiver) -> None:
    made = hook(world, receiver)
    done(world)
    with world.sessions() as session:
        deliveries.write_deliveries(session, made.id, limit=9)
        (claimed,) = deliveries.claim_deliveries(session, made.id, limit=9, seconds=60)
    remove_webhook(world.sessions, LOCAL, made.id)

    with world.sessions() as session:
        assert not deliveries.end_attempt(
            session, claimed, seconds=1, status=200, problem=None, again_in=None
        )
        for model in (Delivery, WebhookSecret, Webhook):
            assert session.execute(select(model)).all() == []


def test_the_deliverer_does_its_work_with_its_own_role(
    postgres: Engine, database_url: str, given_servers, receiver: Receiver, run
) -> None:
    if given_servers.database_url:
        pytest.skip("a given server keeps its roles")
    owner = World(postgres)
    made = hook(owner, receiver, caller=Caller("ann", "key:1", frozenset(Right), own_only=False))
    receiver.conducts = [status(500), status(410)]
    done(owner)
    grant(postgres, {DELIVERER: "canary"})
    url = make_url(database_url).set(username=DELIVERER, password="canary")
    engine = make_engine(url.render_as_string(hide_password=False))

    run(DelivererDeps(make_sessions(engine), OutgoingCalls(LOOPBACK), Webhooks(), AT_ONCE))
    until(lambda: show_webhook(owner.sessions, LOCAL, made.id).stopped_at)
    engine.dispose()

    assert len(receiver.told) == 2


def test_the_console_keeps_webhooks_with_its_role_and_reads_no_secret(
    postgres: Engine, as_role: Callable[[str], Engine]
) -> None:
    done(World(postgres))
    grant(postgres, {})
    sessions = make_sessions(as_role(WEB))
    made = add_webhook(sessions, LOCAL, "https://example.org/")
    rotate_secret(sessions, LOCAL, made.id)
    with World(postgres).sessions() as session:
        session.execute(update(Webhook).values(place=0))
        deliveries.write_deliveries(session, made.id, limit=9)

    assert send_again(sessions, LOCAL, made.id) == 1
    assert send_again(sessions, LOCAL, made.id, since="start") == 1
    assert len(list_deliveries(sessions, LOCAL, made.id).deliveries) == 1
    assert list_webhooks(sessions, LOCAL)[0].waiting == 1
    for role in set(ROLES) - {DELIVERER}:
        with (
            pytest.raises(ProgrammingError, match="permission denied"),
            make_sessions(as_role(role))() as session,
        ):
            webhooks.secrets_of(session, made.id)
    remove_webhook(sessions, LOCAL, made.id)


@pytest.mark.parametrize(
    "table", ["documents", "claims", "pages", "regions", "verdicts", "api_keys", "signers"]
)
def test_the_deliverer_reads_nothing_that_documents_show(
    postgres: Engine, as_role: Callable[[str], Engine], table: str
) -> None:
    grant(postgres, {})

    with pytest.raises(ProgrammingError, match="permission denied"), as_role(DELIVERER).begin() as connection:
        connection.exec_driver_sql(f"SELECT * FROM {table}")

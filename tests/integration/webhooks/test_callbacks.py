"""Callbacks: an address that is told of one document, named when it is submitted."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from sqlalchemy import Engine, select

from db.documents import Object
from db.engine import Sessions, make_sessions
from db.models import Submission
from db.roles import DELIVERER, WEB, grant
from producer.claims import Claims
from producer.services.deliver import DelivererDeps
from producer.services.erase import erase_document
from producer.services.keys import LOCAL, Caller, Right
from producer.services.lifecycle import begin_again
from producer.services.outgoing import OutgoingCalls
from producer.services.receive import OtherRequest, Received, receive
from producer.services.webhooks import add_callbacks, check_callback, list_webhooks, send_again, show_webhook
from tests.fakes import page
from tests.receiver import Receiver, status
from tests.waiting import until
from tests.webhooks import AT_ONCE, LOOPBACK, deps_of, ended, log_of
from tests.world import World
from worker.errors import WrongUse
from worker.settings import Webhooks

ANN = Caller("ann", "key:1", frozenset({Right.SUBMIT}))


@dataclass
class Desk:
    """Where documents of a test come in: files are named by what they are called, and seen by all stages."""

    world: World
    sessions: Sessions
    sent: list[int] = field(default_factory=list)

    def store(self, path: Path, name: str, *, signers: str) -> Object:
        data = path.read_bytes()
        self.world.store.objects[name] = data
        self.world.renderer.documents[data] = [page(0)]
        return Object("intake", name, "v1", len(data))

    def find(self, source: str, *, uploads_only: bool = False) -> Object:
        return Object("intake", source, "v1")

    def said_by(self, source: Object) -> Claims:
        return Claims()

    def send(self, document_id: int) -> None:
        self.sent.append(document_id)

    def submit(self, tmp_path: Path, name: str, callback: str | None, caller: Caller = LOCAL) -> int:
        path = tmp_path / name
        path.write_bytes(b"%PDF-1.7 " + name.encode())
        return receive(Received((), path, name, callback=callback), self, caller).id


@pytest.fixture
def desk(world: World) -> Desk:
    return Desk(world, world.sessions)


def documents_told(receiver: Receiver) -> list[tuple[str, int, str]]:
    """Path, document and type of each message, as they came."""
    return [
        (told.path, told.content["data"]["document"], told.content["type"].partition(".")[2])
        for told in receiver.told
    ]


def test_each_document_is_told_to_its_own_callback_and_no_other(
    world: World, desk: Desk, receiver: Receiver, run, tmp_path: Path
) -> None:
    made = add_callbacks(world.sessions, LOCAL)
    add_callbacks(world.sessions, ANN)
    first = desk.submit(tmp_path, "a.pdf", f"{receiver.url}/a")
    second = desk.submit(tmp_path, "b.pdf", f"{receiver.url}/b")
    silent = desk.submit(tmp_path, "c.pdf", None)
    for number in (first, second, silent):
        world.through(number)
    run(deps_of(world))
    rows = ended(world, made, 2)
    begin_again(desk, first, ANN)
    ended(world, made, 3)
    erase_document(world.sessions, world.store, second, who="ann")
    rows = ended(world, made, 4)

    assert sorted(documents_told(receiver)) == [
        ("/hook/a", first, "done"),
        ("/hook/a", first, "reopened"),
        ("/hook/b", second, "done"),
        ("/hook/b", second, "erased"),
    ]
    assert {row.message for row in rows} == set(receiver.messages)
    assert {row.url for row in rows} == {f"{receiver.url}/a", f"{receiver.url}/b"}


def test_a_document_that_has_its_answer_already_is_told_at_once(
    world: World, desk: Desk, receiver: Receiver, run, tmp_path: Path
) -> None:
    desk.submit(tmp_path, "a.pdf", None)
    world.through(1)
    made = add_callbacks(world.sessions, LOCAL, ["document.done"])

    taken = receive(Received((), source="a.pdf", callback=receiver.url), desk, LOCAL)
    run(deps_of(world))
    ended(world, made, 1)

    assert (taken.id, taken.new) == (1, None)
    assert documents_told(receiver) == [("/hook", 1, "done")]


def test_a_document_at_work_is_told_once_it_ends_and_without_a_webhook_nobody_is(
    world: World, desk: Desk, receiver: Receiver, run, tmp_path: Path
) -> None:
    desk.submit(tmp_path, "a.pdf", None)
    receive(Received((), source="a.pdf", callback=receiver.url), desk, ANN)
    made = add_callbacks(world.sessions, LOCAL)
    receive(Received((), source="a.pdf", callback=receiver.url), desk, LOCAL)
    run(deps_of(world))
    assert log_of(world, made) == []

    world.through(1)
    ended(world, made, 1)

    assert documents_told(receiver) == [("/hook", 1, "done")]


def test_a_callback_that_is_gone_ends_alone_and_the_others_go_on(
    world: World, desk: Desk, receiver: Receiver, run, tmp_path: Path
) -> None:
    made = add_callbacks(world.sessions, LOCAL)
    gone, other = (desk.submit(tmp_path, f"{name}.pdf", f"{receiver.url}/{name}") for name in "ab")
    receiver.conducts = [status(410)]
    world.through(gone)
    run(deps_of(world))
    (row,) = ended(world, made, 1)
    world.through(other)
    begin_again(desk, gone, ANN)
    erase_document(world.sessions, world.store, gone, who="ann")
    ended(world, made, 2)

    assert row.given_up
    assert show_webhook(world.sessions, LOCAL, made.id).stopped_at is None
    assert documents_told(receiver) == [("/hook/a", gone, "done"), ("/hook/b", other, "done")]
    assert send_again(world.sessions, LOCAL, made.id) == 1


def test_callbacks_have_one_secret_and_need_it(world: World, receiver: Receiver) -> None:
    with pytest.raises(WrongUse, match="secret"):
        check_callback(world.sessions, LOCAL, receiver.url, LOOPBACK)
    add_callbacks(world.sessions, LOCAL)

    check_callback(world.sessions, LOCAL, receiver.url, LOOPBACK)
    with pytest.raises(WrongUse, match="private network"):
        check_callback(world.sessions, LOCAL, "https://169.254.169.254/latest", ())
    with pytest.raises(WrongUse, match="already"):
        add_callbacks(world.sessions, LOCAL)
    with pytest.raises(WrongUse, match=r"document\.done"):
        add_callbacks(world.sessions, ANN, ["document.lost"])
    assert list_webhooks(world.sessions, LOCAL)[0].url is None


def test_another_callback_is_another_request(
    world: World, desk: Desk, receiver: Receiver, tmp_path: Path
) -> None:
    path = tmp_path / "a.pdf"
    path.write_bytes(b"%PDF-1.7")
    given = Received((), path, "a.pdf", callback=receiver.url)
    receive(given, desk, LOCAL, idempotency_key="k")

    with pytest.raises(OtherRequest):
        receive(Received((), path, "a.pdf"), desk, LOCAL, idempotency_key="k")


def test_console_and_deliverer_tell_callbacks_with_their_roles(
    postgres: Engine, as_role: Callable[[str], Engine], receiver: Receiver, run, tmp_path: Path
) -> None:
    world = World(postgres)
    grant(postgres, {})
    web = make_sessions(as_role(WEB))
    made = add_callbacks(web, LOCAL)
    early = Desk(world, world.sessions).submit(tmp_path, "a.pdf", None)
    world.through(early)
    desk = Desk(world, web)
    receive(Received((), source="a.pdf", callback=f"{receiver.url}/a"), desk, LOCAL)
    late = desk.submit(tmp_path, "b.pdf", f"{receiver.url}/b")
    receiver.conducts = [status(410)]

    calls = OutgoingCalls(LOOPBACK)
    run(DelivererDeps(make_sessions(as_role(DELIVERER)), calls, Webhooks(), AT_ONCE))
    until(lambda: receiver.told)
    world.through(late)
    ended(world, made, 2)

    assert documents_told(receiver) == [("/hook/a", early, "done"), ("/hook/b", late, "done")]
    with world.sessions() as session:
        callbacks = session.execute(select(Submission.callback).order_by(Submission.id)).scalars().all()
    assert callbacks == [None, None, f"{receiver.url}/b"]

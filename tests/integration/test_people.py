"""People on file under several names, or under numbers: whom a command meets, and what an erasure leaves."""

from __future__ import annotations

import io

import pytest

from db import people
from db.states import Status
from producer.services.amend_claims import Amendment, ClaimAction, amend_claims
from producer.services.erase import choose, erase_signer
from producer.services.feed import START
from producer.services.missing import NotFound
from producer.services.signers import merge_signers, remove_references, signer_history, touched_documents
from producer.services.table_rows import Format
from producer.services.tables import TableName, export_table_changes
from tests.erasures import everything
from tests.signers_on_file import WHO, answered, enroll
from tests.world import World
from worker.enrolling import Enroller
from worker.errors import StorageUnavailable, UnreadableDocument
from worker.pipeline import QueueMessage
from worker.storage.port import Store


class FailingStore:
    """The world's store, which fails once it has erased something."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._erased = False

    def __getattr__(self, name: str) -> object:
        return getattr(self._store, name)

    def erase(self, prefix: str) -> int:
        if self._erased:
            raise StorageUnavailable("erase", "down")
        self._erased = True
        return self._store.erase(prefix)


def merged(world: World, enroller: Enroller) -> None:
    """Anna Kovacs, who has another name; both have references of their own."""
    enroll(world, enroller, "A. Kovacs", 1)
    enroll(world, enroller, "Anna Kovacs", 2)
    merge_signers(world.sessions, "A. Kovacs", "Anna Kovacs", enroller.judge, who=WHO)


def test_an_erasure_takes_a_number_for_a_name(world: World, enroller: Enroller) -> None:
    enroll(world, enroller, "Ann", 1)
    number = str(signer_history(world.sessions, "Ann").id)
    answered(world, "a.pdf", number)

    assert choose(world.sessions, signer=number).names == (number,)
    assert erase_signer(world.sessions, world.store, number, who=WHO)
    assert not erase_signer(world.sessions, world.store, number, who=WHO)

    assert len(signer_history(world.sessions, "Ann").references) == 1


def test_a_number_that_is_claimed_as_a_name_is_nobodys_id(world: World, enroller: Enroller) -> None:
    enroll(world, enroller, "Ann", 1)
    enroll(world, enroller, "Bob", 2)
    number = str(signer_history(world.sessions, "Ann").id)
    answered(world, "a.pdf", number)

    with pytest.raises(NotFound, match=f"no signer '{number}'"):
        remove_references(world.sessions, number, ["1"], enroller.judge, who=WHO)
    person = merge_signers(world.sessions, number, "Bob", enroller.judge, who=WHO)

    assert person.names == ("Bob", number)
    assert len(signer_history(world.sessions, "Ann").references) == 1


def test_an_erasure_by_another_name_is_finished_by_the_same_call(world: World, enroller: Enroller) -> None:
    merged(world, enroller)
    answered(world, "a.pdf", "A. Kovacs")
    with pytest.raises(StorageUnavailable):
        erase_signer(world.sessions, FailingStore(world.store), "A. Kovacs", who=WHO)

    assert erase_signer(world.sessions, world.store, "A. Kovacs", who=WHO)

    assert not any(name in everything(world) for name in ("A. Kovacs", "Anna Kovacs"))
    assert [key for key in world.store.objects if key.startswith("signers/")] == []
    with world.sessions() as session:
        assert people.person_named(session, "Anna Kovacs") is None


def test_an_answer_that_compared_nothing_hides_no_change_of_references(
    world: World, enroller: Enroller
) -> None:
    enroll(world, enroller, "Ann", 1)
    enroll(world, enroller, "Bob", 2)
    document_id = answered(world, "a.pdf", "Ann", "Bob")
    enroll(world, enroller, "Ann", 3)

    erase_signer(world.sessions, world.store, "Bob", who=WHO)

    assert world.document(document_id).answer == 2
    assert touched_documents(world.sessions, ["Ann"]).documents == (document_id,)


def test_a_changed_claim_of_a_document_that_failed_is_in_the_feed(world: World) -> None:
    document_id = world.arrive("bad.pdf", UnreadableDocument("x"), claims=("Ann",))
    world.through(document_id)
    before = export_table_changes(world.sessions, TableName.CLAIMS, Format.JSONL, START, io.BytesIO())
    correct = Amendment(action=ClaimAction.CORRECT, signer="Ann", to="Bob", who=WHO, why="a typo")

    amended = amend_claims(world.sessions, fail_to_send, "bad.pdf", correct)

    out = io.BytesIO()
    after = export_table_changes(world.sessions, TableName.CLAIMS, Format.JSONL, before.token, out)
    assert (amended.again, after.changes) == (False, 1)
    assert b"Bob" in out.getvalue()
    assert world.document(document_id).status is Status.FAILED
    assert world.document(document_id).answer == 2


def fail_to_send(message: QueueMessage) -> None:
    """Nothing is to be sent."""
    pytest.fail(f"{message} was sent")

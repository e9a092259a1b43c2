"""A document that is held is seen as it is, not as it was when this session first read it."""

from __future__ import annotations

from sqlalchemy import Engine, update

from db import documents
from db.models import Document
from db.states import Status
from tests.fakes import page
from tests.world import World


def test_a_row_that_changed_since_it_was_read_is_read_again_under_the_lock(postgres: Engine) -> None:
    world = World(postgres)
    document_id = world.arrive("a.pdf", [page(0)])

    with world.sessions() as session:
        before = documents.get(session, document_id).status
        with world.sessions() as other:
            other.execute(update(Document).values(status=Status.WORKING))
        locked = documents.lock(session, document_id)

    assert (before, locked and locked.status) == (Status.WAITING, Status.WORKING)


def test_nothing_is_held_of_a_document_that_was_erased(postgres: Engine) -> None:
    world = World(postgres)

    with world.sessions() as session:
        assert documents.lock(session, 7) is None

"""What is erased is gone from rows and storage, stays out, and leaves a line that names nobody."""

from __future__ import annotations

import threading

import pytest
from sqlalchemy import text, update
from sqlalchemy.exc import DBAPIError

from db import documents, intake, leases
from db.base import Base
from db.documents import Object
from db.engine import make_sessions
from db.erase import digest
from db.models import Document
from db.states import DocumentStage, Status
from producer.services.erase import StillAtWork, erase_document
from tests.erasures import erased_document, everything, lines, signed
from tests.waiting import until
from tests.world import World
from worker.errors import StorageUnavailable
from worker.steps.detect import detect_chunk
from worker.steps.finish import finish_document
from worker.steps.render import render_document
from worker.storage.keys import document_folder


def test_nothing_of_an_erased_document_is_left_but_its_neighbour_is_untouched(world: World):
    first, second = (
        signed(world, "ann-secret.pdf", claims=("Ann",)),
        signed(world, "bob.pdf", claims=("Bob",)),
    )
    world.through(first)
    world.through(second)
    world.store.objects[f"{document_folder(first)}pages/left-by-a-lost-attempt.png"] = b"x"
    before = everything(world)

    assert erased_document(world, first)

    assert "ann-secret.pdf" in before
    assert not {"ann-secret.pdf", "Ann"} & set(everything(world).replace("'", " ").split())
    stored = [key for key in world.store.objects if key.startswith("documents/")]
    assert stored
    assert all(key.startswith(document_folder(second)) for key in stored)
    assert world.document(second).status is Status.DONE


def test_the_line_says_who_and_when_and_a_digest_and_no_name(world: World):
    document_id = signed(world, "ann-secret.pdf")
    world.through(document_id)

    erased_document(world, document_id)

    (line,) = lines(world)
    assert (line.who, line.kind, line.subject) == ("ann@desk", "document", document_id)
    assert line.digest == digest("intake", "ann-secret.pdf", "v1")
    assert line.objects > 3
    assert "secret" not in str(vars(line))


def test_to_erase_again_changes_nothing(world: World):
    document_id = signed(world, "a.pdf")
    world.through(document_id)

    assert erased_document(world, document_id)
    assert not erased_document(world, document_id)

    assert len(lines(world)) == 1


def test_messages_about_an_erased_document_find_nothing_to_do(world: World):
    document_id = signed(world, "a.pdf")
    render_document(document_id, world.render_deps)
    (chunk_id, *_) = world.open_chunks(document_id)
    erased_document(world, document_id)

    assert not render_document(document_id, world.render_deps)
    assert not detect_chunk(chunk_id, world.detect_deps)
    assert not finish_document(document_id, world.deps)


def test_an_erased_document_is_not_taken_in_again_but_a_new_version_is(world: World):
    document_id = signed(world, "a.pdf")
    world.through(document_id)
    erased_document(world, document_id)
    same, newer = Object("intake", "a.pdf", "v1", 3), Object("intake", "a.pdf", "v2", 3)

    with world.sessions() as session:
        assert intake.unknown(session, [same, newer]) == [newer]


def test_when_storage_fails_nothing_is_half_erased_for_good(world: World):
    document_id = signed(world, "a.pdf")
    world.through(document_id)
    world.store.fail = [StorageUnavailable("documents/1/", "down")]

    with pytest.raises(StorageUnavailable):
        erased_document(world, document_id)

    assert world.document(document_id).status is Status.DONE
    assert lines(world) == []
    assert erased_document(world, document_id)


def test_what_a_worker_holds_is_not_erased_under_its_hands(world: World):
    document_id = signed(world, "a.pdf")
    with world.sessions() as session:
        leases.claim(session, DocumentStage.RENDER, document_id, seconds=60)

    with pytest.raises(StillAtWork, match="document 1"):
        erased_document(world, document_id)


def test_no_worker_begins_on_a_document_while_it_is_erased(postgres):
    """The store calls back in the middle of an erasure; a claim then waits for its end and finds nothing."""
    world = World(postgres)
    document_id = signed(world, "a.pdf")
    claimed: list[object] = []

    def claim() -> None:
        with world.sessions() as session:
            claimed.append(leases.claim(session, DocumentStage.RENDER, document_id, seconds=60))

    def blocked() -> bool:
        with postgres.connect() as connection:
            waiting = "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'"
            return bool(connection.scalar(text(waiting + " AND datname = current_database()")))

    class Slow:
        def erase(self, folder: str) -> int:
            rival.start()
            until(blocked)
            return 0

    rival = threading.Thread(target=claim, daemon=True)
    erase_document(world.sessions, Slow(), document_id, who="test")
    rival.join(timeout=20)

    assert claimed == [None]


def test_documents_that_shared_an_erased_answer_are_read_again(world: World):
    first, second = signed(world, "a.pdf", data=b"same"), signed(world, "b.pdf", data=b"same")
    third = signed(world, "c.pdf", data=b"same")
    world.through(first)
    world.through(second)
    assert world.document(second).original_id == first

    erased_document(world, first)
    again = world.through(second)
    world.through(third)

    assert (again.status, again.original_id) == (Status.DONE, None)
    assert world.document(third).original_id == second


def test_one_that_still_waits_for_an_erased_answer_starts_alone(world: World):
    first, second = signed(world, "a.pdf", data=b"same"), signed(world, "b.pdf", data=b"same")
    with world.sessions() as session:
        session.execute(
            update(Document).where(Document.id == first).values(status=Status.WORKING, sha256="s")
        )
        documents.link(session, second, documents.get(session, first))
        stage = documents.get(session, second).stage

    erased_document(world, first)

    assert stage is DocumentStage.LINKED
    assert world.document(second).stage is DocumentStage.RENDER


def test_every_table_that_holds_personal_data_is_known_to_the_erasure():
    """A new table must be thought of here, and in `db/erase.py`."""
    assert set(Base.metadata.tables) == {
        *("documents", "claims", "chunks", "pages", "regions", "verdicts", "suggestions", "events"),
        *("signers", "references", "versions", "erasures", "scopes", "duplicates", "reference_copies"),
        # Answers and reviews go with their documents; events of a signer lose the name.
        *(
            "answers",
            "answered_claims",
            "answered_marks",
            "discarded_results",
            "changes",
            "changes_head",
            "signer_events",
        ),
        *("reviews", "decisions", "submissions", "api_keys", "web_sessions"),
        # Keys of the reviewer's own choice name the reviewer; the scans are places in the feed.
        *("key_maps", "review_scan", "trace_scan"),
        # Messages say numbers of documents alone; heartbeats are of workers.
        *("webhooks", "webhook_secrets", "deliveries", "delivery_attempts", "heartbeats"),
    }


def test_a_failing_statement_does_not_name_its_values(postgres):
    with pytest.raises(DBAPIError, match="hidden") as caught, make_sessions(postgres)() as session:
        session.execute(text("SELECT :name, 1 / 0"), {"name": "ann-secret"})

    assert "ann-secret" not in str(caught.value)

"""A folder as intake: what is put there is registered once, with its claims, and read by workers."""

from __future__ import annotations

import os

import pytest

from db.claims import claimed_signers
from db.engine import make_engine, make_sessions
from db.migrate import upgrade
from producer.services.audit import audit_source
from producer.services.deps import IntakeDeps
from producer.sources.folder import FolderSource
from tests.acceptance.commands import countersign
from tests.intake import OFTEN, Queue, registered, watching
from tests.waiting import until
from worker.settings import Intake, Storage
from worker.storage.stores import open_store


@pytest.fixture
def sessions(tmp_path):
    engine = make_engine(f"sqlite:///{tmp_path / 'countersign.db'}")
    upgrade(engine)
    yield make_sessions(engine)
    engine.dispose()


@pytest.fixture
def folder(tmp_path):
    made = tmp_path / "intake"
    made.mkdir()
    return made


def put(folder, name, data=b"%PDF-1.4", signer=None):
    if signer is not None:
        (folder / f"{name}.json").write_text(f'{{"signer": "{signer}"}}')
    (folder / name).write_bytes(data)


def test_what_is_put_into_a_watched_folder_is_registered_with_its_claims(sessions, folder, tmp_path):
    queue = Queue()
    settings = Intake(list_seconds=OFTEN)
    deps = IntakeDeps(sessions, FolderSource(folder), queue.send, queue.depth, settings)
    put(folder, "a.pdf", b"first", signer="Ann")

    with watching(deps) as watcher:
        until(lambda: len(queue.sent) == 1)
        put(folder, "b.pdf", b"second")
        until(lambda: len(queue.sent) == 2)
        counts = watcher.end()

    first, second = registered(sessions)
    store = open_store(Storage(results_bucket=f"file://{tmp_path}/out", intake_folder=folder))
    assert counts.new == 2
    assert [
        store.fetch(document.bucket, document.key, document.version, max_bytes=100)
        for document in (first, second)
    ] == [b"first", b"second"]
    with sessions() as session:
        assert claimed_signers(session, first.id) == ["Ann"]


def test_a_document_whose_name_no_row_holds_is_not_accounted_for(sessions, folder):
    put(folder, "\ue000.pdf")
    put(folder, os.fsdecode(b"bad\xff.jpg"))
    put(folder, os.fsdecode(b"bad\xff.jpg.json"), b"{}")
    loose = []

    statement = audit_source(sessions, FolderSource(folder), on_loose=loose.append)

    assert (statement.complete, statement.there_counts["unknown"]) == (False, 2)
    assert sorted(entry.key.removeprefix(f"{folder}/") for entry in loose) == ["bad\udcff.jpg", "\ue000.pdf"]


def test_a_file_that_changed_is_another_document(sessions, folder):
    queue = Queue()
    deps = IntakeDeps(sessions, FolderSource(folder), queue.send, queue.depth, Intake(list_seconds=OFTEN))
    put(folder, "a.pdf", b"old")

    with watching(deps) as watcher:
        until(lambda: len(queue.sent) == 1)
        put(folder, "a.pdf", b"newer")
        until(lambda: len(queue.sent) == 2)

        assert watcher.end().new == 2
    assert len({document.version for document in registered(sessions)}) == 2


def test_the_commands_take_a_folder_in_once_and_account_for_it(sessions, folder, tmp_path, redis_url):
    env = {
        "COUNTERSIGN_DATABASE_URL": f"sqlite:///{tmp_path / 'countersign.db'}",
        "COUNTERSIGN_BROKER_URL": redis_url,
        "COUNTERSIGN_INTAKE_FOLDER": str(folder),
    }
    put(folder, "a.pdf", signer="Ann")
    before = countersign("audit", f"file://{folder}", "--json", env=env)
    first = countersign("submit", f"file://{folder}", env=env)
    again = countersign("submit", f"file://{folder}", env=env)
    elsewhere = countersign("submit", f"file://{tmp_path}", env=env)
    results_inside = countersign(
        "watch", f"file://{folder}", env={**env, "COUNTERSIGN_RESULTS_BUCKET": f"file://{folder}/out"}
    )

    assert (before.status, before.objects[0]["unknown"]) == (1, 1)
    assert "1 new documents sent, 0 known already" in first.err
    assert "0 new documents sent, 1 known already" in again.err
    assert elsewhere.status == 2
    assert "COUNTERSIGN_INTAKE_FOLDER" in elsewhere.err
    assert results_inside.status == 2
    assert "is the bucket for results" in results_inside.err

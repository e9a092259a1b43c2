"""What is erased is gone from rows and storage, stays out, and leaves a line that names nobody."""

from __future__ import annotations

import json
import threading
from datetime import timedelta

import cv2
import numpy as np
import pytest
from sqlalchemy import inspect, select, text, update
from sqlalchemy.exc import DBAPIError

from db import documents, events, intake, leases, signers
from db.base import DocumentStage, Status
from db.documents import Object
from db.engine import make_sessions, now
from db.erase import digest
from db.models import Base, Document, Erasure
from producer.commands.operations import only
from tests.acceptance.commands import countersign
from tests.fakes import MeanEncoder, page
from tests.handwriting import signature
from tests.waiting import until
from tests.world import World
from worker.errors import StorageUnavailable, WrongUse
from worker.settings import Storage
from worker.steps.detect import detect_chunk
from worker.steps.erase import Eraser, StillAtWork
from worker.steps.finish import finish_document
from worker.steps.keys import document_folder
from worker.steps.render import render_document
from worker.storage.stores import S3, Folder, s3_client
from worker.vision.verification.encoder import DIMENSION


def eraser(world: World) -> Eraser:
    return Eraser(world.sessions, world.store, "ann@desk")


def everything(world: World) -> str:
    """All rows of all tables but the erasures, as text."""
    with world.engine.connect() as connection:
        tables = [table for table in inspect(world.engine).get_table_names() if table != "erasures"]
        return "\n".join(str(connection.execute(text(f'SELECT * FROM "{one}"')).all()) for one in tables)


def lines(world: World) -> list[Erasure]:
    with world.sessions() as session:
        return list(session.execute(select(Erasure).order_by(Erasure.id)).scalars())


def signed(world: World, key: str, **more) -> int:
    return world.arrive(key, [page(0, marks=2), page(1, marks=1)], **more)


def test_nothing_of_an_erased_document_is_left_but_its_neighbour_is_untouched(world: World):
    first, second = (
        signed(world, "ann-secret.pdf", claims=("Ann",)),
        signed(world, "bob.pdf", claims=("Bob",)),
    )
    world.through(first)
    world.through(second)
    world.store.objects[f"{document_folder(first)}pages/left-by-a-lost-attempt.png"] = b"x"
    before = everything(world)

    assert eraser(world).document(first)

    assert "ann-secret.pdf" in before
    assert not {"ann-secret.pdf", "Ann"} & set(everything(world).replace("'", " ").split())
    stored = [key for key in world.store.objects if key.startswith("documents/")]
    assert stored
    assert all(key.startswith(document_folder(second)) for key in stored)
    assert world.document(second).status is Status.DONE


def test_the_line_says_who_and_when_and_a_digest_and_no_name(world: World):
    one = signed(world, "ann-secret.pdf")
    world.through(one)

    eraser(world).document(one)

    (line,) = lines(world)
    assert (line.who, line.kind, line.subject) == ("ann@desk", "document", one)
    assert line.digest == digest("intake", "ann-secret.pdf", "v1")
    assert line.objects > 3
    assert "secret" not in str(vars(line))


def test_to_erase_again_changes_nothing(world: World):
    one = signed(world, "a.pdf")
    world.through(one)

    assert eraser(world).document(one)
    assert not eraser(world).document(one)

    assert len(lines(world)) == 1


def test_messages_about_an_erased_document_find_nothing_to_do(world: World):
    one = signed(world, "a.pdf")
    render_document(one, world.render_deps)
    (chunk_id, *_) = world.open_chunks(one)
    eraser(world).document(one)

    assert not render_document(one, world.render_deps)
    assert not detect_chunk(chunk_id, world.detect_deps)
    assert not finish_document(one, world.deps)


def test_an_erased_document_is_not_taken_in_again_but_a_new_version_is(world: World):
    one = signed(world, "a.pdf")
    world.through(one)
    eraser(world).document(one)
    same, newer = Object("intake", "a.pdf", "v1", 3), Object("intake", "a.pdf", "v2", 3)

    with world.sessions() as session:
        assert intake.unknown(session, [same, newer]) == [newer]


def test_when_storage_fails_nothing_is_half_erased_for_good(world: World):
    one = signed(world, "a.pdf")
    world.through(one)
    world.store.fail = [StorageUnavailable("documents/1/", "down")]

    with pytest.raises(StorageUnavailable):
        eraser(world).document(one)

    assert world.document(one).status is Status.DONE
    assert lines(world) == []
    assert eraser(world).document(one)


def test_what_a_worker_holds_is_not_erased_under_its_hands(world: World):
    one = signed(world, "a.pdf")
    with world.sessions() as session:
        leases.claim(session, Document, one, DocumentStage.RENDER, seconds=60)

    with pytest.raises(StillAtWork, match="document 1"):
        eraser(world).document(one)


def test_no_worker_begins_on_a_document_while_it_is_erased(postgres):
    """The store calls back in the middle of an erasure; a claim then waits for its end and finds nothing."""
    world = World(postgres)
    one = signed(world, "a.pdf")
    claimed: list[object] = []

    def claim() -> None:
        with world.sessions() as session:
            claimed.append(leases.claim(session, Document, one, DocumentStage.RENDER, seconds=60))

    def blocked() -> bool:
        with postgres.connect() as connection:
            waiting = "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'"
            return bool(connection.scalar(text(waiting + " AND datname = current_database()")))

    class Slow:
        def erase(self, prefix: str) -> int:
            rival.start()
            until(blocked)
            return 0

    rival = threading.Thread(target=claim, daemon=True)
    Eraser(world.sessions, Slow(), "test").document(one)
    rival.join(timeout=20)

    assert claimed == [None]


def test_documents_that_shared_an_erased_answer_are_read_again(world: World):
    first, second = signed(world, "a.pdf", data=b"same"), signed(world, "b.pdf", data=b"same")
    third = signed(world, "c.pdf", data=b"same")
    world.through(first)
    world.through(second)
    assert world.document(second).original_id == first

    eraser(world).document(first)
    again = world.through(second)
    world.through(third)

    assert (again.status, again.original_id) == (Status.DONE, None)
    assert world.document(third).original_id == second


def test_one_that_still_waits_for_an_erased_answer_starts_alone(world: World):
    first, second = signed(world, "a.pdf", data=b"same"), signed(world, "b.pdf", data=b"same")
    with world.sessions() as session:
        documents.begin(session, first, sha256="s")
        documents.link(session, second, documents.get(session, first))
        stage = documents.get(session, second).stage

    eraser(world).document(first)

    assert stage is DocumentStage.LINKED
    assert world.document(second).stage is DocumentStage.RENDER


class WideEncoder(MeanEncoder):
    """As many numbers as the matcher expects."""

    def encode(self, crops):
        rows = [cv2.resize(crop, (16, 16), interpolation=cv2.INTER_AREA).ravel() for crop in crops]
        small = np.array(rows, dtype=np.float32).reshape(len(rows), 256)
        return np.pad(small, ((0, 0), (0, DIMENSION - small.shape[1])))


@pytest.fixture
def enrolled(world: World) -> World:
    """Ann and Bob on file; a document that claims both, and one that claims nobody."""
    world.encoder = WideEncoder()
    from worker.steps.references import enroll  # noqa: PLC0415

    for name in ("Ann", "Bob"):
        image = cv2.imencode(".png", signature(len(name) + ord(name[0])))[1].tobytes()
        world.renderer.documents[image] = [page(0, marks=1)]
        enroll(name, name, image, deps=world.verify_deps, renderer=world.renderer)
    world.through(signed(world, "a.pdf", claims=("Ann", "Bob")))
    world.through(signed(world, "b.pdf"))
    return world


def test_nothing_names_an_erased_signer_any_more(enrolled: World):
    assert "Ann" in everything(enrolled)

    assert eraser(enrolled).signer("Ann")

    assert "Ann" not in everything(enrolled)
    results = {key: json.loads(data) for key, data in enrolled.store.objects.items() if key.endswith(".json")}
    assert len(results) == 2
    assert "Ann" not in str(results)
    assert [claim["signer"] for claim in results["documents/1/result.json"]["claims"]] == ["Bob"]
    assert len([key for key in enrolled.store.objects if key.startswith("signers/")]) == 2
    with enrolled.sessions() as session:
        assert [name for name, _ in signers.enrolled(session)] == ["Bob"]
    (line,) = lines(enrolled)
    assert (line.kind, line.digest, line.objects) == ("signer", digest("Ann"), 2)


def test_a_signer_who_is_claimed_but_not_enrolled_can_be_erased(world: World):
    world.through(signed(world, "a.pdf", claims=("Ann",)))

    assert eraser(world).signer("Ann")
    assert not eraser(world).signer("Ann")

    assert "Ann" not in everything(world)


def finished_days_ago(world: World, document_id: int, days: float) -> None:
    with world.sessions() as session:
        moment = now(session) - timedelta(days=days)
        session.execute(update(Document).where(Document.id == document_id).values(finished_at=moment))


def test_retention_is_counted_by_status_from_the_end_of_the_work(world: World):
    old, young = signed(world, "old.pdf"), signed(world, "young.pdf")
    for one, days in ((old, 31), (young, 29)):
        world.through(one)
        finished_days_ago(world, one, days)
    waiting = signed(world, "waiting.pdf")

    due = list(eraser(world).expired({Status.DONE: 30}))

    assert due == [old]
    assert list(eraser(world).expired({Status.FAILED: 1})) == []
    assert list(eraser(world).expired({})) == []
    assert waiting not in due


def test_an_answer_that_younger_documents_share_is_retained_as_long_as_theirs(world: World):
    first, second = signed(world, "a.pdf", data=b"same"), signed(world, "b.pdf", data=b"same")
    world.through(first)
    world.through(second)
    finished_days_ago(world, first, 40)
    early = list(eraser(world).expired({Status.DONE: 30}))
    finished_days_ago(world, second, 40)

    assert early == []
    assert list(eraser(world).expired({Status.DONE: 30})) == [second, first]


@pytest.mark.parametrize("versions", [False, True], ids=["etags", "versions"])
def test_a_real_store_forgets_every_version_below_the_prefix_and_nothing_beside_it(s3, versions):
    if versions:
        s3.client.put_bucket_versioning(Bucket=s3.name, VersioningConfiguration={"Status": "Enabled"})
    store = S3(s3.client, s3.name)
    for key in ("documents/1/a", "documents/1/b", "documents/1/b", "documents/12/a"):
        store.put(key, b"x")

    assert (store.erase("documents/1/"), store.erase("documents/1/")) == (2, 0)

    found = s3.client.list_object_versions(Bucket=s3.name)
    assert [one["Key"] for one in found.get("Versions", [])] == ["documents/12/a"]
    assert "DeleteMarkers" not in found


def test_a_folder_forgets_the_folder_of_the_prefix(tmp_path):
    store = Folder(tmp_path)
    for key in ("documents/1/pages/a", "documents/1/b", "documents/12/a"):
        store.put(key, b"x")

    assert (store.erase("documents/1/"), store.erase("documents/1/")) == (2, 0)

    assert store.get("documents/12/a") == b"x"


@pytest.mark.parametrize("wanted", ["AES256", "aws:kms"])
def test_encryption_at_rest_is_asked_for_with_every_write(s3, wanted):
    settings = Storage(
        s3_endpoint=s3.endpoint, s3_access_key=s3.access_key, s3_secret_key=s3.secret_key, s3_sse=wanted
    )
    client = s3_client(settings)

    S3(client, s3.name).put("documents/1/a", b"x")
    client.put_object(Bucket=s3.name, Key="another", Body=b"x")

    for key in ("documents/1/a", "another"):
        assert s3.client.head_object(Bucket=s3.name, Key=key)["ServerSideEncryption"] == wanted


@pytest.fixture
def queued(postgres, s3, database_url, redis_url):
    """A world whose results lie in a real bucket, and the environment in which commands find both."""
    world = World(postgres)
    results = S3(s3.client, s3.name)
    for one in ("a.pdf", "b.pdf", "c.pdf"):
        world.through(signed(world, one, claims=("Ann",)))
    for key, data in world.store.objects.items():
        results.put(key, data)
    env = {
        "COUNTERSIGN_DATABASE_URL": database_url,
        "COUNTERSIGN_BROKER_URL": redis_url,
        "COUNTERSIGN_S3_ENDPOINT": s3.endpoint,
        "COUNTERSIGN_S3_ACCESS_KEY": s3.access_key,
        "COUNTERSIGN_S3_SECRET_KEY": s3.secret_key,
        "COUNTERSIGN_RESULTS_BUCKET": s3.name,
        "COUNTERSIGN_RETAIN_DAYS": '{"done": 30}',
    }
    return world, env


def test_the_commands_erase_what_they_are_told_and_ask_first(queued, s3):
    world, env = queued
    refused = countersign("erase", "--document", "a.pdf", env=env)
    agreed = countersign("erase", "--document", "a.pdf", "--yes", env=env)
    again = countersign("erase", "--document", "a.pdf", "--yes", env=env)
    finished_days_ago(world, 2, 31)
    rehearsed = countersign("retain", "--dry-run", env=env)
    retained = countersign("retain", env=env)
    signer = countersign("erase", "--signer", "Ann", "--documents-too", "--yes", env=env)

    assert (refused.status, agreed.status, again.status) == (1, 0, 0)
    assert "erase 1 documents [1] for good?" in refused.err
    assert "1 documents erased" in agreed.err
    assert "0 documents erased" in again.err
    assert "1 documents would be erased" in rehearsed.err
    assert "1 documents erased" in retained.err
    assert "1 documents erased" in signer.err
    assert [(line.kind, line.who == "retention") for line in lines(world)] == [
        ("document", False),
        ("document", True),
        ("document", False),
    ]
    left = s3.client.list_objects_v2(Bucket=s3.name, Prefix="documents/").get("Contents", [])
    assert left == []


def test_what_cannot_be_undone_meets_one_document_or_none(world: World):
    signed(world, "in/2")
    signed(world, "a/same.pdf")
    signed(world, "b/same.pdf")

    with world.sessions() as session:
        assert only(session, "2") == [2]
        assert only(session, "99") == []
        assert only(session, "a/same.pdf") == [2]
        with pytest.raises(WrongUse, match=r"3, 2: give an id"):
            only(session, "same.pdf")


def test_a_document_is_found_by_its_task_and_retried_by_time(world: World):
    one = signed(world, "a.pdf")
    task = "1b4e28ba-2fa1-11d2-883f-0016d3cca427"
    with world.sessions() as session:
        events.record(session, one, "render", "failed", task=task)
        documents.quarantine(session, one, reason="x", detail="y")
        moment = now(session)

        assert [found.id for found in documents.find(session, task)] == [one]
        assert documents.find(session, task.replace("1", "2")) == []
        assert documents.failed(session, since=moment - timedelta(minutes=1)) == [one]
        assert documents.failed(session, since=moment + timedelta(minutes=1)) == []


def test_every_table_that_holds_personal_data_is_known_to_the_erasure():
    """A new table must be thought of here, and in `db/erase.py`."""
    assert set(Base.metadata.tables) == {
        *("documents", "claims", "chunks", "pages", "regions", "verdicts", "suggestions", "events"),
        *("signers", "references", "versions", "erasures", "scopes", "duplicates", "reference_copies"),
    }


def test_a_failing_statement_does_not_name_its_values(postgres):
    with pytest.raises(DBAPIError, match="hidden") as caught, make_sessions(postgres)() as session:
        session.execute(text("SELECT :name, 1 / 0"), {"name": "ann-secret"})

    assert "ann-secret" not in str(caught.value)

"""What is stored by attempts that an erasure overtook is erased as well, and nothing else is."""

from __future__ import annotations

import json
from datetime import datetime, timedelta

import pytest
from sqlalchemy import update

from db import answers, erase
from db.engine import now
from db.models import Erasure
from producer.services import late_writes
from producer.services.late_writes import erase_late_writes
from producer.services.retain import erase_expired
from tests.erasures import erased_document, erased_signer, signed
from tests.fakes import MemoryStore
from tests.integration.test_erase_races import InterruptedStore, enrolled
from tests.world import World
from worker.errors import ObjectMissing, StorageUnavailable
from worker.storage.folder import Folder
from worker.storage.s3 import S3


def naming(world: World, name: str) -> list[str]:
    """Keys of the objects that say the name."""
    return [key for key, data in world.store.objects.items() if name.encode() in data]


def stray(world: World, document_id: int, name: str, *, at: datetime | None = None, number: int = 9) -> str:
    """Store a result as an attempt does that never commits; its key."""
    key = f"documents/{document_id}/answers/{number:04d}-0123456789ab/result.json"
    regions = [{"suggestion": {"signer": name}}]
    result = {"answered_at": at and at.isoformat(), "pages": [{"regions": regions}]}
    world.store.put(key, json.dumps(result).encode())
    return key


def moment(world: World) -> datetime:
    with world.sessions() as session:
        return now(session)


def answered(world: World, key: str, *claims: str) -> int:
    document_id = signed(world, key, claims=claims)
    world.through(document_id)
    return document_id


def test_a_result_that_was_stored_and_never_committed_loses_nobody_a_name_that_is_erased(world: World):
    enrolled(world, "Ann")
    document_id = signed(world, "a.pdf", claims=("Ann",))
    world.before_closing(document_id)
    world.store = InterruptedStore(world.store.objects, meanwhile=[lambda: erased_signer(world, "Ann")])

    world.closing(document_id)
    answer = world.closing(document_id)

    assert naming(world, "Ann") == []
    assert world.store.get(answer.result_key or "")


def test_an_attempt_that_has_lost_its_lease_stores_no_result(world: World):
    document_id = signed(world, "a.pdf", claims=("Ann",))
    world.before_closing(document_id)
    real, revoked = world.sessions, []

    def revoking():
        with real() as session:
            revoked.append(erase.revoke_readers(session) if sum(revoked) == 0 else 0)
        return real()

    world.sessions = revoking
    world.closing(document_id)
    results = [key for key in world.store.objects if key.endswith("result.json")]
    world.sessions = real
    answer = world.closing(document_id)

    assert sum(revoked) == 1
    assert results == []
    assert answer.answer == 1


def test_a_name_in_nothing_but_a_stray_result_is_erased(world: World):
    document_id = answered(world, "a.pdf")
    stray(world, document_id, "Ann")

    assert erased_signer(world, "Ann")
    assert naming(world, "Ann") == []
    assert not erased_signer(world, "Ann")


def test_who_stores_a_result_after_the_erasure_leaves_it_to_retention(world: World):
    before = moment(world)
    document_id = answered(world, "a.pdf", "Ann", "Ben")
    erased_signer(world, "Ann")
    late = stray(world, document_id, "Ann", at=before)

    retained = erase_expired(world.sessions, world.store, {"done": 30.0})

    assert (retained.erased, retained.late) == (0, 1)
    assert late not in world.store.objects
    assert naming(world, "Ben")


def test_a_rehearsal_of_retention_erases_nothing_that_came_late(world: World):
    document_id = answered(world, "a.pdf", "Ann")
    erased_signer(world, "Ann")
    late = stray(world, document_id, "Ann")

    retained = erase_expired(world.sessions, world.store, {"done": 30.0}, dry_run=True)

    assert retained.late == 0
    assert late in world.store.objects


def test_stray_results_that_name_nobody_who_was_erased_since_they_were_written_stay(world: World):
    document_id = answered(world, "a.pdf", "Ann")
    erased_signer(world, "Ann")
    kept = {
        stray(world, document_id, "Ben", number=8),
        stray(world, document_id, "Ann", at=moment(world) + timedelta(minutes=1)),
    }

    assert erase_late_writes(world.sessions, world.store) == 0
    assert kept < set(world.store.objects)


def test_a_result_whose_answer_is_committed_while_it_is_looked_at_stays(world: World):
    """The name may have been claimed again, and the answer say when the one before was given."""

    class Committed(MemoryStore):
        def get(self, key):
            with world.sessions() as session:
                newest = answers.newest_answer(session, document_id)
                assert newest is not None
                answers.move_result(session, newest, key=key, sha256="0" * 64)
            return super().get(key)

    document_id = answered(world, "a.pdf", "Ann")
    erased_signer(world, "Ann")
    key = stray(world, document_id, "Ann")

    assert erase_late_writes(world.sessions, Committed(world.store.objects)) == 0
    assert key in world.store.objects


def test_more_results_than_are_looked_up_at_a_time_are_all_looked_at(world: World, monkeypatch):
    monkeypatch.setattr(late_writes, "_BATCH", 2)
    document_id = answered(world, "a.pdf", "Ann")
    erased_signer(world, "Ann")
    for number in range(5, 10):
        stray(world, document_id, "Ann", number=number)

    assert erase_late_writes(world.sessions, world.store) == 5


def test_a_result_that_another_erasure_takes_first_is_no_failure(world: World):
    class Emptied(MemoryStore):
        def get(self, key):
            raise ObjectMissing(key)

    document_id = answered(world, "a.pdf", "Ann")
    erased_signer(world, "Ann")
    stray(world, document_id, "Ann")

    assert erase_late_writes(world.sessions, Emptied(world.store.objects)) == 0


def test_what_a_late_writer_stores_of_an_erased_document_is_erased_with_the_next_retention(world: World):
    document_id, other = answered(world, "a.pdf"), answered(world, "b.pdf")
    erased_document(world, document_id)
    world.store.put(f"documents/{document_id}/pages/00000-0123456789ab.png", b"late")

    assert erase_late_writes(world.sessions, world.store) == 1
    assert {key.split("/")[1] for key in world.store.keys("documents/")} == {str(other)}


def test_a_document_that_has_the_id_of_an_erased_one_keeps_its_objects(world: World):
    """SQLite gives the largest id again."""
    document_id = answered(world, "a.pdf")
    with world.sessions() as session:
        session.add(
            Erasure(at=now(session), who="ann", kind="document", subject=document_id, digest="x", objects=1)
        )
    before = dict(world.store.objects)

    assert erase_late_writes(world.sessions, world.store) == 0
    assert world.store.objects == before


def test_erasures_of_long_ago_have_no_late_writers(world: World):
    document_id = answered(world, "a.pdf", "Ann")
    erased_signer(world, "Ann")
    late = stray(world, document_id, "Ann")
    with world.sessions() as session:
        session.execute(update(Erasure).values(at=now(session) - timedelta(days=8)))

    assert erase_late_writes(world.sessions, world.store) == 0
    assert late in world.store.objects


@pytest.fixture(params=["bucket", "folder"])
def store(request, tmp_path):
    if request.param == "folder":
        return Folder(tmp_path)
    bucket = request.getfixturevalue("s3")
    return S3(bucket.client, bucket.name)


def test_stores_name_what_lies_below_a_folder_and_nothing_beside_it(store):
    for key in ("documents/1/pages/a", "documents/1/b", "documents/12/a"):
        store.put(key, b"x")

    assert sorted(store.keys("documents/1/")) == ["documents/1/b", "documents/1/pages/a"]
    assert len(list(store.keys("documents/"))) == 3
    assert list(store.keys("signers/")) == []


def test_a_folder_that_cannot_be_listed_is_an_outage_and_no_empty_one(tmp_path):
    (tmp_path / "documents").touch()

    for root, folder in ((tmp_path, "documents/"), (tmp_path / "not mounted", "documents/")):
        with pytest.raises(StorageUnavailable):
            list(Folder(root).keys(folder))

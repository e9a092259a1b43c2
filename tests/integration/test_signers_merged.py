"""Several names of one signer: they meet the same references, and leave together."""

from __future__ import annotations

import re
from pathlib import Path
from threading import Thread

import pytest
from sqlalchemy import text, update

from db import people, signers
from db.models import Document, Verdict
from db.states import Status
from producer.services.browse import ListFilter, list_documents, list_signers
from producer.services.bundle import pack_bundle
from producer.services.erase import choose, erase_signer
from producer.services.signers import (
    export_signers,
    merge_signers,
    signer_history,
    touched_documents,
)
from tests.erasures import everything
from tests.fakes import page
from tests.signers_on_file import WHO, answered, enroll, image_of, references_behind, sent_by
from tests.waiting import until
from tests.world import World
from worker.enrolling import Enroller
from worker.errors import WrongUse
from worker.result.rows import document_result


def test_another_name_of_a_signer_meets_the_same_references(world: World, enroller: Enroller) -> None:
    enroll(world, enroller, "Ann", 1)
    enroll(world, enroller, "A. Smith", 2)

    merged = merge_signers(world.sessions, "A. Smith", "Ann", enroller.judge, who=WHO)
    merge_signers(world.sessions, "Miss Smith", "A. Smith", enroller.judge, who=WHO)

    assert (merged.name, merged.aliases) == ("Ann", ("A. Smith",))
    (row,) = list_signers(world.sessions)
    assert (row.signer, row.aliases, row.references) == ("Ann", ("A. Smith", "Miss Smith"), 2)
    document_id = answered(world, "a.pdf", "Miss Smith", "Ann")
    assert references_behind(world, document_id) == {"Miss Smith": 2, "Ann": 2}
    events = signer_history(world.sessions, "Miss Smith").events
    assert [(event.event, event.detail) for event in events[-2:]] == [
        ("merged", "A. Smith (signer 2)"),
        ("merged", "Miss Smith (signer 3)"),
    ]
    enroll(world, enroller, "Miss Smith", 3)
    assert len(signer_history(world.sessions, "Ann").references) == 3
    with pytest.raises(WrongUse, match="is 'Ann' already"):
        merge_signers(world.sessions, "Miss Smith", "Ann", enroller.judge, who=WHO)


def told(world: World, document_id: int) -> dict[str, tuple[str | None, int | None]]:
    """What became of each claim, and the signature that answers it."""
    with world.sessions() as session:
        claims = document_result(session, document_id).claims
    return {claim.signer: (claim.answer, claim.region) for claim in claims}


def test_one_signature_answers_all_claimed_names_of_its_writer(world: World, enroller: Enroller) -> None:
    enroll(world, enroller, "Ann", 1)
    before = answered(world, "a.pdf", "Ann", "A. Smith")
    merge_signers(world.sessions, "A. Smith", "Ann", enroller.judge, who=WHO)
    after = answered(world, "b.pdf", "Ann", "A. Smith", data=b"other")

    assert told(world, before)["A. Smith"] == ("not_found", None)
    (answers,) = set(told(world, after).values())
    assert (answers[0] in ("genuine", "forged", "inconclusive"), answers[1]) == (True, 0)
    (listed,) = list_documents(world.sessions, ListFilter(text="b.pdf"), limit=9).documents
    assert {claim.signer: (claim.answer, claim.region) for claim in listed.claims} == told(world, after)
    assert sent_by(world, "Ann") == [("verify", before)]
    world.through(before)
    assert told(world, before) == told(world, after)


def test_the_same_image_under_two_names_counts_once_when_they_are_merged(
    world: World, enroller: Enroller
) -> None:
    enroll(world, enroller, "Ann", 1, 2)
    enroll(world, enroller, "A. Smith", 2)

    merge_signers(world.sessions, "A. Smith", "Ann", enroller.judge, who=WHO)

    history = signer_history(world.sessions, "Ann")
    assert [row.number for row in history.references] == [1, 2]
    detail = history.events[-1].detail or ""
    assert re.fullmatch(r"A\. Smith \(signer \d+\); on file twice, taken off here: [0-9a-f]{64}", detail)
    assert detail.endswith(history.references[1].sha256)


def test_a_merge_says_what_parting_the_two_again_would_take(world: World, enroller: Enroller) -> None:
    enroll(world, enroller, "Ann", 1)
    enroll(world, enroller, "A. Smith", 2)
    merge_signers(world.sessions, "Miss Smith", "A. Smith", enroller.judge, who=WHO)
    merge_signers(world.sessions, "A. Smith", "Ann", enroller.judge, who=WHO)

    detail = signer_history(world.sessions, "Ann").events[-1].detail

    assert detail == "A. Smith (signer 2, also 'Miss Smith')"


def test_suggestions_name_a_merged_signer_once(world: World, enroller: Enroller) -> None:
    enroll(world, enroller, "Ann", 1)
    enroll(world, enroller, "Bob", 2)
    with world.sessions() as session:
        before = signers.mark(session, encoder=world.verify_deps.embedding_version)
    merge_signers(world.sessions, "Bob", "Ann", enroller.judge, who=WHO)

    with world.sessions() as session:
        everybody = signers.all_embeddings(session, encoder=world.verify_deps.embedding_version)
        after = signers.mark(session, encoder=world.verify_deps.embedding_version)
        assert signers.enrolled(session) == [("Ann", 2)]
    assert {name: len(rows) for name, rows in everybody.items()} == {"Ann": 2}
    assert before != after, "what is kept of everybody is made anew"


@pytest.mark.parametrize("engine", ["postgres"], indirect=True)
def test_two_merges_at_once_leave_no_chain(world: World, enroller: Enroller) -> None:
    for seed, name in enumerate(("Ann", "Bob", "Cem"), 1):
        enroll(world, enroller, name, seed)
    merging = Thread(target=lambda: merge_signers(world.sessions, "Ann", "Bob", enroller.judge, who=WHO))

    with world.sessions() as session:
        bob, cem = (signers.signer_id(session, name) for name in ("Bob", "Cem"))
        people.merge_signer(session, bob, cem)
        merging.start()
        until(lambda: waits_for_a_lock(world))
    merging.join()

    (row,) = list_signers(world.sessions)
    assert (row.signer, row.aliases, row.references) == ("Cem", ("Ann", "Bob"), 3)


def waits_for_a_lock(world: World) -> bool:
    with world.sessions() as session:
        waiting = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() "
        return session.execute(text(waiting + "AND wait_event_type = 'Lock'")).scalar_one() > 0


def test_a_name_in_other_bytes_means_the_same_signer(world: World, enroller: Enroller) -> None:
    enroll(world, enroller, "Zo\u00eb", 1)
    enroll(world, enroller, "Ann", 2)
    merge_signers(world.sessions, "Miss Z", "Zo\u00eb", enroller.judge, who=WHO)
    decomposed = "  Zoe\u0308 "

    assert signer_history(world.sessions, decomposed).signer == "Zo\u00eb"
    with pytest.raises(WrongUse, match="already"):
        merge_signers(world.sessions, decomposed, "Miss Z ", enroller.judge, who=WHO)
    merged = merge_signers(world.sessions, decomposed, " Ann", enroller.judge, who=WHO)
    assert (merged.name, merged.aliases) == ("Ann", ("Zo\u00eb", "Miss Z"))


def test_a_signer_given_by_two_names_counts_once(world: World, enroller: Enroller, tmp_path: Path) -> None:
    enroll(world, enroller, "Ann", 1)
    enroll(world, enroller, "Bob", 2)
    merge_signers(world.sessions, "A. Smith", "Ann", enroller.judge, who=WHO)
    world.arrive("a.pdf", [page(0, marks=1)], claims=("Ann", "Bob"))
    with world.sessions() as session:
        session.execute(update(Document).values(status=Status.WORKING))

    assert touched_documents(world.sessions, ["Ann", "A. Smith", "Bob"]).at_work == 1
    assert export_signers(world.sessions, world.store, tmp_path, ["Ann", "A. Smith"]) == 1


def test_an_erased_signer_takes_all_other_names_along(world: World, enroller: Enroller) -> None:
    enroll(world, enroller, "Zacharias", 1)
    enroll(world, enroller, "Zoltan", 2)
    answered(world, "a.pdf", "Zoltan")
    merge_signers(world.sessions, "Zoltan", "Zacharias", enroller.judge, who=WHO)
    assert choose(world.sessions, signer="Zoltan").names == ("Zacharias", "Zoltan")

    assert erase_signer(world.sessions, world.store, "Zoltan", who=WHO)

    assert not any(name in everything(world) for name in ("Zacharias", "Zoltan"))
    assert [key for key in world.store.objects if key.startswith("signers/")] == []
    with world.sessions() as session:
        assert people.person(session, "Zacharias") is None


@pytest.mark.parametrize("engine", ["postgres"], indirect=True)
@pytest.mark.parametrize(("name", "into"), [("Ann", "Bob"), ("Bob", "Ann")])
def test_an_erasure_that_a_merge_was_faster_than_takes_all_names_along(
    world: World, enroller: Enroller, name: str, into: str
) -> None:
    for seed, signer in enumerate(("Ann", "Bob"), 1):
        enroll(world, enroller, signer, seed)
    erasing = Thread(target=lambda: erase_signer(world.sessions, world.store, "Ann", who=WHO))

    with world.sessions() as session:
        source, target = (signers.signer_id(session, each) for each in (name, into))
        people.merge_signer(session, source, target)
        signers.record_event(session, target, "merged", who=WHO, detail=name)
        erasing.start()
        until(lambda: waits_for_a_lock(world))
    erasing.join()

    left = everything(world)
    assert "Ann" not in left
    assert "Bob" not in left
    assert not [key for key in world.store.objects if key.startswith("signers/")]


def test_a_bundle_has_what_the_verdicts_rest_on_and_nothing_of_who_was_merged_since(
    world: World, enroller: Enroller
) -> None:
    enroll(world, enroller, "Ann", 1)
    enroll(world, enroller, "A. Smith", 2)
    document_id = answered(world, "a.pdf", "Ann", "A. Smith", "Bob")
    merge_signers(world.sessions, "A. Smith", "Ann", enroller.judge, who=WHO)

    packed = pack_bundle(document_id, world.sessions, world.store)
    with world.sessions() as session:
        session.execute(update(Verdict).values(compared_with=None))
    older = pack_bundle(document_id, world.sessions, world.store)

    assert packed.references == {"Ann": [image_of(1)], "A. Smith": [image_of(2)]}
    assert {name: len(images) for name, images in older.references.items()} == {"Ann": 2, "A. Smith": 2}
